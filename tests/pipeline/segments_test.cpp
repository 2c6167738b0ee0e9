// Which segments a long film is made in: every picture once, lengths that the model makes, nothing too short.
#include "phonofilm/pipeline/segments.h"

#include <doctest/doctest.h>

#include "phonofilm/base/error.h"

using namespace phonofilm;
using namespace phonofilm::pipeline;

namespace {

// As models/mini: 49 to 73 pictures, a third of the longest is kept.
constexpr SegmentRules kRules{.shortest = 49, .longest = 73, .patch = 4, .overlap = 25};

void expect_whole(const SegmentRules& rules, const std::vector<Segment>& segments, std::int64_t begin,
                  std::int64_t total) {
  std::int64_t reached = begin;
  for (const Segment& segment : segments) {
    CAPTURE(segment.first);
    CHECK(segment.first >= 0);
    CHECK(segment.first + segment.kept == reached);  // nothing is left out, nothing made twice
    CHECK(segment.frames % rules.patch == 1);
    CHECK(segment.kept % rules.patch == (segment.kept == 0 ? 0 : 1));
    CHECK(segment.frames >= rules.shortest);
    CHECK(segment.frames <= rules.longest);
    CHECK(segment.kept < segment.frames);
    if (reached >= rules.overlap) CHECK(segment.kept >= (segment.first == 0 && begin == 0 ? 0 : rules.overlap));
    if (total - begin > rules.longest) CHECK(segment.frames - segment.kept >= std::min<std::int64_t>(24, rules.shortest));
    reached = segment.end();
  }
  CHECK(reached == total);
}

}  // namespace

TEST_CASE("every picture of a film of any length is made once, in lengths that the model makes") {
  for (std::int64_t total = 49; total <= 721; total += 4) {
    CAPTURE(total);
    expect_whole(kRules, plan_segments(kRules, 0, total), 0, total);
  }
}

TEST_CASE("a film that goes on from another is made from its end on") {
  for (std::int64_t begin : {25, 48, 49, 50, 200}) {
    for (std::int64_t added = 24; added <= 480; added += 4) {
      CAPTURE(begin);
      CAPTURE(added);
      expect_whole(kRules, plan_segments(kRules, begin, begin + added), begin, begin + added);
    }
  }
}

TEST_CASE("segments advance by whole sound samples; the one before the last is shortened where that would be too short") {
  const auto segments = plan_segments(kRules, 0, 481);
  REQUIRE(segments.size() == 10);
  CHECK((segments[1] == Segment{48, 73, 25}));
  CHECK((segments[8] == Segment{384, 73, 25}));
  CHECK((segments[9] == Segment{432, 49, 25}));
  CHECK((plan_segments(kRules, 0, 77) == std::vector<Segment>{{0, 53, 0}, {28, 49, 25}}));
  CHECK((plan_segments(kRules, 0, 117) == std::vector<Segment>{{0, 73, 0}, {48, 69, 25}}));
  CHECK((plan_segments(kRules, 0, 125) == std::vector<Segment>{{0, 73, 0}, {48, 53, 25}, {76, 49, 25}}));
  CHECK((plan_segments(kRules, 0, 73) == std::vector<Segment>{{0, 73, 0}}));
}

TEST_CASE("other models' numbers: a latent frame per picture, films of one picture on") {
  const SegmentRules rules{.shortest = 1, .longest = 121, .patch = 4, .overlap = 41};
  for (std::int64_t total = 1; total <= 721; total += 4) expect_whole(rules, plan_segments(rules, 0, total), 0, total);
  for (std::int64_t begin = 1; begin < 60; ++begin) {
    const auto segments = plan_segments(rules, begin, begin + 80);
    expect_whole(rules, segments, begin, begin + 80);
    CHECK(segments[0].kept == std::min<std::int64_t>(41, (begin - 1) / 4 * 4 + 1));
  }
}

TEST_CASE("too little to go on from is refused") {
  CHECK_THROWS_WITH_AS(plan_segments(kRules, 5, 9),
                       doctest::Contains("9 pictures together; the model makes at least 49"), InvalidRequest);
}

TEST_CASE("a moment stands in the middle of the longest segment that the film has room for") {
  CHECK((plan_window(kRules, 100, 110, 300) == Segment{69, 73, 0}));
  CHECK((plan_window(kRules, 0, 10, 300) == Segment{0, 73, 0}));
  CHECK((plan_window(kRules, 295, 300, 300) == Segment{227, 73, 0}));
  CHECK((plan_window(kRules, 10, 20, 60) == Segment{0, 57, 0}));
  CHECK((plan_window(kRules, 50, 60, 60) == Segment{3, 57, 0}));
  // Something of the film is always kept before and behind the moment.
  for (std::int64_t first = 1; first < 229; ++first) {
    const Segment window = plan_window(kRules, first, first + 71, 300);
    CHECK(window.frames == 73);
    CHECK(window.first < first);
    CHECK(window.end() > first + 71);
  }
  CHECK((plan_window(kRules, 0, 72, 300) == Segment{0, 73, 0}));
  CHECK((plan_window(kRules, 228, 300, 300) == Segment{227, 73, 0}));
  CHECK_THROWS_WITH_AS(plan_window(kRules, 10, 82, 300), doctest::Contains("72 pictures, more than the 71"),
                       InvalidRequest);
  CHECK_THROWS_WITH_AS(plan_window(kRules, 0, 73, 300), doctest::Contains("73 pictures, more than the 72"),
                       InvalidRequest);
  CHECK_THROWS_WITH_AS(plan_window(kRules, 10, 20, 40), doctest::Contains("40 pictures, fewer than the 49"),
                       InvalidRequest);
}

TEST_CASE("lengths are whole latent frames") {
  CHECK(nearest_length(kRules, 24.3) == 25);
  CHECK(length_below(kRules, 24.9) == 21);
  CHECK(length_below(kRules, 25 - 1e-9) == 25);
  CHECK(length_above(kRules, 45.6) == 49);
  CHECK(length_above(kRules, 45 + 1e-9) == 45);
  CHECK(length_below(kRules, 0) == 1);
}

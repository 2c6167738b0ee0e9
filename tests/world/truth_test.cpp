#include "phonofilm/world/truth.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/world/world.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::world;

TEST_CASE("a truth survives JSON exactly") {
  for (const std::uint64_t seed : {std::uint64_t{1}, std::uint64_t{2}, ~std::uint64_t{0}}) {
    const Truth truth = truth_of("impacts", seed, {});
    const Truth again = truth_from_json(nlohmann::json::parse(to_json(truth).dump()));
    CHECK(again.seed == seed);
    CHECK(again.caption == truth.caption);
    REQUIRE(again.events.size() == truth.events.size());
    CHECK(again.events.back().time == truth.events.back().time);
    CHECK(to_json(again) == to_json(truth));
  }
}

TEST_CASE("spans, tracks and details survive JSON, and a track is read between its values") {
  Truth truth = truth_of("car", 1, {});
  truth.spans.push_back({"light", "on", 0.25, 0.5, 0});
  const Truth again = truth_from_json(nlohmann::json::parse(to_json(truth).dump()));
  const bool survives = to_json(again) == to_json(truth);
  CHECK(survives);
  CHECK(spans_of(again, "light", 0).at(0).end == 0.5);
  CHECK(spans_of(again, "light", 1).empty());
  CHECK(find_track(again, "no such track") == nullptr);
  const Track& x = *find_track(again, "x");
  CHECK(value_at(x, 0.5 / kTrackRate) == doctest::Approx((x.values[0] + x.values[1]) / 2));
  CHECK(value_at(x, 1e9) == x.values.back());
  CHECK_THROWS_AS(value_at(Track{}, 0), InvalidRequest);
  truth.spans[0].end = 0.1;
  CHECK_THROWS_AS(truth_from_json(to_json(truth)), InvalidRequest);
  truth.spans[0] = {"light", "on", 0, 1, 7};
  CHECK_THROWS_AS(truth_from_json(to_json(truth)), InvalidRequest);
}

TEST_CASE("a damaged truth is refused") {
  const nlohmann::json good = to_json(truth_of("impacts", 1, {}));
  const auto refuses = [&](const char* pointer, const nlohmann::json& value) {
    nlohmann::json bad = good;
    bad[nlohmann::json::json_pointer(pointer)] = value;
    CHECK_THROWS_AS(truth_from_json(bad), InvalidRequest);
  };
  refuses("/events/0/object", 9);
  refuses("/events/0/object", -1);
  refuses("/events/0/time", "soon");
  refuses("/events/0/time", 1e9);  // later than the next one
  refuses("/objects/0", 3);
  refuses("/objects", "none");
  refuses("/seed", -4);
  refuses("/seed", 1.5);
  nlohmann::json without = good;
  without.erase("caption");
  CHECK_THROWS_AS(truth_from_json(without), InvalidRequest);
  CHECK_THROWS_AS(truth_from_json(nlohmann::json::array()), InvalidRequest);
}

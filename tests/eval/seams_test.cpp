// Planted seams and drift, and films that have none.
#include "phonofilm/eval/seams.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/eval/togetherness.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/world/world.h"

using namespace phonofilm;
using namespace phonofilm::eval;

namespace {

// Two rendered films one after the other, the second one's sound made `gain` times as loud; and where they meet.
struct Joined {
  Clip clip;
  double joint = 0;
};
Joined joined(const std::string& scene, std::uint64_t first, std::uint64_t second, double gain) {
  world::RenderOptions options;
  options.frames = 48, options.samples = 32000;  // both last exactly 2 s
  const Clip a = world::render(scene, first, options).clip, b = world::render(scene, second, options).clip;
  return {{at::cat({a.frames, b.frames}), a.fps, at::cat({a.waveform, gain * b.waveform}, 1), a.sample_rate}, 2};
}

}  // namespace

TEST_CASE("a cut with a jump is found at the top of all steps") {
  const Joined film = joined("rain", 3, 4, /*gain=*/20);
  const std::vector<SeamStep> seams = seams_of(film.clip, {film.joint});
  REQUIRE(seams.size() == 1);
  CHECK(seams[0].picture_rank == 1);
  CHECK(seams[0].loudness_rank == 1);
  CHECK(seams[0].loudness_db > 10);
}

TEST_CASE("a smooth film has no seam, wherever it is looked for") {
  const Clip clip = world::render("rain", 5, world::options_for(4, 64)).clip;
  int tops = 0;
  for (const SeamStep& seam : seams_of(clip, {1, 1.5, 2, 2.5, 3}))
    tops += seam.picture_rank == 1 || seam.loudness_rank == 1;
  CHECK(tops == 0);
  std::vector<double> anywhere;
  for (int i = 1; i < 40; ++i) anywhere.push_back(0.1 * i);
  double picture = 0, loudness = 0;
  for (const SeamStep& seam : seams_of(clip, anywhere)) {
    picture += seam.picture_rank / double(anywhere.size()), loudness += seam.loudness_rank / double(anywhere.size());
  }
  CHECK(picture == doctest::Approx(0.5).epsilon(0.3));  // a rank that is nowhere special is a uniform number
  CHECK(loudness > 0.5);                                // the most of several steps near the place
  CHECK(loudness < 0.95);
  const Clip still{at::zeros({49, 8, 8, 3}, at::kByte), 24, at::zeros({1, 32768}), 16000};
  CHECK(seams_of(still, {1})[0].picture_rank == 0);
  CHECK(seams_of(still, {1})[0].loudness_rank == 0);
}

TEST_CASE("a joint outside of the film and a film without sound are refused") {
  const Clip clip = world::render("lamp", 1, {}).clip;
  CHECK_THROWS_AS(seams_of(clip, {2.5}), InvalidRequest);
  CHECK_THROWS_AS(seams_of(clip, {0}), InvalidRequest);
  CHECK_THROWS_AS(seams_of({clip.frames, 24, {}, 16000}, {1}), ShapeError);
}

TEST_CASE("a sound that drifts is seen in the later stretches") {
  SyncResult sync;
  for (int i = 0; i < 12; ++i) {
    const double time = 0.3 + 0.5 * i;
    Impact impact;
    impact.time = time;
    sync.impacts.push_back(impact);
    sync.onsets.push_back({time + 0.012 * time, 1, 5});  // 12 ms later every second
  }
  match_events(sync, visible_span(160, 24), 6.5);
  const std::vector<DriftBin> drift = drift_of(sync, 6.5);
  REQUIRE(drift.size() == 4);
  CHECK(drift[0].median_ms < 15);
  CHECK(drift[1].median_ms > drift[0].median_ms);
  CHECK(drift[2].median_ms > 50);
  CHECK(drift[0].within_50 == 1);
  CHECK(drift[2].within_50 < 1);
  CHECK(drift[3].events == 0);
  CHECK(drift[3].end == 6.5);
  const nlohmann::json json = to_json(LongFilm{drift, {}});
  CHECK(json.at("drift").size() == 4);
  CHECK(json.at("drift").at(0).at("within_50_ms") == 1);
  CHECK(json.at("drift").at(3).at("median_ms").is_null());  // nothing happens there
  CHECK(long_film_page({drift, {{2, 3, 0.5, 1, 0.25}}}, "a <film>").find("a &lt;film&gt;") != std::string::npos);
}

#include <algorithm>
#include <cmath>
#include <limits>

#include "phonofilm/base/error.h"
#include "phonofilm/world/impacts.h"
#include "phonofilm/world/impacts_script.h"
#include "phonofilm/world/world.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::world;

namespace {

// Rows and columns of what has a colour: balls, whose darkest material still has a little, and nothing else in the picture.
struct Extent {
  std::int64_t top = 1 << 20, bottom = -1, left = 1 << 20, right = -1;
  double x = 0, y = 0;  // of the middle, heights
};

Extent saturated(const std::uint8_t* pixels, std::int64_t height, std::int64_t width) {
  constexpr int kLeastChroma = 25;
  Extent extent;
  for (std::int64_t i = 0; i < height; ++i) {
    for (std::int64_t j = 0; j < width; ++j) {
      const std::uint8_t* p = pixels + (i * width + j) * 3;
      const int chroma = std::max({p[0], p[1], p[2]}) - std::min({p[0], p[1], p[2]});
      if (chroma < kLeastChroma) continue;
      extent.top = std::min(extent.top, i);
      extent.bottom = std::max(extent.bottom, i);
      extent.left = std::min(extent.left, j);
      extent.right = std::max(extent.right, j);
    }
  }
  extent.x = double(extent.left + extent.right + 1) / 2 / double(height);
  extent.y = double(extent.top + extent.bottom + 1) / 2 / double(height);
  return extent;
}

constexpr std::int64_t kSize = 400;
const Stage kStage{1, 2, 2.048};

Extent seen_at(const Scene& scene, double time) {
  std::vector<std::uint8_t> pixels(kSize * kSize * 3);
  Canvas canvas(pixels.data(), kSize, kSize);
  scene.draw_background(canvas);
  scene.draw(time, canvas);
  return saturated(pixels.data(), kSize, kSize);
}

}  // namespace

TEST_CASE("the path is continuous and strikes exactly where it says") {
  const BallStart start{0.1, 0.4, 0.4, 0.2, 0.6, 0.7};
  const BouncingBall ball(start, 0.04, 0.96, 5);
  REQUIRE(ball.strikes().size() > 5);
  for (const Strike& strike : ball.strikes()) {
    const BallState state = ball.at(strike.time);
    const BallState before = ball.at(strike.time - 1e-6), after = ball.at(strike.time + 1e-6);
    CHECK(state.x == doctest::Approx(strike.x).epsilon(1e-9));
    CHECK(state.y == doctest::Approx(strike.y).epsilon(1e-9));
    CHECK(std::abs(before.x - after.x) < 4e-6);
    CHECK(std::abs(before.y - after.y) < 8e-6);
    const bool floor = strike.surface == "floor";
    const double speed = floor ? (state.y - before.y) / 1e-6 : std::abs(state.x - before.x) / 1e-6;
    CHECK(speed == doctest::Approx(strike.speed).epsilon(1e-4));
    if (floor) CHECK(state.y == doctest::Approx(kFloor - 0.1));
    else CHECK(state.x == doctest::Approx(strike.surface == "left wall" ? 0.14 : 0.86));
  }
  CHECK(ball.strikes()[0].time == doctest::Approx(0.2 + std::sqrt(0.8 / kGravity)));
  CHECK(ball.at(ball.rest_time() + 1).y == doctest::Approx(kFloor - 0.1));
}

TEST_CASE("strikes stand alone: apart from each other and from both ends of the film") {
  for (const double seconds : {2.0, 3.0, 5.0}) {
    const RenderOptions options = options_for(seconds, 96);
    const double end = double(options.samples) / double(options.sample_rate);
    for (std::uint64_t seed = 0; seed < (seconds == 2 ? 500 : 100); ++seed) {
      const Truth truth = truth_of("impacts", seed, options);
      INFO("seed ", seed, ", ", seconds, " s");
      REQUIRE(!truth.events.empty());
      REQUIRE(truth.events.front().time >= kQuietEdge);
      REQUIRE(truth.events.back().time <= end - kQuietEdge);
      for (size_t i = 1; i < truth.events.size(); ++i) {
        REQUIRE(truth.events[i].time - truth.events[i - 1].time >= kApart);
      }
    }
  }
}

TEST_CASE("every strike of the paths within the film is an event, and none more") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const ImpactsScript script = write_script(seed, kStage);
    size_t strikes = 0;
    for (const BallActor& ball : script.balls) {
      strikes += size_t(std::count_if(ball.path.strikes().begin(), ball.path.strikes().end(),
                                      [](const Strike& s) { return s.time <= kStage.end; }));
    }
    REQUIRE(strikes == script.events.size());
  }
}

TEST_CASE("balls stay inside the picture, and two balls in their halves") {
  std::int64_t pairs = 0;
  for (const double aspect : {1.0, 16.0 / 9, 9.0 / 16}) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      const ImpactsScript script = write_script(seed, {aspect, 2, 2.048});
      pairs += script.balls.size() == 2;
      for (size_t i = 0; i < script.balls.size(); ++i) {
        const double r = script.balls[i].path.start().radius;
        for (double t = 0; t < 2.05; t += 0.05) {
          const BallState state = script.balls[i].path.at(t);
          REQUIRE(state.y - r >= 0.0199);
          REQUIRE(state.x - r >= kWallShare * aspect - 1e-9);
          REQUIRE(state.x + r <= (1 - kWallShare) * aspect + 1e-9);
          if (script.balls.size() == 2) REQUIRE((i == 0 ? state.x + r < aspect / 2 : state.x - r > aspect / 2));
        }
      }
      if (script.balls.size() == 2) {
        REQUIRE(script.balls[0].role.color.name != script.balls[1].role.color.name);
        REQUIRE(script.balls[0].role.material != script.balls[1].role.material);
      }
    }
  }
  CHECK(pairs > 100);
  CHECK(pairs < 200);
}

TEST_CASE("drawn at a strike, the ball touches the floor line to the pixel") {
  int checked = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto scene = make_impacts(seed, kStage);
    const Truth truth = scene->truth();
    if (truth.objects.size() > 1) continue;
    for (const Event& event : truth.events) {
      if (event.surface != "floor") continue;
      INFO("seed ", seed, " ", truth.objects[0].material, " at ", event.time);
      const Extent extent = seen_at(*scene, event.time);
      CHECK(std::abs(double(extent.bottom + 1) - kFloor * kSize) <= 1.5);
      CHECK(seen_at(*scene, event.time - 0.03).bottom < extent.bottom);
      CHECK(std::abs(extent.x - event.x) < 0.01);
      ++checked;
    }
  }
  CHECK(checked > 30);
}

TEST_CASE("the sound starts at the first strike and not before") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Sample sample = render("impacts", seed, {});
    const Event& first = sample.truth.events.front();
    const float* sound = sample.clip.waveform.data_ptr<float>();
    const auto strike = std::int64_t(std::ceil(first.time * 16000));
    float before = 0, after = 0;
    for (std::int64_t n = 0; n < strike; ++n) before = std::max(before, std::abs(sound[n]));
    for (std::int64_t n = strike; n < strike + 32; ++n) after = std::max(after, std::abs(sound[n]));
    INFO("seed ", seed, " ", first.surface, " at ", first.speed);
    CHECK(before < 4e-4f);
    CHECK(after > 10 * before);
  }
}

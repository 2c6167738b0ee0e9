#include "phonofilm/world/world.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <thread>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::world;

namespace {

bool same(const Sample& a, const Sample& b) {
  return at::equal(a.clip.frames, b.clip.frames) && at::equal(a.clip.waveform, b.clip.waveform) &&
         to_json(a.truth) == to_json(b.truth);
}

RenderOptions with(auto change) {
  RenderOptions options;
  change(options);
  return options;
}

// Averages squares of factor x factor pixels: [F, H, W, 3] uint8 to [F, H / factor, W / factor, 3] float32.
Tensor shrink(const Tensor& frames, std::int64_t factor) {
  const auto s = frames.sizes();
  return frames.to(at::kFloat)
      .reshape({s[0], s[1] / factor, factor, s[2] / factor, factor, 3})
      .mean(at::IntArrayRef{2, 4});
}

}  // namespace

TEST_CASE("a film has the shapes that were asked for") {
  const Sample sample = render("impacts", 3, {});
  CHECK(sample.clip.frames.sizes() == at::IntArrayRef{49, 96, 96, 3});
  CHECK((sample.clip.frames.scalar_type() == at::kByte));
  CHECK(sample.clip.waveform.sizes() == at::IntArrayRef{1, 32768});
  CHECK((sample.clip.waveform.scalar_type() == at::kFloat));
  CHECK(sample.clip.waveform.abs().max().item<float>() <= 1);
  CHECK(sample.truth.scene == "impacts");
  CHECK(sample.truth.seed == 3);
  CHECK(to_json(truth_of("impacts", 3, {})) == to_json(sample.truth));
}

TEST_CASE("the same seed is the same film, another seed is another, on any thread") {
  std::vector<Sample> alone, together(8);
  for (std::uint64_t seed = 0; seed < 8; ++seed) alone.push_back(render("impacts", seed, {}));
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t seed = t; seed < 8; seed += 4) together[seed] = render("impacts", seed, {});
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t seed = 0; seed < 8; ++seed) {
    CHECK(same(alone[seed], together[seed]));
    CHECK_FALSE(same(alone[seed], alone[(seed + 1) % 8]));
  }
}

TEST_CASE("a film is the same at another size, frame rate and sample rate") {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const Sample plain = render("impacts", seed, {});
    const Sample large = render("impacts", seed, with([](RenderOptions& o) { o.height = o.width = 288; }));
    CHECK(to_json(large.truth) == to_json(plain.truth));
    const Tensor difference = (shrink(large.clip.frames, 3) - plain.clip.frames.to(at::kFloat)).abs();
    CHECK(difference.mean().item<double>() < 0.5);
    CHECK((difference > 40).to(at::kFloat).mean().item<double>() < 1e-3);
    const Sample other = render("impacts", seed, options_for(2, 96, 12, 48000));
    CHECK(to_json(other.truth) == to_json(plain.truth));
    CHECK(at::equal(other.clip.frames, plain.clip.frames.slice(0, 0, 49, 2)));
    CHECK(to_json(truth_of("impacts", seed, options_for(2, 64, 60, 44100))) == to_json(plain.truth));
  }
}

TEST_CASE("options for a length") {
  const RenderOptions two = options_for(2, 64), five = options_for(5, 96);
  CHECK(two.frames == 49);
  CHECK(two.samples == 32768);
  CHECK(two.height == 64);
  CHECK(options_for(2.04, 64).frames == 49);
  CHECK(five.frames == 121);
  CHECK(five.samples % 512 == 0);
  CHECK(render("impacts", 1, five).clip.frames.size(0) == 121);
}

TEST_CASE("impossible options are refused") {
  const auto refused = [](auto change) { CHECK_THROWS_AS(render("impacts", 0, with(change)), InvalidRequest); };
  refused([](RenderOptions& o) { o.height = o.width = 31; });
  refused([](RenderOptions& o) { o.width = 4096; });
  refused([](RenderOptions& o) { o.width = 400; });  // too wide for its height
  refused([](RenderOptions& o) { o.height = -96; });
  refused([](RenderOptions& o) { o.fps = 0; });
  refused([](RenderOptions& o) { o.fps = std::nan(""); });
  refused([](RenderOptions& o) { o.frames = 0; });
  refused([](RenderOptions& o) { o.frames = 100000; });
  refused([](RenderOptions& o) { o.samples = 0; });
  refused([](RenderOptions& o) { o.samples = 60000; });
  refused([](RenderOptions& o) { o.sample_rate = 0; });
  refused([](RenderOptions& o) { o.channels = 3; });
  CHECK_THROWS_AS(options_for(60, 96), InvalidRequest);
  CHECK_THROWS_AS(options_for(2, 8), InvalidRequest);
  CHECK_THROWS_WITH_AS(render("impact", 0, {}),
                       doctest::Contains("unknown scene 'impact' (did you mean 'impacts'?); there are impacts, hard_impacts"),
                       InvalidRequest);
}

TEST_CASE("stereo places a sound where its ball is") {
  int checked = 0;
  for (std::uint64_t seed = 0; checked < 6; ++seed) {
    const Sample sample = render("impacts", seed, with([](RenderOptions& o) { o.channels = 2; }));
    const Truth& truth = sample.truth;
    if (truth.objects.size() != 1 || truth.objects[0].drift != 0) continue;
    const Tensor power = sample.clip.waveform.square().sum(1);
    const double angle = std::atan2(std::sqrt(power[1].item<double>()), std::sqrt(power[0].item<double>()));
    CHECK(angle == doctest::Approx(std::numbers::pi / 2 * truth.objects[0].x).epsilon(0.01));
    ++checked;
  }
}

TEST_CASE("six colours lie apart in hue, and the balls on screen have theirs") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Sample sample = render("impacts", seed, {});
    if (sample.truth.objects.size() > 1) continue;
    const Tensor pixels = sample.clip.frames[0].to(at::kFloat).reshape({-1, 3}) / 255;
    const Tensor chroma = pixels.amax(1) - pixels.amin(1);
    const Tensor weight = (chroma - 0.16).clamp(0, 0.2).unsqueeze(1);
    CHECK(weight.sum().item<double>() > 5);
    // The pure hue of the weighted mean: grey removed, largest channel at 1.
    const auto hue = [](Tensor c) {
      c = c - c.min();
      return c / c.max();
    };
    const Tensor mean = hue((pixels * weight).sum(0) / weight.sum());
    std::string nearest;
    double smallest = 10;
    for (const NamedColor& color : colors()) {
      const Tensor pure = hue(at::tensor({float(color.red), float(color.green), float(color.blue)}));
      const double distance = (pure - mean).norm().item<double>();
      if (distance < smallest) {
        smallest = distance;
        nearest = color.name;
      }
    }
    INFO("seed ", seed, " ", sample.truth.objects[0].material);
    CHECK(nearest == sample.truth.objects[0].color);
  }
}

// The scenes beside falling balls and talkers, and what holds for all.
#include <algorithm>
#include <cmath>
#include <complex>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>
#include <set>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/world/captions.h"
#include "phonofilm/world/pass_by.h"
#include "phonofilm/world/world.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::world;

namespace {

// Amplitude of one frequency in [first, last) of a mono sound.
double tone(const Tensor& waveform, double frequency, double first, double last) {
  const float* sound = waveform.data_ptr<float>();
  std::complex<double> sum = 0;
  const auto begin = std::int64_t(first * 16000), end = std::int64_t(last * 16000);
  for (std::int64_t n = begin; n < end; ++n) {
    sum += double(sound[n]) * std::polar(1.0, -2 * std::numbers::pi * frequency * double(n) / 16000);
  }
  return 2 * std::abs(sum) / double(end - begin);
}

double brightness(const Tensor& frames, std::int64_t frame, double x, double y, double reach) {
  const auto size = double(frames.size(1));
  const auto at = [&](double v) { return std::clamp<std::int64_t>(std::llround(v * size), 0, frames.size(1)); };
  const Tensor box = frames[frame].slice(0, at(y - reach), at(y + reach)).slice(1, at(x - reach), at(x + reach));
  return box.to(at::kFloat).mean().item<double>();
}

bool same(const Sample& a, const Sample& b) {
  return at::equal(a.clip.frames, b.clip.frames) && at::equal(a.clip.waveform, b.clip.waveform) &&
         to_json(a.truth) == to_json(b.truth);
}

}  // namespace

TEST_CASE("every scene: the same seed is the same film, no sound clips, captions keep to their words and length") {
  for (const std::string& scene : scene_names()) {
    const std::vector<std::string> vocabulary = caption_words({scene});
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      INFO(scene, " ", seed);
      const Sample sample = render(scene, seed, {});
      REQUIRE(same(sample, render(scene, seed, {})));
      REQUIRE(!same(sample, render(scene, seed + 1, {})));
      REQUIRE(at::equal(render_sound(scene, seed, {}), sample.clip.waveform));
      const double peak = sample.clip.waveform.abs().max().item<double>();
      REQUIRE(peak < 0.99);
      REQUIRE(peak > 0.02);
      const Truth again = truth_from_json(nlohmann::json::parse(to_json(sample.truth).dump()));
      const bool survives = to_json(again) == to_json(sample.truth);
      REQUIRE(survives);
    }
    std::set<std::string> different;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      const std::string caption = truth_of(scene, seed, {}).caption;
      const std::vector<std::string> words = split_words(caption);
      INFO(scene, " ", seed, " ", caption);
      REQUIRE(std::int64_t(words.size()) <= kMostCaptionWords);
      for (const std::string& word : words) REQUIRE(std::binary_search(vocabulary.begin(), vocabulary.end(), word));
      different.insert(caption);
    }
    INFO(scene);
    CHECK(different.size() > 25);
  }
}

TEST_CASE("every scene plays at other sizes, shapes, rates and lengths") {
  for (const std::string& scene : scene_names()) {
    INFO(scene);
    RenderOptions wide = options_for(3, 64, 12, 22050), narrow;
    wide.width = 112;
    narrow.width = 64;
    for (const RenderOptions& options : {wide, narrow, options_for(1.2, 48)}) {
      for (std::uint64_t seed = 0; seed < 3; ++seed) {
        CHECK(render(scene, seed, options).clip.frames.size(2) == options.width);
      }
    }
    const bool equal = to_json(truth_of(scene, 5, options_for(2, 48, 12, 48000))) == to_json(truth_of(scene, 5, {}));
    CHECK(equal);
  }
}

TEST_CASE("the words of impacts are those that models were trained with") {
  const std::vector<std::string> words = caption_words();
  CHECK(words == caption_words({"impacts", "hard_impacts"}));
  CHECK(std::find(words.begin(), words.end(), "xylophone") == words.end());
  CHECK(words.size() == 101);
  CHECK_THROWS_AS(caption_words({"impact"}), InvalidRequest);
}

TEST_CASE("a struck bar lights up and sounds its pitch, from the strike on") {
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    const Sample sample = render("xylophone", seed, {});
    INFO(seed, " ", sample.truth.caption);
    REQUIRE(sample.truth.events.size() >= 2);
    std::map<std::int64_t, double> last;
    for (const Event& event : sample.truth.events) {
      const Object& bar = sample.truth.objects[size_t(event.object)];
      const double frequency = bar.amounts.at("frequency");
      const double before = tone(sample.clip.waveform, frequency, event.time - 0.045, event.time - 0.003);
      const double after = tone(sample.clip.waveform, frequency, event.time + 0.003, event.time + 0.045);
      CHECK(after > before + 0.03);
      const auto next = std::int64_t(std::ceil(event.time * 24));
      // Above where the mallet is, at the upper end of the bar.
      const double dark = brightness(sample.clip.frames, next - 1, bar.x, bar.y + 0.1, 0.02);
      const double lit = brightness(sample.clip.frames, next, bar.x, bar.y + 0.1, 0.02);
      if (!last.contains(event.object)) CHECK(lit > dark + 15);
      last[event.object] = event.time;
    }
    CHECK(sample.truth.objects[0].amounts.at("frequency") == doctest::Approx(523.25).epsilon(1e-4));
  }
}

TEST_CASE("the lamp is lit exactly when it beeps") {
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    const Sample sample = render("lamp", seed, {});
    INFO(seed, " ", sample.truth.caption);
    const Object& lamp = sample.truth.objects[0];
    const auto lit = [&](double time) {
      const auto flashes = spans_of(sample.truth, "light");
      return std::any_of(flashes.begin(), flashes.end(),
                         [&](const Span& s) { return time >= s.start && time < s.end; });
    };
    double darkest = 1e9, brightest = 0;
    for (std::int64_t f = 0; f < 49; ++f) {
      const double seen = brightness(sample.clip.frames, f, lamp.x, lamp.y, 0.05), time = double(f) / 24;
      if (lit(time)) darkest = std::min(darkest, seen);
      else brightest = std::max(brightest, seen);
    }
    CHECK(darkest > brightest + 30);
    for (const Span& flash : spans_of(sample.truth, "light")) {
      CHECK(tone(sample.clip.waveform, lamp.amounts.at("frequency"), flash.start + 0.004, flash.end - 0.004) > 0.15);
    }
    const float* sound = sample.clip.waveform.data_ptr<float>();
    for (std::int64_t n = 0; n < 32768; ++n) {
      if (!lit(double(n) / 16000)) REQUIRE(std::abs(sound[n]) < 1e-3f);
    }
  }
}

TEST_CASE("sound from a passing source arrives as late and as high as physics asks for") {
  const PassBy path{30, 5, 1};
  for (double t = 0; t < 2; t += 0.1) {
    const double e = path.emitted(t);
    CHECK(t - e == doctest::Approx(path.distance(e) / kSpeedOfSound));
    const double numeric = (path.emitted(t + 1e-5) - path.emitted(t - 1e-5)) / 2e-5;
    CHECK(path.frequency_ratio(t) == doctest::Approx(numeric).epsilon(1e-6));
  }
  // Far away on either side: c / (c -+ v).
  CHECK(path.frequency_ratio(-20) == doctest::Approx(343.0 / (343 - 30)).epsilon(1e-3));
  CHECK(path.frequency_ratio(20) == doctest::Approx(343.0 / (343 + 30)).epsilon(1e-3));
  CHECK(path.pan(1 + path.nearest / kSpeedOfSound) == doctest::Approx(0.5));
}

TEST_CASE("the car's whine has the pitch and the side that the truth tells") {
  RenderOptions stereo;
  stereo.channels = 2;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const Sample sample = render("car", seed, stereo);
    const Object& car = sample.truth.objects[0];
    INFO(seed, " ", sample.truth.caption);
    const Tensor mono = sample.clip.waveform.sum(0).contiguous();
    for (const double time : {0.3, 0.8, 1.2, 1.7}) {
      const double whine = car.amounts.at("frequency");
      const double ratio = value_at(*find_track(sample.truth, "frequency ratio"), time);
      double best = 0, loudest = 0;
      for (double f = 0.88; f < 1.14; f += 0.0005) {
        const double loud = tone(mono, f * whine, time - 0.03, time + 0.03);
        if (loud > loudest) loudest = loud, best = f;
      }
      // 60 ms of sound tell a frequency to a few hertz; meanwhile the ratio itself moves.
      CHECK(best == doctest::Approx(ratio).epsilon(0.006));
      const auto first = std::int64_t((time - 0.01) * 16000), last = std::int64_t((time + 0.01) * 16000);
      const Tensor power = sample.clip.waveform.slice(1, first, last).square().sum(1);
      const double angle = std::atan2(std::sqrt(power[1].item<double>()), std::sqrt(power[0].item<double>()));
      const double pan = value_at(*find_track(sample.truth, "pan"), time);
      CHECK(angle / (std::numbers::pi / 2) == doctest::Approx(pan).epsilon(0.03));
    }
    CHECK((car.drift > 0) == (car.amounts.at("speed") > 0));
  }
}

TEST_CASE("steady rain is seen to fall until the end") {
  double middle = 0, end = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Sample sample = render("rain", seed, {});
    const Object& rain = sample.truth.objects[0];
    if (rain.details.at("trend") != "steady" || rain.amounts.at("last density") < 30) continue;
    const Tensor frames = sample.clip.frames.to(at::kFloat);
    const Tensor changes = (frames.slice(0, 1) - frames.slice(0, 0, 48)).abs().mean({1, 2, 3});
    middle += changes.slice(0, 20, 26).mean().item<double>(), end += changes.slice(0, 42).mean().item<double>();
  }
  CHECK(middle > 0);
  CHECK(end == doctest::Approx(middle).epsilon(0.15));
}

TEST_CASE("rain grows and fades in number and loudness as its density does") {
  int grows = 0, fades = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Sample sample = render("rain", seed, {});
    const Track& density = *find_track(sample.truth, "density");
    const double early = value_at(density, 0.25), late = value_at(density, 1.75);
    if (early < 3 * late && late < 3 * early) continue;
    ++(late > early ? grows : fades);
    const auto count = [&](double from, double to) {
      return std::count_if(sample.truth.events.begin(), sample.truth.events.end(),
                           [&](const Event& e) { return e.time >= from && e.time < to; });
    };
    const auto power = [&](double from, double to) {
      const auto first = std::int64_t(from * 16000), last = std::int64_t(to * 16000);
      return sample.clip.waveform.slice(1, first, last).square().mean().item<double>();
    };
    INFO(seed, " ", sample.truth.caption);
    CHECK((count(1, 2) > count(0, 1)) == (late > early));
    CHECK((power(1, 2) > power(0, 1)) == (late > early));
  }
  CHECK(grows > 5);
  CHECK(fades > 5);
}

TEST_CASE("the mixture plays all of its scenes, says which, and knows every word of its captions") {
  const std::vector<std::string> names = scene_names();
  if (std::find(names.begin(), names.end(), "everything") == names.end()) {
    MESSAGE("skipped: built without espeak-ng");
    return;
  }
  const std::vector<std::string> vocabulary = caption_words({"everything"});
  CHECK(std::is_sorted(vocabulary.begin(), vocabulary.end()));
  std::map<std::string, int> seen;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const Truth truth = truth_of("everything", seed, {});
    ++seen[truth.scene];
    for (const std::string& word : split_words(truth.caption)) {
      INFO(truth.caption);
      REQUIRE(std::binary_search(vocabulary.begin(), vocabulary.end(), word));
    }
    const bool replays = seed >= 20 || to_json(truth) == to_json(truth_of(truth.scene, truth.seed, {}));
    CHECK(replays);
  }
  CHECK(seen.size() == 10);
  CHECK(seen["talker"] + seen["talker_many_voices"] > 120);
  CHECK(!seen.contains("talker_new_voices"));
  CHECK(!seen.contains("two_talkers_new_voices"));
}

TEST_CASE("the mixture of mostly speech has the scenes of everything, three of five with somebody who speaks") {
  const std::vector<std::string> names = scene_names();
  if (std::find(names.begin(), names.end(), "mostly_speech") == names.end()) {
    MESSAGE("skipped: built without espeak-ng");
    return;
  }
  CHECK(caption_words({"mostly_speech"}) == caption_words({"everything"}));
  std::map<std::string, int> seen;
  int speaking = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const Truth truth = truth_of("mostly_speech", seed, {});
    ++seen[truth.scene];
    speaking += truth.scene.find("talker") != std::string::npos;
  }
  CHECK(seen.size() == 10);
  CHECK(speaking == doctest::Approx(1200).epsilon(0.1));
}

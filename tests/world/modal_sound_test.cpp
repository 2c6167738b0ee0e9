#include "phonofilm/world/modal_sound.h"

#include <cmath>
#include <numbers>

#include "support/support.h"

using namespace phonofilm::world;

namespace {

struct Recording {
  std::vector<float> samples;
  SoundBuffer buffer;
  Recording(std::int64_t channels, std::int64_t count, std::int64_t rate)
      : samples(size_t(channels * count)), buffer{samples.data(), channels, count, rate} {}
  double power(std::int64_t channel) const {
    double sum = 0;
    for (const float x : buffer.channel(channel)) sum += double(x) * double(x);
    return sum;
  }
};

const std::vector<Partial> kBody{{870, 0.38, 0.6}, {2060, 0.05, 0.4}};

}  // namespace

TEST_CASE("a blow starts at the first sample after its exact time, at every rate") {
  for (const std::int64_t rate : {8000, 16000, 44100, 48000}) {
    for (const double time : {0.1, 0.12345678, 0.2000001, 0.33333333}) {
      Recording recording(1, rate / 2, rate);
      add_blows(recording.buffer, kBody, {{time, 0.2, 0.5, 3}});
      size_t first = 0;
      while (recording.samples[first] == 0) ++first;
      const double delay = double(first) / double(rate) - time;
      CHECK(delay > 0);
      CHECK(delay <= 1.001 / double(rate));
    }
  }
}

TEST_CASE("partials follow their formula, also through a second blow") {
  Recording recording(1, 8000, 16000), click(1, 8000, 16000);
  const std::vector<Blow> blows{{0.1000123, 0.2, 0.5, 1}, {0.25, 0.1, 0.5, 2}};
  add_blows(recording.buffer, kBody, blows);
  add_blows(click.buffer, {}, blows);
  for (size_t n = 0; n < 8000; n += 7) {
    double expected = 0;
    for (const Blow& blow : blows) {
      const double age = double(n) / 16000 - blow.time;
      if (age < 0) continue;
      for (const Partial& p : kBody) {
        expected += std::min(age / 0.6e-3, 1.0) * blow.gain * p.amplitude * std::exp(-age / p.decay) *
                    std::sin(2 * std::numbers::pi * p.frequency * age);
      }
    }
    REQUIRE(std::abs(double(recording.samples[n]) - double(click.samples[n]) - expected) < 1e-6);
  }
}

TEST_CASE("stereo has constant power, and the ends of the pan are silent on the other side") {
  Recording mono(1, 4000, 16000);
  add_blows(mono.buffer, kBody, {{0.05, 0.2, 0.5, 1}});
  for (const double pan : {0.0, 0.25, 0.5, 1.0}) {
    Recording stereo(2, 4000, 16000);
    add_blows(stereo.buffer, kBody, {{0.05, 0.2, pan, 1}});
    const double left = stereo.power(0), right = stereo.power(1);
    CHECK(left + right == doctest::Approx(mono.power(0)).epsilon(1e-4));
    CHECK(std::atan2(std::sqrt(right), std::sqrt(left)) == doctest::Approx(std::numbers::pi / 2 * pan).epsilon(1e-4));
  }
}

TEST_CASE("partials above the Nyquist frequency are silent instead of folding down") {
  Recording recording(1, 4000, 8000), click(1, 4000, 8000);
  add_blows(recording.buffer, {{4100, 0.2, 1}}, {{0.05, 0.2, 0.5, 1}});
  add_blows(click.buffer, {}, {{0.05, 0.2, 0.5, 1}});
  CHECK(recording.samples == click.samples);
}

TEST_CASE("the noise floor has its level and differs between channels") {
  Recording recording(2, 20000, 16000);
  add_noise_floor(recording.buffer, 2e-4, 5);
  CHECK(std::sqrt(recording.power(0) / 20000) == doctest::Approx(2e-4).epsilon(0.02));
  CHECK(recording.samples[0] != recording.samples[20000]);
}

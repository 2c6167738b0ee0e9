#include "phonofilm/world/modal_sound.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "phonofilm/base/random.h"
#include "phonofilm/world/pan.h"

namespace phonofilm::world {
namespace {

constexpr double kAttack = 0.6e-3, kClickDecay = 4e-3, kClickAmplitude = 0.5;
constexpr double kClickLength = 10 * kClickDecay;  // e^-10: below 16-bit rounding
constexpr double kInaudible = 1e-7;
// The click is defined on a grid of its own, so that it is the same click at every sample rate.
constexpr double kClickRate = 48000;

double channel_gain(const Blow& blow, std::int64_t channel, std::int64_t channels) {
  return blow.gain * pan_gain(blow.pan, channel, channels);
}

std::int64_t first_sample(double time, const SoundBuffer& sound) {
  return std::clamp(std::int64_t(std::ceil(time * double(sound.rate))), std::int64_t{0}, sound.samples);
}

// One damped oscillator: a point that turns and shrinks by the same factor from sample to sample.
class Oscillator {
 public:
  Oscillator(const Partial& partial, double rate)
      : partial_(partial), rate_(rate), turn_(2 * std::numbers::pi * partial.frequency) {
    const double shrink = std::exp(-1 / (partial.decay * rate));
    step_re_ = shrink * std::cos(turn_ / rate);
    step_im_ = shrink * std::sin(turn_ / rate);
  }

  // A blow that happened `age` seconds ago.
  void strike(double gain, double age) {
    const double size = gain * partial_.amplitude * std::exp(-age / partial_.decay);
    re_ += size * std::cos(turn_ * age);
    im_ += size * std::sin(turn_ * age);
  }

  // Adds its sound up to the next blow, and falls silent for good where nobody could hear it.
  void ring(std::span<float> out) {
    const double seconds = partial_.decay * std::log(std::max(std::hypot(re_, im_) / kInaudible, 1.0));
    const bool dies = seconds * rate_ < double(out.size());
    const size_t length = dies ? size_t(seconds * rate_) : out.size();
    for (size_t n = 0; n < length; ++n) {
      out[n] += float(im_);
      const double re = re_ * step_re_ - im_ * step_im_;
      im_ = re_ * step_im_ + im_ * step_re_;
      re_ = re;
    }
    if (dies) re_ = im_ = 0;
  }

 private:
  Partial partial_;
  double rate_, turn_, step_re_ = 0, step_im_ = 0, re_ = 0, im_ = 0;
};

void add_partial(const SoundBuffer& sound, std::int64_t channel, const Partial& partial,
                 const std::vector<Blow>& blows) {
  const double rate = double(sound.rate);
  if (partial.frequency >= 0.49 * rate) return;
  const std::span<float> out = sound.channel(channel);
  Oscillator oscillator(partial, rate);
  for (size_t b = 0; b < blows.size(); ++b) {
    const std::int64_t begin = first_sample(blows[b].time, sound);
    const std::int64_t end = b + 1 < blows.size() ? first_sample(blows[b + 1].time, sound) : sound.samples;
    const double gain = channel_gain(blows[b], channel, sound.channels);
    oscillator.strike(gain, double(begin) / rate - blows[b].time);
    oscillator.ring(out.subspan(size_t(begin), size_t(end - begin)));
    // The oscillator starts at full size; this takes back what the attack ramp has not let through yet.
    for (std::int64_t n = begin; n < sound.samples; ++n) {
      const double age = double(n) / rate - blows[b].time;
      if (age >= kAttack) break;
      const double full = gain * partial.amplitude * std::exp(-age / partial.decay) *
                          std::sin(2 * std::numbers::pi * partial.frequency * age);
      out[size_t(n)] -= float((1 - age / kAttack) * full);
    }
  }
}

void add_click(const SoundBuffer& sound, std::int64_t channel, const Blow& blow) {
  Random random(blow.noise_seed);
  const double gain = kClickAmplitude * channel_gain(blow, channel, sound.channels);
  const std::span<float> out = sound.channel(channel);
  std::int64_t drawn = -1;
  double noise = 0;
  for (std::int64_t n = first_sample(blow.time, sound); n < sound.samples; ++n) {
    const double age = double(n) / double(sound.rate) - blow.time;
    if (age >= kClickLength) break;
    for (; drawn < std::int64_t(age * kClickRate); ++drawn) noise = random.uniform(-1, 1);
    out[size_t(n)] += float(gain * std::min(age / kAttack, 1.0) * std::exp(-age / kClickDecay) * noise);
  }
}

}  // namespace

void add_blows(const SoundBuffer& sound, const std::vector<Partial>& body, const std::vector<Blow>& blows) {
  for (std::int64_t channel = 0; channel < sound.channels; ++channel) {
    for (const Partial& partial : body) add_partial(sound, channel, partial, blows);
    for (const Blow& blow : blows) add_click(sound, channel, blow);
  }
}

void add_noise_floor(const SoundBuffer& sound, double level, std::uint64_t seed) {
  const double reach = level * std::numbers::sqrt3;  // uniform noise of this standard deviation
  for (std::int64_t channel = 0; channel < sound.channels; ++channel) {
    Random random(mix_seed(seed, "noise floor", std::uint64_t(channel)));
    for (float& sample : sound.channel(channel)) sample += float(random.uniform(-reach, reach));
  }
}

void limit(const SoundBuffer& sound) {
  for (std::int64_t channel = 0; channel < sound.channels; ++channel) {
    for (float& sample : sound.channel(channel)) sample = std::clamp(sample, -1.0f, 1.0f);
  }
}

}  // namespace phonofilm::world

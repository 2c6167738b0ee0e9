// The sound of struck bodies: a sum of damped partials and a short click, placed at real-valued times.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace phonofilm::world {

// [channels, samples] float32 in one block that somebody else owns; sample n is the sound at time n / rate.
struct SoundBuffer {
  float* data = nullptr;
  std::int64_t channels = 1, samples = 0, rate = 16000;
  std::span<float> channel(std::int64_t index) const { return {data + index * samples, size_t(samples)}; }
};

// amplitude * exp(-t / decay) * sin(2 pi frequency t)
struct Partial {
  double frequency = 0;  // Hz
  double decay = 0;      // seconds until it has fallen to 1/e
  double amplitude = 0;
};

struct Blow {
  double time = 0;  // seconds; need not fall on a sample
  double gain = 0;
  double pan = 0.5;  // 0 left, 1 right, constant power; ignored by one channel
  std::uint64_t noise_seed = 0;
};

// Adds one body that is struck several times (`blows` in order of time). The body keeps ringing through later
// blows. Each blow starts at its exact time with a linear attack of 0.6 ms and carries a broadband click that
// decays in 4 ms; partials above half the sample rate are silent.
void add_blows(const SoundBuffer& sound, const std::vector<Partial>& body, const std::vector<Blow>& blows);

// Adds white noise of standard deviation `level`, different in each channel.
void add_noise_floor(const SoundBuffer& sound, double level, std::uint64_t seed);

// Keeps every sample within [-1, 1].
void limit(const SoundBuffer& sound);

}  // namespace phonofilm::world

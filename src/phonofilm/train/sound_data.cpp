#include "phonofilm/train/sound_data.h"

#include <ATen/ops/flip.h>

#include <algorithm>
#include <cmath>

#include "phonofilm/tensor/ops.h"
#include "phonofilm/train/world_data.h"
#include "phonofilm/world/world.h"

namespace phonofilm::train {
namespace {

struct ClipName {
  std::string scene;
  std::uint64_t seed;
  world::RenderOptions options;
};

ClipName clip_of(const SoundSource& source, std::uint64_t seed, const std::string& purpose, std::uint64_t index) {
  ClipName clip{source.scenes[index % source.scenes.size()], clip_seed(seed, purpose, index), {}};
  clip.options.samples = source.samples;
  clip.options.sample_rate = source.sample_rate;
  clip.options.channels = source.channels;
  return clip;
}

// How much louder, on average over frequencies, the next 12 ms are than the last; one value every 2 ms.
Tensor spectral_flux(const Tensor& waveform, std::int64_t hop) {
  constexpr std::int64_t kLag = 6;  // frames: 12 ms
  const Tensor spectrum = dsp::magnitude(dsp::stft(waveform.unsqueeze(0), {8 * hop, hop}), 0)[0];
  const Tensor level = at::log(spectrum + 0.004 * spectrum.max());
  const std::int64_t frames = level.size(1) - kLag;
  return (level.narrow(1, kLag, frames) - level.narrow(1, 0, frames)).mean(0);
}

}  // namespace

Tensor render_sounds(const SoundSource& source, std::uint64_t seed, const std::string& purpose, std::uint64_t first,
                     std::int64_t count) {
  std::vector<Tensor> sounds;
  for (std::int64_t i = 0; i < count; ++i) {
    const ClipName clip = clip_of(source, seed, purpose, first + std::uint64_t(i));
    sounds.push_back(world::render_sound(clip.scene, clip.seed, clip.options));
  }
  return at::stack(sounds);
}

std::vector<double> strike_times(const SoundSource& source, std::uint64_t seed, const std::string& purpose,
                                 std::uint64_t index) {
  const ClipName clip = clip_of(source, seed, purpose, index);
  std::vector<double> times;
  for (const world::Event& event : world::truth_of(clip.scene, clip.seed, clip.options).events)
    times.push_back(event.time);
  return times;
}

double attack_shift_ms(const Tensor& original, const Tensor& rebuilt, const std::vector<double>& times,
                       std::int64_t sample_rate) {
  const std::int64_t hop = sample_rate / 500;
  const Tensor truth = spectral_flux(original, hop), guess = spectral_flux(rebuilt, hop);
  double total = 0;
  std::int64_t count = 0;
  for (const double time : times) {
    const std::int64_t middle = std::llround(time * 500) - 3;  // the flux of frame k stands between frames k and k + 6
    const std::int64_t first = std::max<std::int64_t>(0, middle - 15), last = std::min(truth.size(0), middle + 15);
    if (last - first < 10) continue;  // beyond the end of the sound
    const auto peak = [&](const Tensor& flux) {
      return at::argmax(flux.narrow(0, first, last - first)).item<std::int64_t>();
    };
    total += 2.0 * std::abs(double(peak(truth) - peak(guess)));
    ++count;
  }
  return count == 0 ? 0 : total / double(count);
}

double fine_spectral_error(const Tensor& original, const Tensor& rebuilt) {
  const dsp::StftConfig config{4096, 1024};
  const Tensor truth = dsp::magnitude(dsp::stft(original, config)), guess = dsp::magnitude(dsp::stft(rebuilt, config));
  return ((truth - guess).norm() / truth.norm()).item<double>();
}

Tensor compare_mels(const Tensor& original, const Tensor& rebuilt) {
  constexpr std::int64_t kEnlarge = 3;
  const Tensor both = at::cat({original, rebuilt}, /*dim=*/1);  // [N, 2 * bins, T]
  Tensor picture = at::cat({at::flip(original, {1}), at::flip(rebuilt, {1})}, /*dim=*/1).transpose(0, 1).flatten(1);
  const Tensor low = both.min(), high = both.max();
  picture = ((picture - low) / (high - low + 1e-6) * 255).round().to(at::kByte);
  picture = picture.repeat_interleave(kEnlarge, 0).repeat_interleave(kEnlarge, 1);
  return picture.unsqueeze(-1).expand({-1, -1, 3}).contiguous();
}

}  // namespace phonofilm::train

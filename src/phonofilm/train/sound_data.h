// The sound of rendered clips as training data, and how well a rebuilt sound keeps it.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/dsp/mel.h"

namespace phonofilm::train {

struct SoundSource {
  std::vector<std::string> scenes{"impacts"};  // clip i comes from scene i modulo their number
  std::int64_t samples = 32768;
  std::int64_t sample_rate = 16000;
  std::int64_t channels = 1;
};

// The sounds of clips first .. first + count - 1 of a purpose ("train", "validation"): [count, channels, samples] float32.
Tensor render_sounds(const SoundSource& source, std::uint64_t seed, const std::string& purpose, std::uint64_t first,
                     std::int64_t count);
// The exact times of their strikes, in seconds.
std::vector<double> strike_times(const SoundSource& source, std::uint64_t seed, const std::string& purpose,
                                 std::uint64_t index);

// The mean distance in milliseconds, over all strikes, between the attack of `original` and that of `rebuilt` (both
// [S]), measured as the steepest rise of the mean log spectrum within 30 ms of the strike, in steps of 2 ms.
double attack_shift_ms(const Tensor& original, const Tensor& rebuilt, const std::vector<double>& times,
                       std::int64_t sample_rate);

// || |T| - |R| || / || |T| || of spectra with windows of 4096 samples (256 ms at 16 kHz): fine enough to tell a steady
// line from a beating pair. [B, S] each.
double fine_spectral_error(const Tensor& original, const Tensor& rebuilt);

// A picture for people: log-mels [N, bins, T] side by side, `rebuilt` below `original`; [H, W, 3] uint8.
Tensor compare_mels(const Tensor& original, const Tensor& rebuilt);

}  // namespace phonofilm::train

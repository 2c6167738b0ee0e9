// Sound files and the soundtracks of films, as [C, S] float32 tensors in [-1, 1].
#pragma once

#include <string>

#include "phonofilm/media/media_input.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::media {

struct AudioLimits {
  double max_seconds = 600;
  std::int64_t max_bytes = std::int64_t(1) << 30;  // of decoded samples
  bool truncate = false;  // true: stop at the limit instead of throwing
};

// Reads wav, flac, mp3, m4a, ogg, opus or a film's soundtrack as [C, S] float32; sample 0 is the start of the sound
// (encoder priming removed). sample_rate 0 keeps the file's rate; channels 0 keeps its count. Mono is the mean
// of the channels; a mono file asked for in stereo is copied to both; more than two channels are mixed down.
// `rate_found`, when given, receives the rate of the result.
// Throws MediaError: no such file, no sound in it, damaged, or longer than `limits`.
Tensor read_audio(const MediaInput& input, std::int64_t sample_rate, std::int64_t channels,
                  const AudioLimits& limits = {}, std::int64_t* rate_found = nullptr);

enum class WavFormat { pcm16, float32 };

// Writes [C, S] (or [S]) float32 as RIFF/WAVE, whole or not at all; pcm16 rounds to nearest and clips at full scale.
// `comment` goes into the file's INFO list. Throws ShapeError, MediaError (samples that are not finite), ResourceError.
void write_wav(const std::string& path, const Tensor& waveform, std::int64_t sample_rate,
               WavFormat format = WavFormat::pcm16, const std::string& comment = "");

// Band-limited resampling of [C, S] float32 (libswresample, Kaiser-windowed sinc): output sample n lies at time
// n / to_rate exactly, the result has round(S to_rate / from_rate) samples, and silence is assumed outside.
Tensor resample_audio(const Tensor& waveform, std::int64_t from_rate, std::int64_t to_rate);

}  // namespace phonofilm::media

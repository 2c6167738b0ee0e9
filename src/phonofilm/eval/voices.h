// Whose voice is it? Told by comparison with every voice of the rendered world saying the same words: spectrum, pitch
// and pace. Nothing of a model's own speaker encoder is used: a model that pleased its encoder alone would not please
// this ruler.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::eval {

// Of the frames in which a voice sounds: means and deviations of twelve mel cepstra, their number as a logarithm,
// middle and spread of the pitch in octaves. None where less than 0.1 s sounds or nothing has a pitch. waveform [C, S]
// of any rate; channels are averaged.
std::optional<std::vector<double>> voice_features(const Tensor& waveform, std::int64_t sample_rate);

// Fundamental frequency in Hz, 70 to 500, of frames every 16 ms; 0 where none is clear. Peak of the normalised
// autocorrelation over 50 ms (the first that comes near the highest, against octave errors).
std::vector<double> pitch_track(const std::vector<double>& wave, double rate);

struct VoiceMatch {
  std::string nearest;   // the id of a voice: "v03"
  double pitch_off = 0;  // semitones between the middle of the pitch heard and that of the voice told, either way
};

// Which voice is nearest when it says these words, among the world's sixteen and `told`, which may be a made one; none
// where nothing is heard. Features count in units of how much they change with what a voice says, so that the pitch,
// which hardly does, counts most. Throws InvalidRequest where the program cannot speak, for words that are none and for an
// unknown voice.
std::optional<VoiceMatch> match_voice(const Tensor& waveform, std::int64_t sample_rate,
                                      const std::vector<std::string>& words, const std::string& told);

}  // namespace phonofilm::eval

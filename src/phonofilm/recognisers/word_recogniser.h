// Which words of a small vocabulary are said, and when: ConvNeXt blocks (Liu et al. 2022) over a log-mel spectrogram,
// and for every frame the probabilities of all words and of none.
//
// The rendered world knows when each of its words is spoken, so the network is trained frame by frame, as the hybrid
// recognisers were (Bourlard and Morgan 1994), and needs no sum over alignments. Only the last part of a word carries
// its label (kLabelledFrom): whoever names a word has heard most of it, and a word said twice has frames of "none"
// between. The course of labels with the highest probability, where every change costs kChangeCost, is the transcript
// (Viterbi).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "phonofilm/base/fields.h"
#include "phonofilm/dsp/mel.h"
#include "phonofilm/nn/convnext.h"

namespace phonofilm::recognisers {

struct WordRecogniserConfig {
  dsp::MelConfig mel;                // the front end that the weights were trained with
  std::vector<std::string> words{};  // that it knows, in the order of its outputs
  std::int64_t width = 128, hidden = 256, blocks = 5;
  std::int64_t kernel = 7;                // taps of the convolutions, odd
  std::int64_t stride = 2;                // mel frames per label
  double mel_mean = -6, mel_scale = 2.6;  // the network sees (mel - mel_mean) / mel_scale
  Fields fields();                        // all but `mel`
  double step() const { return double(stride * mel.hop) / double(mel.sample_rate); }  // seconds per label
};

inline constexpr double kLabelledFrom = 0.4;  // share of a word that passes before its label begins
inline constexpr double kChangeCost = 2;      // nepers

class WordRecogniser : public nn::Module {
 public:
  // Declares the parameters; nothing is allocated before load() or initialise(). Throws InvalidRequest for a contradictory
  // config.
  explicit WordRecogniser(const WordRecogniserConfig& config);
  WordRecogniser(const WordRecogniserConfig& config, std::uint64_t seed) : WordRecogniser(config) { initialise(seed); }
  const WordRecogniserConfig& config() const { return config_; }

  // waveform [B, S] at the config's rate, each made as loud as the others -> log-mel [B, bins, S / hop].
  Tensor front_end(const Tensor& waveform) const;
  // mel [B, bins, T] -> logits [B, ceil(T / stride), 1 + words] float32; output 0 stands for no word, label k for the
  // moment k * step().
  Tensor forward(const Tensor& mel, const nn::RunContext& run) const;

 private:
  WordRecogniserConfig config_;
  dsp::LogMel mel_;
  nn::Conv1d in_;
  nn::ConvNextBody body_;
  nn::Linear head_;
};

struct HeardWord {
  std::string word;
  double start = 0, end = 0;  // seconds in which it carries its label: the last part of the word
};

// The transcript of logits [T, 1 + words].
std::vector<HeardWord> transcript(const Tensor& logits, const WordRecogniserConfig& config);
// What is said in a sound [C, S] of any rate; channels are averaged.
std::vector<HeardWord> recognise(const WordRecogniser& recogniser, const Tensor& waveform, std::int64_t sample_rate);
std::vector<std::string> words_of(const std::vector<HeardWord>& heard);

void save_word_recogniser(const WordRecogniser& model, const std::string& folder);
// Throws CheckpointError if the folder is incomplete, damaged or holds something else.
std::unique_ptr<WordRecogniser> load_word_recogniser(const std::string& folder);

}  // namespace phonofilm::recognisers

// Reference embeddings of the world's voices, made once: what a clip's lines are given as voices in training.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phonofilm/base/progress.h"
#include "phonofilm/base/random.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::train {

// Utterances of one voice.
struct VoiceEntries {
  Tensor embeddings;                            // float32 [N, D]
  std::vector<std::vector<std::string>> words;  // what each says
};

class VoiceBank {
 public:
  explicit VoiceBank(std::map<std::string, VoiceEntries> voices) : voices_(std::move(voices)) {}

  std::vector<std::string> names() const;
  std::int64_t width() const;  // D
  // The embedding [D] of a random utterance of a voice that says none of `other_than`; where all do, of any. Throws
  // std::out_of_range for a voice that it does not have.
  Tensor pick(const std::string& voice, const std::vector<std::string>& other_than, Random& random) const;
  const std::map<std::string, VoiceEntries>& voices() const { return voices_; }

 private:
  std::map<std::string, VoiceEntries> voices_;
};

struct VoiceBankOptions {
  std::string speaker_encoder;  // the file of a ReDimNet
  std::int64_t utterances = 64;      // of every voice, of one to three seconds
  std::int64_t made_utterances = 0;  // of every made voice
  std::uint64_t seed = 1;
};

// Reads `path` if it holds just that, else renders, embeds (on all cores) and writes it: all voices of the world, those
// that are kept from training too, which no clip for training has, and made voices if asked for.
VoiceBank load_or_make_voices(const std::string& path, const VoiceBankOptions& options, const Observer& observer);

}  // namespace phonofilm::train

// The frozen networks that turn clips and captions into what NAVA's backbone is trained on: Wan's video autoencoder,
// the LTX audio autoencoder, UMT5 and ReDimNet. They are needed while clips are prepared and not afterwards. What they
// compute does not depend on the precision of the training: one cache serves all.
#pragma once

#include <memory>
#include <string>

#include "phonofilm/families/nava/config.h"
#include "phonofilm/families/text_tools.h"
#include "phonofilm/tensor/clip.h"
#include "phonofilm/train/nava_clip_file.h"
#include "phonofilm/train/nava_list.h"
#include "phonofilm/train/nava_options.h"

namespace phonofilm::train {

class NavaEncoders {
 public:
  // Opens text encoder, tokenizer and autoencoders of a model folder; the speaker encoder when the first voice comes.
  // Throws CheckpointError for files that are missing, damaged or do not fit `backbone`, InvalidRequest without a
  // tokenizer.
  NavaEncoders(const std::string& root, const nava::NavaConfig& backbone,
               const families::OpenTokenizerFn& open_tokenizer);
  ~NavaEncoders();

  // clip: one that check_nava_clip lets pass, of any size and rate. Everything is computed in float32. The voice of a
  // spoken line that is shorter than 0.1 s, or lies beyond the sound, is zeros: the null voice.
  EncodedClip encode(const NavaEntry& entry, NavaModality modality, const Clip& clip,
                     const NavaTaskOptions& options) const;

 private:
  struct Networks;
  std::unique_ptr<Networks> networks_;
};

// Throws InvalidRequest or ShapeError for a clip that cannot be trained on: without a picture or sound that the
// modality has, a film of fewer than min_frames or a spoken line of more than max_seconds where the list says no
// length, samples that are no numbers. Needs no encoder.
void check_nava_clip(const NavaEntry& entry, NavaModality modality, const Clip& clip, const NavaTaskOptions& options);

// A text that names all files whose change makes encodings stale.
std::string encoders_fingerprint(const std::string& root);

}  // namespace phonofilm::train

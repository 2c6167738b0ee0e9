// The frozen networks that turn clips and captions into what NAVA's backbone is trained on: Wan's video autoencoder,
// the LTX audio autoencoder, UMT5 and ReDimNet. They are needed while clips are prepared and not afterwards.
#pragma once

#include <memory>
#include <string>

#include "phonofilm/families/nava/config.h"
#include "phonofilm/families/text_tools.h"
#include "phonofilm/nn/run_context.h"
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
               const families::OpenTokenizerFn& open_tokenizer, const nn::RunContext& run);
  ~NavaEncoders();

  // clip: pictures and sound as far as the modality has them, of any size and rate. Throws InvalidRequest or ShapeError
  // for a clip that cannot be trained on: too short or too long, a spoken line beyond its sound, samples that are no
  // numbers.
  EncodedClip encode(const NavaEntry& entry, NavaModality modality, const Clip& clip,
                     const NavaTaskOptions& options) const;

 private:
  struct Networks;
  std::unique_ptr<Networks> networks_;
};

// A text that names all files whose change makes encodings stale.
std::string encoders_fingerprint(const std::string& root);

}  // namespace phonofilm::train

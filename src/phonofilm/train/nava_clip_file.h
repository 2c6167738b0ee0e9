// What the frozen encoders make of one clip, kept in a file of its own: written once, whole or not at all, so that an
// interrupted preparation goes on where it stopped.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/families/nava/config.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::train {

struct EncodedClip {
  Tensor video;      // normalised latent [C, F, H, W] bfloat16, as the publisher rounds it; undefined without a picture
  Tensor audio;      // tokens [C, L] bfloat16; undefined without a sound
  Tensor rows;       // of the text encoder, valid tokens only: [n, text_dim] bfloat16
  Tensor positions;  // of the voices among the rows: int64 [S]
  Tensor voices;     // speaker embeddings [S, spk_dim] float32
};

// contents: everything that the encodings depend on, as text.
void save_encoded_clip(const std::string& path, const EncodedClip& clip, const std::string& contents);
// Whether the file is whole and says the same of itself; a damaged or foreign one is not.
bool holds_encoded_clip(const std::string& path, const std::string& contents);
// Maps the file: values are read when they are used, but for the positions. Throws CheckpointError that names the file
// where a tensor has not the dtype, axes or width of the above, or a voice has no place among the rows.
EncodedClip open_encoded_clip(const std::string& path, const nava::NavaConfig& backbone);

// Tells a large file from another by its size and 256 pieces spread over it, as hexadecimal text: reading all of the
// text encoder at every start would take a minute. Throws CheckpointError where there is no such file.
std::string sampled_fingerprint(const std::string& path);

}  // namespace phonofilm::train

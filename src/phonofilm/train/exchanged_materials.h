// Captions that are wrong in nothing but which ball is of which material.
#pragma once

#include "phonofilm/tensor/tensor.h"
#include "phonofilm/text_encoders/word_encoder/word_tokenizer.h"

namespace phonofilm::train {

// Captions that name two materials with the two exchanged, all others as they are. tokens: int64 [N, max_tokens]
Tensor exchange_materials(const Tensor& tokens, const text_encoders::WordTokenizer& tokenizer);

}  // namespace phonofilm::train

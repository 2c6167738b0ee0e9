// The spoken lines of clips as the embedded model is given them: where they begin in the text, and whose voice they
// have.
#pragma once

#include <vector>

#include "phonofilm/families/nava/small_model.h"
#include "phonofilm/train/clip_text.h"
#include "phonofilm/train/nava_batch.h"
#include "phonofilm/train/voice_bank.h"

namespace phonofilm::train {

// Context rows of the lines of every text: int64 [N, S], kNobody behind the last, S the most lines of a text. tokens:
// int64 [N, max_tokens].
Tensor rows_of_lines(const nava::SmallBackbone& backbone, const Tensor& tokens, const std::vector<ClipText>& texts);

// For every line a random utterance of its voice with other words, or zeros, the null voice, with probability `drop`,
// and where there is no line. rows: [B, S] of rows_of_lines -> float32 [B, S, D]
Tensor draw_voices(const VoiceBank& bank, const std::vector<const ClipText*>& texts, const Tensor& rows, double drop,
                   Random& random);

// Every line with other words: those of the next line, of this text or a later one, that are others. The same texts
// where there is none.
std::vector<ClipText> with_wrong_words(const std::vector<ClipText>& texts);
// Every line with another voice of the bank.
std::vector<ClipText> with_wrong_voices(std::vector<ClipText> texts, const VoiceBank& bank, Random& random);

}  // namespace phonofilm::train

// The lists of Seed-TTS-eval (Anastassiou et al. 2024, arXiv 2406.02430), by which NAVA's publisher measures how well a
// given voice says a given text: lines of
//   name|what the reference says|the reference's sound file|what is to be said
#pragma once

#include "phonofilm/pipeline/prompt_list.h"

namespace phonofilm::pipeline {

// One row of sound alone per line: the text between <S> and <E>, the reference as its voice, the line's name as the
// film's. It lasts as long as the reference says its own text, by the number of letters (Unicode code points), in whole
// tokens of 25 a second as NAVA's program counts them; a length among the defaults goes before that. Guidance that the
// defaults leave to the model is that of the publisher's script: no alignment, 2 towards the text, 3 towards the
// timbre. A line that cannot be used, also because its reference cannot be measured, says so in its `problem`.
std::vector<PromptRow> read_seed_tts_list(const std::string& path, const GenerateRequest& defaults,
                                          const SoundSeconds& sound_seconds);

// Tokens of a text of `wanted` letters, where a reference of so many seconds says `spoken` letters. 0 for a text too
// short.
std::int64_t seed_tts_tokens(std::int64_t wanted, std::int64_t spoken, double reference_seconds);

}  // namespace phonofilm::pipeline

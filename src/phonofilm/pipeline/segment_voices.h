// Whose voices a segment of a film hears.
#pragma once

#include "phonofilm/pipeline/request.h"

namespace phonofilm::pipeline {

// Of a film's reference voices those of the lines <S>...<E> of one of its prompts (film_plan.h: prompt_number): voices
// belong to the lines of all prompts in order, and a single one to all lines. None for a prompt in which nobody speaks,
// unless nobody does in any: then all, which the model refuses.
std::vector<Tensor> segment_voices(const GenerateRequest& request, std::size_t prompt,
                                   const std::vector<Tensor>& voices);

}  // namespace phonofilm::pipeline

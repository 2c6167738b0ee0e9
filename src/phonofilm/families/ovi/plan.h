// What a film of Ovi's will take, counted from shapes: tokens, floating-point operations, memory.
#pragma once

#include "phonofilm/families/generator.h"
#include "phonofilm/families/ovi/checkpoint.h"
#include "phonofilm/families/ovi/config.h"
#include "phonofilm/nn/memory_plan.h"

namespace phonofilm::ovi {

// Matrix products and attention of one fusion block for one film of `video` and `audio` tokens (0: modality absent).
// Keys and values of the text are computed once per clip and not counted. Time embeddings, patch embeddings and heads are
// below one percent of a pass.
double block_flop(const OviConfig& config, std::int64_t video, std::int64_t audio);

// For a latent of the given shape. towers: where their weights lie. Texts are counted at their full length.
families::WorkPlan plan_work(const OviFolder& folder, const nn::MemoryPlan& towers, const families::Generator::LatentShape& shape,
                             const families::Sampling& sampling);

}  // namespace phonofilm::ovi

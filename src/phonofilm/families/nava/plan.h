// What a film of NAVA's will take, counted from shapes: tokens, floating-point operations, memory.
#pragma once

#include "phonofilm/families/generator.h"
#include "phonofilm/families/nava/config.h"
#include "phonofilm/nn/memory_plan.h"

namespace phonofilm::nava {

// Matrix products and attention of all blocks for one pass over so many tokens. Keys and values of the text are
// computed once per clip and not counted; embeddings and heads are a few percent more.
double pass_flop(const NavaConfig& config, std::int64_t video, std::int64_t audio, bool masked);

// For a film of `root`. scales: those that apply to it (guided.h). backbone: where its weights lie.
families::WorkPlan plan_work(const std::string& root, const NavaConfig& config, const nn::MemoryPlan& backbone,
                             const families::Generator::LatentShape& shape, const diffusion::GuidanceScales& scales);

}  // namespace phonofilm::nava

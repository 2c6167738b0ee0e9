// `generate --dry-run`: what a film would take, before anything is computed.
#pragma once

#include "phonofilm/pipeline/film_plan.h"

namespace phonofilm::cli {

// resolved: as pipeline::resolve gives it. voices: whether there will be any. Measures this machine's matrix products
// for about a second, and prints shape, tokens, operations, memory and time to stdout; of a film in segments, tokens
// and steps are those of one segment.
void print_work_plan(const families::Generator& model, const pipeline::GenerateRequest& resolved,
                     const pipeline::FilmPlan& film, bool voices, const nn::RunContext& context);

}  // namespace phonofilm::cli

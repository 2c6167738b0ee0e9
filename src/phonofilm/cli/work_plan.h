// `generate --dry-run`: what a film would take, before anything is computed.
#pragma once

#include "phonofilm/pipeline/request.h"

namespace phonofilm::cli {

// resolved: as pipeline::resolve gives it. voices: whether there will be any. Measures this machine's matrix products
// for about a second, and prints shape, tokens, operations, memory and time to stdout.
void print_work_plan(const families::Generator& model, const pipeline::GenerateRequest& resolved,
                     const families::ClipSpec& spec, bool voices, const nn::RunContext& context);

}  // namespace phonofilm::cli

// How models are run on this machine: number format of matrix products, threads.
#pragma once

#include <string>

#include "phonofilm/families/generator.h"
#include "phonofilm/nn/run_context.h"

namespace phonofilm::cli {

// "float32", "bfloat16", or "auto": bfloat16 where the processor multiplies it natively.
nn::RunContext run_context(const std::string& dtype);

// Threads of the math library: `asked`, or for 0 what serves the model best.
void set_threads(std::int64_t asked, const families::ModelInfo& model);

}  // namespace phonofilm::cli

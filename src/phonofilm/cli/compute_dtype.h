// Which number format matrix products run in on this machine.
#pragma once

#include <string>

#include "phonofilm/nn/run_context.h"

namespace phonofilm::cli {

// "float32", "bfloat16", or "auto": bfloat16 where the processor multiplies it natively.
nn::RunContext run_context(const std::string& dtype);

}  // namespace phonofilm::cli

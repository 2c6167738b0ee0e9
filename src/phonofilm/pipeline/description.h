// What is stored in a film and beside it: how it was made.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "phonofilm/pipeline/generate.h"

namespace phonofilm::pipeline {

// program: who made it, e.g. "phonofilm 0.1.0". Has program, model, settings, film (its exact shape), dtype, seconds
// per stage and, where they were given, the names of first frame and voices.
nlohmann::json describe(const Generated& result, const Given& given, const families::ModelInfo& model,
                        const nn::RunContext& run, const std::string& program);

}  // namespace phonofilm::pipeline

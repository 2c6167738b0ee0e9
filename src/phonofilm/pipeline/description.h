// What is stored in a film and beside it: how it was made.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "phonofilm/pipeline/generate.h"

namespace phonofilm::pipeline {

// program: who made it, e.g. "phonofilm 0.1.0". Has program, model, settings, film (its exact shape, and the seconds at
// which its segments meet), dtype, seconds per stage and, where they were given, the names of pictures and voices and
// what of a film was kept.
nlohmann::json describe(const Generated& result, const Given& given, const families::ModelInfo& model,
                        const nn::RunContext& run, const std::string& program);

}  // namespace phonofilm::pipeline

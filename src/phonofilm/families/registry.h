// All model families, as a visible list in all.cpp: one line each.
#pragma once

#include <functional>

#include "phonofilm/families/generator.h"

namespace phonofilm::families {

struct Family {
  std::string name;
  // Whether a folder holds a model of this family, judged by file names and headers only.
  std::function<bool(const std::string& folder)> detect;
  // Throws CheckpointError for missing, damaged or ill-fitting files.
  std::function<std::unique_ptr<Generator>(const std::string& folder, at::ScalarType dtype)> load;
};

const std::vector<Family>& all_families();

// Finds the family of `folder` and loads the model. Throws CheckpointError if no family recognises it.
std::unique_ptr<Generator> load_generator(const std::string& folder, at::ScalarType dtype);

}  // namespace phonofilm::families

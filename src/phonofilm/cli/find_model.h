// Where a model folder is, for someone who did not say.
#pragma once

#include <string>

namespace phonofilm::cli {

// `folder` as it is if it exists; else, for a relative one, the same path beside or above the program's own folder, so
// that models/mini is found from any working directory. Returns `folder` unchanged if there is none.
std::string find_model(const std::string& folder);

}  // namespace phonofilm::cli

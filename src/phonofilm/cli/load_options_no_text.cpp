#include "phonofilm/cli/load_options.h"

namespace phonofilm::cli {

families::LoadOptions load_options(at::ScalarType dtype, const std::string& variant) { return {dtype, variant, nullptr, nullptr}; }

}  // namespace phonofilm::cli

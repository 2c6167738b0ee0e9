#include "phonofilm/cli/load_options.h"

namespace phonofilm::cli {

families::LoadOptions load_options() { return {}; }

}  // namespace phonofilm::cli

// What the program gives families to load a model with.
#pragma once

#include "phonofilm/families/registry.h"

namespace phonofilm::cli {

// With the functions of the text library where the program was built with it. Texts that are too long for the text encoder
// are cut, and the log says by how much.
families::LoadOptions load_options();

}  // namespace phonofilm::cli

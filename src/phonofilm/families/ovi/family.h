// Entry of this family in the registry.
#pragma once

#include "phonofilm/families/registry.h"

namespace phonofilm::ovi {

// The published checkpoints of Ovi (checkpoint.h says how their folder looks).
families::Family family();

}  // namespace phonofilm::ovi

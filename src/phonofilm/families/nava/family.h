// Entries of this family in the registry.
#pragma once

#include "phonofilm/families/registry.h"

namespace phonofilm::nava {

// The embedded model: NAVA's transformer at small dimensions with codecs and text encoder of our own (models/mini).
families::Family small_family();

// The published checkpoints of NAVA (checkpoint.h says how their folder looks).
families::Family published_family();

}  // namespace phonofilm::nava

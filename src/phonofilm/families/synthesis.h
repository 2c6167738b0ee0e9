// Random weights in a published layout: they make noise instead of films, but they are read, converted, streamed and
// computed with exactly as the published ones are, which cannot be had everywhere.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/base/progress.h"
#include "phonofilm/families/network.h"

namespace phonofilm::families {

// full: the published shapes, no JSON beside the weights. half: half of the width and of the depth. toy: a few
// megabytes.
enum class Scale { full, half, toy };

// Bytes of the networks' files together, a few thousand more or less.
double bytes_of(const std::vector<Network>& networks);

// Throws InvalidRequest, with a cure, where one of these files is below the folder already.
void require_absent(const std::string& root, const std::vector<std::string>& files, const char* cure);
// Throws ResourceError where the disk of a folder, which need not exist yet, has no room for so much.
void require_room(const std::string& root, double bytes);

// Writes the files of all networks; those that share a file stand side by side. Each parameter is drawn by its own
// Init, from the seed and its name alone, when its turn to be written comes: memory is needed for the largest one (4.2
// GB in float32 and half of that in bfloat16 at full scale, the text encoder's token table). What a fresh model would
// leave at zero gets small values instead, because gates and heads of zero would make every film the same grey. Files
// appear whole or not at all; the observer sees megabytes. Throws Cancelled when the observer asks for it: whole files
// are then kept.
void write_random_weights(const std::string& root, const std::vector<Network>& networks, std::uint64_t seed,
                          const Observer& observer);

}  // namespace phonofilm::families

// Random weights in Ovi's published layout: they make noise instead of films, but they are read, converted, streamed and
// computed with exactly as the published ones are, which cannot be had everywhere.
#pragma once

#include <string>

#include "phonofilm/base/progress.h"
#include "phonofilm/families/ovi/networks.h"

namespace phonofilm::ovi {

// full: the published shapes, 39 GB, no JSON beside the weights. half: half of the width and of the depth, 6 GB.
// toy: 12 MB.
enum class Scale { full, half, toy };

// The sizes of all networks at a scale. The video autoencoder's three halvings, the channels of both latents and (at half
// scale) the vocabulary are those of the published model.
FolderConfig config_at(Scale scale);

struct SynthesisOptions {
  Scale scale = Scale::full;
  Variant variant = variants().front();
  std::uint64_t seed = 0;
  bool overwrite = false;  // files that are there already
};

// Bytes of all files together, a few thousand more or less.
double synthesis_bytes(const SynthesisOptions& options);

// Writes every file but the tokenizer's. Each parameter is drawn by its own Init, from the seed and its name alone, when its
// turn to be written comes: memory is needed for the largest one (4.2 GB in float32 and half of that in bfloat16 at full
// scale, the text encoder's token table). What a fresh model would leave at zero gets small values instead, because gates and
// heads of zero would make every film the same grey. Files appear whole or not at all; the observer sees megabytes.
// Throws InvalidRequest where a file is there already, ResourceError where the disk has no room for everything, both before
// anything is written, and Cancelled when the observer asks for it: whole files are then kept.
void synthesise(const std::string& root, const SynthesisOptions& options, const Observer& observer);

}  // namespace phonofilm::ovi

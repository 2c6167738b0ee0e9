// Random weights in Ovi's published layout (families/synthesis.h): full 39 GB, half 6 GB, toy 12 MB.
#pragma once

#include <string>

#include "phonofilm/base/progress.h"
#include "phonofilm/families/ovi/networks.h"
#include "phonofilm/families/synthesis.h"

namespace phonofilm::ovi {

using families::Scale;

// The sizes of all networks at a scale (those of Wan 2.2: wan22.h). The channels of both latents are those of the published model.
FolderConfig config_at(Scale scale);

struct SynthesisOptions {
  Scale scale = Scale::full;
  Variant variant = variants().front();
  std::uint64_t seed = 0;
  bool overwrite = false;  // files that are there already
};

// Bytes of all files together, a few thousand more or less.
double synthesis_bytes(const SynthesisOptions& options);

// Writes every file but the tokenizer's. Throws InvalidRequest where a file is there already, ResourceError where the disk has no
// room for everything, both before anything is written, and Cancelled when the observer asks for it.
void synthesise(const std::string& root, const SynthesisOptions& options, const Observer& observer);

}  // namespace phonofilm::ovi

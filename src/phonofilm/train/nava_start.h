// What NAVA's backbone starts from in a training: the folder's own weights, those of Wan 2.2's video model, or none.
#pragma once

#include <cstdint>
#include <memory>

#include "phonofilm/families/nava/transformer.h"
#include "phonofilm/train/nava_options.h"

namespace phonofilm::train {

// Throws CheckpointError where the weights that options.start names are missing, do not fit the backbone, or have 8
// bits. Reads no value, so that it can be asked before clips are encoded for hours.
void check_nava_start(const NavaTaskOptions& options, const nava::NavaConfig& backbone);

// The backbone in float32, whatever its file holds: an update of a thousandth of a bfloat16 weight would be rounded
// away. seed: of what is drawn anew. Throws as check_nava_start.
std::unique_ptr<nava::NavaTransformer> make_nava_backbone(const NavaTaskOptions& options,
                                                          const nava::NavaConfig& backbone, std::uint64_t seed);

}  // namespace phonofilm::train

// The networks of an Ovi folder that make its sound, each loaded when it is needed and dropped afterwards (those of Wan 2.2
// likewise: wan22.h), so that they are never in memory together. Their sizes are those of networks.h.
// Both throw CheckpointError for files that are missing, damaged or of other shapes.
#pragma once

#include <memory>

#include "phonofilm/autoencoders/mmaudio_vae/mmaudio_vae.h"
#include "phonofilm/families/ovi/checkpoint.h"
#include "phonofilm/vocoders/bigvgan/bigvgan.h"

namespace phonofilm::ovi {

// dtype: of matrix products and convolutions.
std::unique_ptr<autoencoders::MmaudioVae> load_audio_vae(const OviFolder& folder, at::ScalarType dtype);
std::unique_ptr<vocoders::BigVgan> load_vocoder(const OviFolder& folder, at::ScalarType dtype);

}  // namespace phonofilm::ovi

// The networks of an Ovi folder besides the towers, each loaded when it is needed and dropped afterwards, so that they are
// never in memory together. Their sizes are those of networks.h.
// All of these throw CheckpointError for files that are missing, damaged or of other shapes.
#pragma once

#include <memory>

#include "phonofilm/autoencoders/mmaudio_vae/mmaudio_vae.h"
#include "phonofilm/autoencoders/wan22_vae/wan22_vae.h"
#include "phonofilm/families/ovi/checkpoint.h"
#include "phonofilm/text_encoders/umt5/umt5_encoder.h"
#include "phonofilm/vocoders/bigvgan/bigvgan.h"

namespace phonofilm::ovi {

// Its weights stay as they are in the file.
std::unique_ptr<text_encoders::Umt5Encoder> load_text_encoder(const OviFolder& folder);
// dtype: of matrix products and convolutions.
std::unique_ptr<autoencoders::Wan22Vae> load_video_vae(const OviFolder& folder, at::ScalarType dtype);
std::unique_ptr<autoencoders::MmaudioVae> load_audio_vae(const OviFolder& folder, at::ScalarType dtype);
std::unique_ptr<vocoders::BigVgan> load_vocoder(const OviFolder& folder, at::ScalarType dtype);

}  // namespace phonofilm::ovi

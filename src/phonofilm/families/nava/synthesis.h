// Random weights in NAVA's published layout (families/synthesis.h): full 40 GB (not yet written), half 6.6 GB, toy 19
// MB. The speaker encoder is written as safetensors.
#pragma once

#include <string>

#include "phonofilm/autoencoders/ltx_audio_vae/config.h"
#include "phonofilm/base/progress.h"
#include "phonofilm/families/nava/config.h"
#include "phonofilm/families/synthesis.h"
#include "phonofilm/speaker_encoders/redimnet/config.h"
#include "phonofilm/vocoders/ltx_vocoder/config.h"

namespace phonofilm::nava {

// Sizes of the networks at a scale; those of Wan 2.2 are wan22.h's.
struct FolderConfig {
  NavaConfig backbone{};
  autoencoders::LtxAudioVaeConfig audio_vae{};
  vocoders::LtxVocoderConfig vocoder{};
  speaker_encoders::ReDimNetConfig speaker{};
};
FolderConfig config_at(families::Scale scale);

struct SynthesisOptions {
  families::Scale scale = families::Scale::full;
  std::uint64_t seed = 0;
  bool overwrite = false;  // files that are there already
};

// Bytes of all files together, a few thousand more or less.
double synthesis_bytes(const SynthesisOptions& options);

// Writes every file but the tokenizer's. Throws InvalidRequest where a file is there already, ResourceError where the
// disk has no room for everything, both before anything is written, and Cancelled when the observer asks for it.
void synthesise(const std::string& root, const SynthesisOptions& options, const Observer& observer);

}  // namespace phonofilm::nava

// A speaker encoder with random weights and few of them.
#pragma once

#include <string>

#include "phonofilm/base/files.h"
#include "phonofilm/speaker_encoders/redimnet/redimnet.h"

namespace phonofilm::test {

inline speaker_encoders::ReDimNetConfig tiny_redimnet() {
  speaker_encoders::ReDimNetConfig config;
  config.mels = 24, config.channels = 4, config.group_divisor = 2, config.embed_dim = 16, config.hop_length = 200;
  config.stages = {{2, 1, 3, 8}, {2, 1, 3, 8}};
  return config;
}

// As `folder`/model.safetensors.
inline void write_tiny_speaker(const std::string& folder) {
  speaker_encoders::ReDimNet model(tiny_redimnet());
  model.initialise(7);
  make_folder(folder);
  speaker_encoders::save_redimnet(model, folder + "/model.safetensors");
}

}  // namespace phonofilm::test

// The shape of a ReDimNet (Yakovlev et al. 2024, arXiv 2407.18223), by the names of the publisher's constructor
// arguments.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "phonofilm/base/fields.h"

namespace phonofilm::speaker_encoders {

struct ReDimNetStage {
  std::int64_t stride = 1;     // mel rows that become one; there are as many times more channels
  std::int64_t blocks = 1;     // two-dimensional blocks
  std::int64_t kernel = 3;     // of their grouped convolutions, rows and frames
  std::int64_t reduction = 1;  // width of a frame over that of the time context
};

// Defaults are the "M" layout as far as it is known without its file: 4,234,193 trained weights in six stages. A
// published file carries its own configuration, which is the one to use (load_redimnet).
struct ReDimNetConfig {
  std::int64_t mels = 72;          // "F"
  std::int64_t channels = 16;      // "C", at full mel resolution
  std::int64_t group_divisor = 4;  // channels in each group of the grouped convolutions
  std::int64_t embed_dim = 192;    // numbers of an embedding
  std::int64_t hop_length = 160;   // samples between mel frames
  std::vector<ReDimNetStage> stages{{1, 2, 3, 12}, {2, 2, 3, 12}, {1, 3, 3, 12},
                                    {2, 4, 3, 8},  {1, 4, 3, 8},  {2, 4, 3, 4}};

  Fields fields();  // all but the stages
  std::int64_t width() const { return mels * channels; }  // of a frame; every stage keeps it
  // Throws InvalidRequest where fields contradict each other or ask for sizes beyond all published ones.
  void validate(std::string_view where) const;
};

// Reads the publisher's `model_config`. What this implementation has one form of (attention as the block over time,
// ConvNeXt-like blocks over the picture, attentive statistics pooling, the plain front end, one square kernel and no
// expansion in a stage) must not be asked for otherwise; dropout, augmentation and classes are of training and are
// checked but not kept. Throws InvalidRequest for a missing, unknown or impossible entry; `where` names the file.
ReDimNetConfig read_redimnet_config(const nlohmann::json& published, std::string_view where);
// A `model_config` that reads back as this one.
nlohmann::json write_redimnet_config(ReDimNetConfig config);

}  // namespace phonofilm::speaker_encoders

// Sizes of a BigVGAN (Lee et al. 2023): stages of a transposed convolution and parallel residual blocks.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "phonofilm/base/fields.h"

namespace phonofilm::vocoders {

// The defaults are the published 16 kHz model; its mel is autoencoders::mmaudio_mel (log10).
struct BigVganConfig {
  std::int64_t num_mels = 80;
  std::int64_t upsample_initial_channel = 1536;  // halved by every stage
  std::vector<std::int64_t> upsample_rates{4, 4, 2, 2, 2, 2}, upsample_kernel_sizes{8, 8, 4, 4, 4, 4};
  std::vector<std::int64_t> resblock_kernel_sizes{3, 7, 11};  // parallel blocks after every stage
  std::vector<std::int64_t> resblock_dilations{1, 3, 5};      // of all of them

  std::int64_t hop() const;  // samples per mel frame
  std::int64_t width_after(std::size_t stages) const { return upsample_initial_channel >> stages; }
  Fields fields();
  // Throws InvalidRequest where fields contradict each other.
  void validate(std::string_view where) const;
};

// Reads the publisher's configuration, which nests the dilations ("resblock_dilation_sizes") and holds training options
// besides; those are skipped. Throws InvalidRequest for a network of another kind (activation, block, linear
// parameters).
BigVganConfig read_bigvgan_config(const nlohmann::json& published, std::string_view where);

}  // namespace phonofilm::vocoders

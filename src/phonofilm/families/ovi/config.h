// The shape of Ovi's twin towers: the published JSON fields by their published names.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "phonofilm/base/fields.h"
#include "phonofilm/dit/tower_block.h"
#include "phonofilm/dit/token_layout.h"

namespace phonofilm::ovi {

// One tower. Defaults are those of the published video tower; see OviConfig for the audio tower's.
struct TowerConfig {
  std::string model_type = "ti2v";                // "ti2v" the video tower, "t2a" the audio tower
  std::vector<std::int64_t> patch_size{1, 2, 2};  // latent frames, rows, columns per token; {1}: a latent frame of sound
  std::int64_t dim = 3072, ffn_dim = 14336, freq_dim = 256, num_heads = 24, num_layers = 30;
  std::int64_t in_dim = 48, out_dim = 48;
  std::int64_t text_len = 512, text_dim = 4096;
  std::vector<std::int64_t> window_size{-1, -1};
  bool qk_norm = true, cross_attn_norm = true;
  double eps = 1e-6;
  double temporal_rope_scaling_factor = 1;  // RoPE time units (latent frames of video) per token of sound

  dit::TowerBlockOptions block() const { return {{dim, num_heads, eps}, ffn_dim}; }
  Fields fields();
};

struct OviConfig {
  TowerConfig video;
  TowerConfig audio = published_audio();

  static TowerConfig published_audio();
  dit::LayoutOptions layout() const;
  // Throws InvalidRequest where fields contradict each other, the towers do not fit together, or something is asked for
  // that no published model has. `where` names the file in errors.
  void validate(std::string_view where) const;
};

OviConfig read_ovi_config(const nlohmann::json& video, const nlohmann::json& audio, std::string_view where);

}  // namespace phonofilm::ovi

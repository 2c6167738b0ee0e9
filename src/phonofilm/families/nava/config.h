// The shape of a NAVA transformer: the published JSON fields by their published names, and a few more that let the
// same code be a small model (their defaults are the published behaviour).
#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "phonofilm/base/fields.h"
#include "phonofilm/dit/attention.h"
#include "phonofilm/dit/embeddings.h"
#include "phonofilm/dit/token_layout.h"

namespace phonofilm::nava {

// Defaults are the released 6.3 B model (NAVA_6B.json with the two flags of its YAML).
struct NavaConfig {
  std::string model_type = "ti2v";
  std::vector<std::int64_t> patch_size{1, 2, 2};  // latent frames, rows, columns per video token
  std::int64_t dim = 3072, ffn_dim = 14336, freq_dim = 256, num_heads = 24;
  std::int64_t num_double_layers = 10, num_single_layers = 20, num_double_final_layers = 0;
  std::int64_t num_layers = 0;  // 0: the sum of the above
  std::int64_t vid_in_dim = 48, vid_out_dim = 48, audio_in_dim = 128, audio_out_dim = 128;
  std::int64_t text_len = 512, text_dim = 4096, spk_dim = 192;
  std::vector<std::int64_t> window_size{-1, -1};
  bool qk_norm = true, cross_attn_norm = true;
  double eps = 1e-6;
  bool add_spk_emb = true;        // voices may replace context rows
  bool no_split_norm_ffn = true;  // double blocks share norm3 and FFN between the modalities

  // RoPE. Audio token p stands at time p * temporal_rope_scaling_factor, video latent frame f at f * rope_video_scale.
  double temporal_rope_scaling_factor = 0.24, rope_video_scale = 1.0, rope_theta_time = 10000.0;
  std::vector<std::int64_t> rope_pairs;  // rotated pairs per head for time, height, width; empty: Wan's rule

  std::int64_t audio_embed_kernel = 7;
  std::int64_t audio_embed_hidden = 0;  // 0: 8/3 of dim, rounded up to a multiple of 256
  // [rows, columns] of a learned position embedding of video tokens, with a vector for the first latent frame (which
  // holds one picture where the others hold several); empty: none.
  std::vector<std::int64_t> position_grid;
  // Where picture and sound meet, for comparisons of architectures. A double block's streams meet in one "joint" attention
  // (published), or hear each other by cross-attention as "twin" towers do (Ovi's block).
  std::string double_block = "joint";
  bool exchange = true;  // false: picture and sound never attend to each other, a control
  // Voices are added to rows of their own lines, which still say what they said before: here to the row of the
  // sentinel, in the small model to all rows of the line. The published model replaces the sentinel's row, after which
  // nothing tells one voice's line from another's.
  bool bind_voices = false;

  bool zero_init_audio_head = false;       // initialisation only: the published model zeroes the video head alone
  bool xavier_text_embedding = false;  // initialisation only: the published N(0, 0.02) suits the wide rows of umT5; at
                                       // small width it leaves all rows nearly equal, and the text goes unread
  bool zero_init_cross_attention = false;  // initialisation only: text enters as training asks for it

  std::int64_t layers() const { return num_double_layers + num_single_layers; }
  std::int64_t head_dim() const { return dim / num_heads; }
  std::array<std::int64_t, 3> axis_pairs() const;  // rope_pairs, or Wan's rule: 22, 21, 21 for a head of 128
  dit::LayoutOptions layout() const;
  dit::AttentionOptions attention() const { return {dim, num_heads, eps}; }
  dit::AudioEmbedding::Options audio_embedding() const { return {audio_in_dim, dim, audio_embed_hidden, audio_embed_kernel}; }
  bool has_position_grid() const { return !position_grid.empty(); }

  Fields fields();
  // Throws InvalidRequest where fields contradict each other or ask for what no published model has.
  void validate(std::string_view where) const;
};

// `where` names the file in errors.
NavaConfig read_nava_config(const nlohmann::json& object, std::string_view where);
nlohmann::json write_nava_config(NavaConfig config);

}  // namespace phonofilm::nava

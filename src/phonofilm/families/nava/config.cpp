#include "phonofilm/families/nava/config.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"

namespace phonofilm::nava {
namespace {

// Far above any published model, and low enough that no product of a few of them overflows.
constexpr double kMostLayers = 1000, kWidest = 1 << 20;

Fields published_fields(NavaConfig& c) {
  return {
      {"model_type", &c.model_type, "Wan's name of the task", {}, {}, {"ti2v"}},
      {"patch_size", &c.patch_size, "latent frames, rows and columns per video token", 1, 64},
      {"dim", &c.dim, "width of a token", 1, kWidest},
      {"ffn_dim", &c.ffn_dim, "hidden width of the feed-forward layers", 1, kWidest},
      {"freq_dim", &c.freq_dim, "width of the timestep sinusoid", 2, kWidest},
      {"num_heads", &c.num_heads, "attention heads", 1, kWidest},
      {"num_layers", &c.num_layers, "all blocks; 0: the sum of double and single blocks", 0, kMostLayers},
      {"num_double_layers", &c.num_double_layers, "blocks with weights per modality", 0, kMostLayers},
      {"num_single_layers", &c.num_single_layers, "blocks with shared weights", 0, kMostLayers},
      {"num_double_final_layers", &c.num_double_final_layers, "not used by any published model", 0, 0},
      {"vid_in_dim", &c.vid_in_dim, "channels of the video latent", 1, kWidest},
      {"vid_out_dim", &c.vid_out_dim, "channels of the video velocity", 1, kWidest},
      {"audio_in_dim", &c.audio_in_dim, "channels of the audio latent", 1, kWidest},
      {"audio_out_dim", &c.audio_out_dim, "channels of the audio velocity", 1, kWidest},
      {"text_len", &c.text_len, "context rows, padding included", 1, kWidest},
      {"text_dim", &c.text_dim, "width of a context row from the text encoder", 1, kWidest},
      {"spk_dim", &c.spk_dim, "width of a speaker embedding", 1, kWidest},
      {"window_size", &c.window_size, "attention window; only [-1, -1], no window, is supported"},
      {"qk_norm", &c.qk_norm, "RMS norm of queries and keys; must be true"},
      {"cross_attn_norm", &c.cross_attn_norm, "affine norm before cross-attention; must be true"},
      {"eps", &c.eps, "of the norms", 0.0, 1e-2},
      {"temporal_rope_scaling_factor", &c.temporal_rope_scaling_factor, "RoPE time units per audio token", 0.0},
      {"add_spk_emb", &c.add_spk_emb, "voices may replace context rows"},
      {"no_split_norm_ffn", &c.no_split_norm_ffn, "double blocks share norm3 and FFN between the modalities"},
  };
}

Fields small_model_fields(NavaConfig& c) {
  return {
      {"rope_video_scale", &c.rope_video_scale, "RoPE time units per latent frame", 0.0},
      {"rope_theta_time", &c.rope_theta_time, "slowest time wavelength of RoPE over 2 pi", 1.0},
      {"rope_pairs", &c.rope_pairs, "rotated pairs per head for time, height, width; empty: Wan's rule", 1, kWidest},
      {"audio_embed_kernel", &c.audio_embed_kernel, "kernel of the audio embedding's convolutions, odd", 1, 63},
      {"audio_embed_hidden", &c.audio_embed_hidden, "hidden width of the audio embedding; 0: 8/3 of dim", 0, kWidest},
      {"position_grid", &c.position_grid, "rows and columns of a learned position embedding; empty: none", 1, 4096},
      {"double_block", &c.double_block, "how the streams of a double block meet", {}, {}, {"joint", "twin"}},
      {"exchange", &c.exchange, "picture and sound attend to each other"},
      {"bind_voices", &c.bind_voices, "voices are added to the rows of their lines instead of replacing them"},
      {"zero_init_audio_head", &c.zero_init_audio_head, "start with zero audio velocity"},
      {"xavier_text_embedding", &c.xavier_text_embedding, "start with text rows that differ"},
      {"zero_init_cross_attention", &c.zero_init_cross_attention, "start without text"},
  };
}

void check(bool holds, std::string_view where, std::string_view rule) {
  PF_CHECK(holds, InvalidRequest, "config", where, ": ", rule);
}

bool all_positive(const std::vector<std::int64_t>& sizes) {
  for (const std::int64_t size : sizes) {
    if (size < 1) return false;
  }
  return true;
}

void check_rope(const NavaConfig& c, std::string_view where) {
  check(c.rope_pairs.empty() || (c.rope_pairs.size() == 3 && all_positive(c.rope_pairs)), where,
        "rope_pairs must be empty or three positive numbers");
  const auto pairs = c.axis_pairs();
  check(all_positive({pairs[0], pairs[1], pairs[2]}), where, "a head needs at least 6 channels for RoPE");
  check(pairs[0] + pairs[1] + pairs[2] == c.head_dim() / 2, where, "rope_pairs must add up to half of dim / num_heads");
}

}  // namespace

std::array<std::int64_t, 3> NavaConfig::axis_pairs() const {
  if (rope_pairs.size() == 3) return {rope_pairs[0], rope_pairs[1], rope_pairs[2]};
  return dit::wan_rope_pairs(head_dim());
}

dit::LayoutOptions NavaConfig::layout() const {
  return {{patch_size[1], patch_size[2]}, axis_pairs(), rope_video_scale, temporal_rope_scaling_factor, rope_theta_time};
}

Fields NavaConfig::fields() {
  Fields all = published_fields(*this);
  for (Field& field : small_model_fields(*this)) all.push_back(std::move(field));
  return all;
}

void NavaConfig::validate(std::string_view where) const {
  check(patch_size.size() == 3 && all_positive(patch_size), where, "patch_size must be three positive numbers");
  check(patch_size[0] == 1, where, "patch_size must hold one latent frame");
  check(dim % num_heads == 0 && head_dim() % 2 == 0, where, "dim must be num_heads times an even head width");
  check(freq_dim % 2 == 0, where, "freq_dim must be even");
  check(num_layers == 0 || num_layers == layers(), where,
        "num_layers must be num_double_layers + num_single_layers");
  check(qk_norm && cross_attn_norm, where, "qk_norm and cross_attn_norm must be true");
  check(window_size == std::vector<std::int64_t>{-1, -1}, where, "window_size must be [-1, -1]");
  check(vid_in_dim == vid_out_dim && audio_in_dim == audio_out_dim, where, "a velocity has the channels of its latent");
  check(double_block == "joint" || !no_split_norm_ffn, where, "twin blocks share nothing: no_split_norm_ffn must be false");
  check(audio_embed_kernel % 2 == 1, where, "audio_embed_kernel must be odd");
  check(position_grid.empty() || (position_grid.size() == 2 && all_positive(position_grid)), where,
        "position_grid must be empty or two positive numbers");
  check_rope(*this, where);
}

NavaConfig read_nava_config(const nlohmann::json& object, std::string_view where) {
  NavaConfig config;
  read_json(object, config.fields(), where);
  config.validate(where);
  config.num_layers = config.layers();
  return config;
}

nlohmann::json write_nava_config(NavaConfig config) { return write_json(config.fields()); }

}  // namespace phonofilm::nava

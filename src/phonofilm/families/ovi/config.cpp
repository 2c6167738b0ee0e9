#include "phonofilm/families/ovi/config.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"

namespace phonofilm::ovi {
namespace {

void check(bool holds, std::string_view where, std::string_view tower, std::string_view rule) {
  PF_CHECK(holds, InvalidRequest, "config", where, ": ", tower, " tower: ", rule);
}

void check_tower(const TowerConfig& c, std::string_view where, std::string_view name) {
  check(c.dim % c.num_heads == 0 && c.dim / c.num_heads % 2 == 0 && c.dim / c.num_heads >= 6, where, name,
        "dim must be num_heads times an even head width of at least 6");
  check(c.freq_dim % 2 == 0, where, name, "freq_dim must be even");
  check(c.in_dim == c.out_dim, where, name, "a velocity has the channels of its latent: in_dim must be out_dim");
  check(c.window_size == std::vector<std::int64_t>{-1, -1}, where, name, "window_size must be [-1, -1]");
  check(c.qk_norm && c.cross_attn_norm, where, name, "qk_norm and cross_attn_norm must be true");
}

// Far above any published model, and low enough that no product of a few of them overflows.
constexpr double kMostLayers = 1000, kWidest = 1 << 20;

}  // namespace

Fields TowerConfig::fields() {
  return {
      {"model_type", &model_type, "Wan's name of the task", {}, {}, {"ti2v", "t2a"}},
      {"patch_size", &patch_size, "latent frames, rows and columns per token", 1, 64},
      {"dim", &dim, "width of a token", 1, kWidest},
      {"ffn_dim", &ffn_dim, "hidden width of the feed-forward layers", 1, kWidest},
      {"freq_dim", &freq_dim, "width of the timestep sinusoid", 2, kWidest},
      {"num_heads", &num_heads, "attention heads", 1, kWidest},
      {"num_layers", &num_layers, "blocks", 1, kMostLayers},
      {"in_dim", &in_dim, "channels of the latent", 1, kWidest},
      {"out_dim", &out_dim, "channels of the velocity", 1, kWidest},
      {"text_len", &text_len, "context rows, padding included", 1, kWidest},
      {"text_dim", &text_dim, "width of a context row from the text encoder", 1, kWidest},
      {"window_size", &window_size, "attention window; only [-1, -1], no window, is supported"},
      {"qk_norm", &qk_norm, "RMS norm of queries and keys; must be true"},
      {"cross_attn_norm", &cross_attn_norm, "affine norm before cross-attention; must be true"},
      {"eps", &eps, "of the norms", 0.0, 1e-2},
      {"temporal_rope_scaling_factor", &temporal_rope_scaling_factor, "RoPE time units per audio token", 0.0, 1e6},
  };
}

TowerConfig OviConfig::published_audio() {
  TowerConfig audio;
  audio.model_type = "t2a";
  audio.patch_size = {1};
  audio.in_dim = audio.out_dim = 20;
  audio.temporal_rope_scaling_factor = 0.19676;
  return audio;
}

dit::LayoutOptions OviConfig::layout() const {
  dit::LayoutOptions options;
  options.patch = {video.patch_size[1], video.patch_size[2]};
  options.rope_pairs = dit::wan_rope_pairs(video.dim / video.num_heads);
  options.audio_scale = audio.temporal_rope_scaling_factor;
  return options;
}

void OviConfig::validate(std::string_view where) const {
  check_tower(video, where, "video");
  check_tower(audio, where, "audio");
  check(video.model_type == "ti2v" && video.patch_size.size() == 3 && video.patch_size[0] == 1, where, "video",
        "must be of type ti2v with a patch of one latent frame, rows and columns");
  check(audio.model_type == "t2a" && audio.patch_size == std::vector<std::int64_t>{1}, where, "audio",
        "must be of type t2a with patch_size [1]");
  const bool alike = video.dim == audio.dim && video.num_heads == audio.num_heads && video.num_layers == audio.num_layers &&
                     video.text_len == audio.text_len && video.text_dim == audio.text_dim;
  check(alike, where, "audio", "dim, num_heads, num_layers, text_len and text_dim must be those of the video tower");
}

OviConfig read_ovi_config(const nlohmann::json& video, const nlohmann::json& audio, std::string_view where) {
  OviConfig config;
  read_json(video, config.video.fields(), concat(where, "/video.json"));
  read_json(audio, config.audio.fields(), concat(where, "/audio.json"));
  config.validate(where);
  return config;
}

}  // namespace phonofilm::ovi

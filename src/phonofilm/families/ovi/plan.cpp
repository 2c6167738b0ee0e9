#include "phonofilm/families/ovi/plan.h"

#include "phonofilm/base/text.h"
#include "phonofilm/families/ovi/networks.h"
#include "phonofilm/families/wan22.h"

namespace phonofilm::ovi {
namespace {

double bytes_of(const OviFolder& folder, const std::string& path) {
  for (const Part& part : folder.parts) {
    if (part.path == path) return double(part.bytes);
  }
  return 0;
}

// Of both texts for every block of both towers, in two bytes.
double text_key_bytes(const TowerConfig& c) { return 2.0 * 2 * 2 * 2 * double(c.num_layers * c.text_len) * double(c.dim); }

std::vector<families::WorkPlan::Memory> memory_of(const OviFolder& folder, const TowerConfig& c, const nn::MemoryPlan& towers) {
  return {{"text encoder", bytes_of(folder, folder.text_encoder), "while the prompt is encoded, then dropped"},
          {"towers", double(towers.on_device()), concat("while denoising: ", nn::describe(towers))},
          {"text keys", text_key_bytes(c), "while denoising: keys and values of the texts"},
          {"audio autoencoder", bytes_of(folder, folder.audio_vae), "while the sound is decoded, then dropped"},
          {"vocoder", bytes_of(folder, folder.vocoder), "while the sound is decoded, then dropped"},
          {"video autoencoder", bytes_of(folder, folder.video_vae), "while the picture is decoded, then dropped"}};
}

// Residual streams in float32, and of one block: normed tokens, queries, keys, values and the hidden rows of a
// feed-forward layer, in two bytes each.
double activation_bytes(const TowerConfig& c, std::int64_t tokens, std::int64_t passes) {
  const double per_token = 2 * 4 * double(c.dim) + 2 * (4 * double(c.dim) + double(c.ffn_dim));
  return double(passes * tokens) * per_token;
}

}  // namespace

double block_flop(const OviConfig& config, std::int64_t video, std::int64_t audio) {
  const TowerConfig& c = config.video;
  const double d = double(c.dim), f = double(c.ffn_dim), text = double(c.text_len);
  const auto tower = [&](double own, double other) {
    const double products = own * (12 * d * d + 4 * d * f);  // self q, k, v, o; cross q, o; feed-forward
    const double attention = 4 * own * own * d + 4 * own * (text + other) * d;
    return own == 0 ? 0 : products + attention + 4 * other * d * d;  // and keys and values of the other tower
  };
  return tower(double(video), double(audio)) + tower(double(audio), double(video));
}

families::WorkPlan plan_work(const OviFolder& folder, const nn::MemoryPlan& towers, const families::Generator::LatentShape& shape,
                             const families::Sampling& sampling) {
  const OviConfig config = read_tower_config(folder.root);
  families::WorkPlan plan;
  const std::int64_t patch = config.video.patch_size[1] * config.video.patch_size[2];
  if (!shape.video.empty()) plan.video_tokens = shape.video[2] * shape.video[3] * shape.video[4] / patch;
  if (!shape.audio.empty()) plan.audio_tokens = shape.audio[2];
  plan.text_tokens = config.video.text_len;
  const auto& text = sampling.guidance.text;
  plan.passes = text.video != 1 || text.audio != 1 ? 2 : 1;
  const std::int64_t skipped = sampling.skipped_block();
  const bool skips = plan.passes == 2 && skipped >= 0 && skipped < config.video.num_layers;
  const double blocks = double(plan.passes * config.video.num_layers - (skips ? 1 : 0));
  constexpr std::int64_t kTexts = 3;  // the prompt and two negative ones
  plan.encode_flop = wan22::encode_flop(wan22::read_text_config(folder.root), kTexts, plan.text_tokens);
  plan.step_flop = blocks * block_flop(config, plan.video_tokens, plan.audio_tokens);
  if (!shape.video.empty()) {
    plan.decode_flop = autoencoders::wan22_decode_flop(wan22::read_video_vae_config(folder.root), shape.video[2], shape.video[3],
                                                       shape.video[4]);
  }
  plan.memory = memory_of(folder, config.video, towers);
  plan.activation_bytes = activation_bytes(config.video, plan.video_tokens + plan.audio_tokens, plan.passes);
  return plan;
}

}  // namespace phonofilm::ovi

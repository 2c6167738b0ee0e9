#include "phonofilm/families/nava/plan.h"

#include <filesystem>

#include "phonofilm/base/text.h"
#include "phonofilm/families/nava/checkpoint.h"
#include "phonofilm/families/nava/guided.h"
#include "phonofilm/families/wan22.h"

namespace phonofilm::nava {
namespace {

double bytes_of(const std::string& root, const std::string& file) {
  std::error_code missing;
  const auto bytes = std::filesystem::file_size(root + "/" + file, missing);
  return missing ? 0 : double(bytes);
}

std::vector<families::WorkPlan::Memory> memory_of(const std::string& root, const nn::MemoryPlan& backbone) {
  return {
      {"text encoder", bytes_of(root, wan22::kTextEncoderFile), "while the prompt is encoded, then dropped"},
      {"speaker encoder", bytes_of(root, speaker_file(root)), "while reference voices are listened to, then dropped"},
      {"backbone", double(backbone.on_device()), concat("while denoising: ", nn::describe(backbone))},
      {"audio autoencoder and vocoder", bytes_of(root, kSoundFile), "while the sound is decoded, then dropped"},
      {"video autoencoder", bytes_of(root, wan22::kVideoVaeFile), "while the picture is decoded, then dropped"}};
}

}  // namespace

double pass_flop(const NavaConfig& c, std::int64_t video, std::int64_t audio, bool masked) {
  const double d = double(c.dim), tokens = double(video + audio);
  const double layers = double(c.layers());
  const double products = tokens * (6 * d * d + 2 * d * double(c.ffn_dim));  // q, k, v, o; cross q and o; feed-forward
  const double pairs = masked ? double(video) * double(video) + double(audio) * double(audio) : tokens * tokens;
  return 2 * layers * (products + 2 * (pairs + tokens * double(c.text_len)) * d);
}

families::WorkPlan plan_work(const std::string& root, const NavaConfig& config, const nn::MemoryPlan& backbone,
                             const families::Generator::LatentShape& shape, const diffusion::GuidanceScales& scales) {
  families::WorkPlan plan;
  if (!shape.video.empty()) {  // odd sides are padded to whole tokens
    const std::int64_t frames = shape.video[2], h = shape.video[3], w = shape.video[4];
    plan.video_tokens = frames * ((h + 1) / 2) * ((w + 1) / 2);
    plan.decode_flop = autoencoders::wan22_decode_flop(wan22::read_video_vae_config(root), frames, h, w);
  }
  if (!shape.audio.empty()) plan.audio_tokens = shape.audio[2];
  plan.text_tokens = config.text_len;
  plan.passes = pass_count(scales);
  constexpr std::int64_t kTexts = 2;  // the prompt and the negative one
  plan.encode_flop = wan22::encode_flop(wan22::read_text_config(root), kTexts, plan.text_tokens);
  const std::int64_t masked = scales.use_align ? 1 : 0, open = plan.passes - masked;  // the open passes are one batch
  plan.step_flop = double(open) * pass_flop(config, plan.video_tokens, plan.audio_tokens, false) +
                   double(masked) * pass_flop(config, plan.video_tokens, plan.audio_tokens, true);
  plan.memory = memory_of(root, backbone);
  // The residual stream in float32, and of one block: normed tokens, queries, keys, values and a feed-forward layer's
  // rows.
  const double per_token = 2 * 4 * double(config.dim) + 2 * (4 * double(config.dim) + double(config.ffn_dim));
  plan.activation_bytes = double(open * (plan.video_tokens + plan.audio_tokens)) * per_token;
  return plan;
}

}  // namespace phonofilm::nava

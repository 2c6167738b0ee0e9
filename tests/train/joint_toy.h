// The joint task on the embedded model's codecs, with a handful of clips and a tiny transformer.
#pragma once

#include <nlohmann/json.hpp>

#include "phonofilm/base/fields.h"
#include "phonofilm/train/joint_task.h"
#include "support/support.h"

namespace phonofilm::test {

using nlohmann::json;

inline const std::string kMini = std::string(PHONOFILM_SOURCE_DIR) + "/models/mini/";

inline json tiny_options(const std::string& cache) {
  return {{"video_autoencoder", kMini + "video_autoencoder"}, {"audio_autoencoder", kMini + "audio_autoencoder"},
          {"vocoder", kMini + "vocoder"}, {"cache", cache}, {"clips", 8}, {"validation_clips", 4}, {"batch", 2},
          {"text_encoder", {{"width", 16}, {"heads", 2}, {"layers", 1}, {"max_tokens", 24}}},
          {"transformer", {{"dim", 24}, {"ffn_dim", 32}, {"freq_dim", 16}, {"num_heads", 2}, {"num_double_layers", 1},
                           {"num_single_layers", 1}, {"vid_in_dim", 16}, {"vid_out_dim", 16}, {"audio_in_dim", 16},
                           {"audio_out_dim", 16}, {"add_spk_emb", false}}},
          {"model", {{"fps", 24}, {"sample_rate", 16000}, {"size", 96}}}};
}

inline std::unique_ptr<train::Task> make_joint(const json& options) {
  const json recipe{{"task", "joint"}, {"seed", 5}, {"steps", 10}, {"options", options}};
  return train::make_joint_task(train::parse_recipe(recipe, "test"), {}, ignore_progress);
}

// One plain gradient step. The model has to require gradients since before the loss.
inline void descend(train::Task& task, const train::StepLoss& loss, double rate) {
  loss.total.backward();
  const at::NoGradGuard no_grad;
  for (auto& [name, p] : task.model().named_parameters()) {
    if (!p.grad().defined()) continue;
    p.sub_(p.grad() * rate);
    p.mutable_grad() = Tensor();
  }
}

}  // namespace phonofilm::test

#include "phonofilm/train/joint_start.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/train/latent_cache.h"

namespace phonofilm::train {
namespace {

using text_encoders::WordTokenizer;

constexpr const char* kWordRows = "text_encoder.word_embedding.weight";
constexpr const char* kPlaceRows = "text_encoder.position_embedding";

// Rows [words, width]; marks that stand for no word come first in every vocabulary.
Tensor known_words(const Tensor& trained, const std::vector<std::string>& trained_words, const Tensor& fresh,
                   const std::vector<std::string>& words) {
  Tensor rows = fresh.clone();
  rows.narrow(0, 0, WordTokenizer::kFirstWord).copy_(trained.narrow(0, 0, WordTokenizer::kFirstWord));
  for (size_t i = 0; i < words.size(); ++i) {
    const auto found = std::find(trained_words.begin(), trained_words.end(), words[i]);
    if (found == trained_words.end()) continue;
    const std::int64_t from = WordTokenizer::kFirstWord + (found - trained_words.begin());
    rows[WordTokenizer::kFirstWord + std::int64_t(i)].copy_(trained[from]);
  }
  return rows;
}

Tensor known_places(const Tensor& trained, const Tensor& fresh) {
  Tensor rows = fresh.clone();
  const std::int64_t both = std::min(trained.size(0), fresh.size(0));
  rows.narrow(0, 0, both).copy_(trained.narrow(0, 0, both));
  return rows;
}

bool is_feed_forward(const std::string& name) { return name.find(".ffn") != std::string::npos; }

// The last layer of an attention or a feed-forward network: what it computes is added to the tokens.
bool writes_to_tokens(const std::string& name) {
  if (name.rfind("transformer.", 0) != 0) return false;
  for (const char* layer : {"_attn.o.", "_attn.o_audio.", ".ffn.2.", ".ffn_audio.2."}) {
    if (name.find(layer) != std::string::npos) return true;
  }
  return false;
}

// The trained rows and columns first; behind them hidden units that read as they were drawn and write nothing.
Tensor widened(const Tensor& trained, const Tensor& fresh, const std::string& name) {
  if (trained.dim() != fresh.dim()) return trained;
  Tensor wide = writes_to_tokens(name) ? at::zeros_like(fresh) : fresh.clone();
  Tensor leading = wide;
  for (std::int64_t d = 0; d < fresh.dim(); ++d) {
    if (trained.size(d) > fresh.size(d)) return trained;
    leading = leading.narrow(d, 0, trained.size(d));
  }
  leading.copy_(trained);
  return wide;
}

}  // namespace

void take_over(const nava::SmallBackbone& trained, nava::SmallBackbone& backbone, const std::string& folder) {
  std::map<std::string, Tensor> state = backbone.state_dict();
  const std::map<std::string, Tensor> fresh = state;
  for (auto& [name, value] : state) {
    if (writes_to_tokens(name)) value = at::zeros_like(value);
  }
  for (const auto& [name, value] : trained.named_parameters()) {
    state[name] = is_feed_forward(name) && fresh.contains(name) ? widened(value, fresh.at(name), name) : value;
  }
  // Rows of another width are left for the loading to refuse.
  if (state[kWordRows].size(1) == fresh.at(kWordRows).size(1)) {
    state[kWordRows] = known_words(state[kWordRows], trained.text_encoder().config().words, fresh.at(kWordRows),
                                   backbone.text_encoder().config().words);
    state[kPlaceRows] = known_places(state[kPlaceRows], fresh.at(kPlaceRows));
  }
  backbone.load(std::move(state), folder);
}

nava::SmallModelOptions model_around_start(const JointTaskOptions& options, const nava::SmallCodecs& codecs) {
  const std::string folder = std::filesystem::path(options.start).parent_path().string(), file = folder + "/model.json";
  PF_CHECK(is_file(file), CheckpointError, "recipe", file, " is missing: 'normalisation' is that of the start, which must "
           "be the folder 'backbone' of a model");
  for (const auto& [name, own] : {std::pair("/video_autoencoder", options.video_autoencoder),
                                  std::pair("/audio_autoencoder", options.audio_autoencoder)}) {
    const std::string weights = folder + name + "/model.safetensors";
    PF_CHECK(file_fingerprint(weights) == file_fingerprint(own + "/model.safetensors"), InvalidRequest, "recipe", weights,
             " and ", own, " are different autoencoders; their latents need 'normalisation': \"measured\"");
  }
  nava::SmallModelOptions model;
  read_json(load_json(file), model.fields(), file);
  nava::check_statistics(model, codecs, file);
  return model;
}

}  // namespace phonofilm::train

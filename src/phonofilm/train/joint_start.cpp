#include "phonofilm/train/joint_start.h"

#include <algorithm>

#include "phonofilm/tensor/ops.h"

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

}  // namespace

void take_over(const nava::SmallBackbone& trained, nava::SmallBackbone& backbone, const std::string& folder) {
  std::map<std::string, Tensor> state = backbone.state_dict();
  const std::map<std::string, Tensor> fresh = state;
  for (const auto& [name, value] : trained.named_parameters()) state[name] = value;
  // Rows of another width are left for the loading to refuse.
  if (state[kWordRows].size(1) == fresh.at(kWordRows).size(1)) {
    state[kWordRows] = known_words(state[kWordRows], trained.text_encoder().config().words, fresh.at(kWordRows),
                                   backbone.text_encoder().config().words);
    state[kPlaceRows] = known_places(state[kPlaceRows], fresh.at(kPlaceRows));
  }
  backbone.load(std::move(state), folder);
}

}  // namespace phonofilm::train

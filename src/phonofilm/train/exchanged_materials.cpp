#include "phonofilm/train/exchanged_materials.h"

#include <utility>
#include <vector>

#include "phonofilm/tensor/ops.h"
#include "phonofilm/world/world.h"

namespace phonofilm::train {

Tensor exchange_materials(const Tensor& tokens, const text_encoders::WordTokenizer& tokenizer) {
  Tensor exchanged = tokens.clone();
  std::vector<std::pair<std::int64_t, Tensor>> materials;  // of one caption: id and where it stands
  for (std::int64_t row = 0; row < tokens.size(0); ++row) {
    materials.clear();
    for (const std::string& name : world::materials()) {
      const auto word = tokenizer.encode(name, 1);
      if (!word.unknown.empty()) continue;  // this world has no such material
      const std::int64_t id = word.ids.at(0);
      const Tensor places = tokens[row].eq(id);
      if (places.any().item<bool>()) materials.emplace_back(id, places);
    }
    if (materials.size() != 2) continue;
    const auto& [first, first_places] = materials[0];
    const auto& [second, second_places] = materials[1];
    exchanged[row].masked_fill_(first_places, second).masked_fill_(second_places, first);
  }
  return exchanged;
}

}  // namespace phonofilm::train

// The recipes of the shipped study are comparable: same data, steps and optimizer, and as many parameters.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/families/nava/transformer.h"
#include "phonofilm/train/recipe.h"
#include "support/support.h"

using namespace phonofilm;

namespace {

nava::NavaConfig transformer_of(const nlohmann::json& recipe) {
  nlohmann::json config = recipe["options"]["transformer"];
  config["text_len"] = recipe["options"]["text_encoder"]["max_tokens"];
  config["text_dim"] = recipe["options"]["text_encoder"]["width"];
  return nava::read_nava_config(config, "test");
}

}  // namespace

TEST_CASE("the architectures of the study differ in nothing but their blocks") {
  const std::string folder = PHONOFILM_SOURCE_DIR "/recipes/lab/architectures/";
  const nlohmann::json reference = train::read_recipe(folder + "align_then_fuse.json");
  const double parameters = double(nava::NavaTransformer(transformer_of(reference)).parameter_count());
  std::int64_t recipes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    INFO(entry.path().string());
    nlohmann::json recipe = train::read_recipe(entry.path().string());
    CHECK_NOTHROW(train::parse_recipe(recipe, "test"));
    const double own = double(nava::NavaTransformer(transformer_of(recipe)).parameter_count());
    CHECK(std::abs(own / parameters - 1) < 0.002);
    for (const char* blocks : {"num_double_layers", "num_single_layers", "double_block", "exchange", "ffn_dim"}) {
      recipe["options"]["transformer"].erase(blocks);
    }
    nlohmann::json same = reference;
    for (const char* blocks : {"num_double_layers", "num_single_layers", "ffn_dim"}) same["options"]["transformer"].erase(blocks);
    CHECK(recipe == same);
    ++recipes;
  }
  CHECK(recipes == 5);
}

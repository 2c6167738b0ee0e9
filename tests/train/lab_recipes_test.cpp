// The recipes of the shipped study are comparable: same data, steps and optimizer, and as many parameters.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/fields.h"
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

TEST_CASE("the study of voices goes on from the shipped model, once with its insertion and once with the published one") {
  const std::string folder = PHONOFILM_SOURCE_DIR "/";
  const nlohmann::json bound = train::read_recipe(folder + "recipes/lab/voices/bound.json");
  nlohmann::json overwritten = train::read_recipe(folder + "recipes/lab/voices/overwritten.json");
  CHECK(overwritten["options"]["transformer"]["bind_voices"] == false);
  overwritten["options"]["transformer"]["bind_voices"] = true;
  CHECK(overwritten == bound);
  const std::string start = folder + bound["options"]["start"].get<std::string>();
  nava::NavaConfig shipped = nava::read_nava_config(load_json(start + "/config.json")["transformer"], "test");
  nlohmann::json studied = bound["options"]["transformer"];
  studied.update({{"text_len", shipped.text_len}, {"text_dim", shipped.text_dim}, {"spk_dim", shipped.spk_dim}});
  CHECK(nava::write_nava_config(nava::read_nava_config(studied, "test")) == nava::write_nava_config(shipped));
}

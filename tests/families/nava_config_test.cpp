#include "phonofilm/families/nava/config.h"

#include <set>

#include "families/nava_goldens.h"
#include "phonofilm/base/error.h"
#include "phonofilm/tensor/random.h"

using namespace phonofilm;
using namespace phonofilm::nava;

TEST_CASE("the released configuration has the published number of tensors and parameters") {
  const NavaTransformer model{NavaConfig{}};
  CHECK(model.parameter_count() == 6'296'995'520);
  CHECK(model.named_parameters().size() == 1052);
  for (const auto& [name, tensor] : model.named_parameters()) REQUIRE_FALSE(tensor.defined());
}

TEST_CASE("parameter counts of the released blocks") {
  nn::Module root;
  CHECK(DoubleBlock(root, "double", NavaConfig{}).parameter_count() == 239'209'472);
  CHECK(SingleBlock(root, "single", NavaConfig{}).parameter_count() == 163'656'704);
}

TEST_CASE("split norm and feed-forward add their tensors") {
  NavaConfig config = test::tiny_nava_config();
  const std::size_t shared = NavaTransformer(config).named_parameters().size();
  config.no_split_norm_ffn = false;
  const NavaTransformer model(config);
  std::set<std::string> names;
  for (const auto& [name, tensor] : model.named_parameters()) names.insert(name);
  CHECK(names.size() == shared + 2 * 6);
  for (const std::string name : {"norm3_audio.weight", "norm3_audio.bias", "ffn_audio.0.weight", "ffn_audio.2.bias"}) {
    CHECK(names.contains("double_blocks.1." + name));
  }
}

TEST_CASE("pairs of rotated channels") {
  NavaConfig config;
  CHECK(config.axis_pairs() == std::array<std::int64_t, 3>{22, 21, 21});
  CHECK(config.audio_embedding().hidden_width() == 8192);
  config.dim = 96;
  config.num_heads = 3;
  CHECK(config.axis_pairs() == std::array<std::int64_t, 3>{6, 5, 5});
  CHECK(config.audio_embedding().hidden_width() == 256);
}

TEST_CASE("a configuration survives writing and reading") {
  NavaConfig config = test::tiny_nava_config();
  config.rope_pairs = {8, 4, 4};
  config.position_grid = {4, 4};
  const NavaConfig again = read_nava_config(write_nava_config(config), "again");
  CHECK(again.rope_pairs == config.rope_pairs);
  CHECK(again.position_grid == config.position_grid);
  CHECK(write_nava_config(again) == write_nava_config(config));
}

TEST_CASE("contradictions are refused") {
  const auto refuse = [](const char* json) {
    CHECK_THROWS_AS(read_nava_config(nlohmann::json::parse(json), "test.json"), InvalidRequest);
  };
  refuse(R"({"num_layers": 7})");
  refuse(R"({"num_heads": 7})");
  refuse(R"({"qk_norm": false})");
  refuse(R"({"window_size": [4, 4]})");
  refuse(R"({"patch_size": [2, 2, 2]})");
  refuse(R"({"patch_size": [1, 2]})");
  refuse(R"({"vid_out_dim": 47})");
  refuse(R"({"audio_embed_kernel": 4})");
  refuse(R"({"position_grid": [4]})");
  refuse(R"({"rope_pairs": [22, 21, 20]})");
  refuse(R"({"rope_pairs": [64, 0, 0]})");
  refuse(R"({"num_double_final_layers": 1})");
  refuse(R"({"nonsense": 1})");
}

TEST_CASE("wrong inputs are refused by name") {
  NavaTransformer model(test::tiny_nava_config());
  model.initialise(1);
  const nn::RunContext run;
  const Tensor rows = at::zeros({2, 32, 40});
  CHECK_THROWS_AS(model.prepare_context(at::zeros({2, 31, 40}), {}, run), ShapeError);
  CHECK_THROWS_AS(model.prepare_context(rows, {Voices{}}, run), ShapeError);
  CHECK_THROWS_AS(model.prepare_context(rows, {Voices{at::ones({1, 192}), {32}}, Voices{}}, run), InvalidRequest);
  CHECK_THROWS_AS(model.prepare_context(rows, {Voices{at::ones({2, 192}), {1, 2, 3}}, Voices{}}, run), InvalidRequest);
  const PreparedContext context = model.prepare_context(rows, {}, run);
  const diffusion::JointLatent latent{at::zeros({2, 48, 2, 4, 4}), at::zeros({2, 128, 8})};
  const Tensor timestep = at::full({2}, 500.0);
  const NavaInputs good{.latent = latent, .timestep = timestep, .context = &context};
  CHECK_NOTHROW(model.forward(good, run));
  NavaInputs inputs = good;
  inputs.latent = {};
  CHECK_THROWS_AS(model.forward(inputs, run), ShapeError);
  inputs.latent = {at::zeros({2, 12, 2, 4, 4}), latent.audio};
  CHECK_THROWS_AS(model.forward(inputs, run), ShapeError);
  inputs = good;
  inputs.context = nullptr;
  CHECK_THROWS_AS(model.forward(inputs, run), ShapeError);
  inputs = good;
  inputs.timestep = at::zeros({1});
  CHECK_THROWS_AS(model.forward(inputs, run), ShapeError);
  inputs = good;
  inputs.held = diffusion::first_frames(3);
  CHECK_THROWS_AS(model.forward(inputs, run), InvalidRequest);
}

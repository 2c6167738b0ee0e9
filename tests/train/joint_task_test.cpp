// The joint task on the embedded model's codecs, with a handful of clips and a tiny transformer.
#include "phonofilm/train/joint_task.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/base/fields.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/tensor/ops.h"
#include "support/support.h"

using namespace phonofilm;
using nlohmann::json;

namespace {

const std::string kMini = std::string(PHONOFILM_SOURCE_DIR) + "/models/mini/";

json tiny_options(const std::string& cache) {
  return {{"video_autoencoder", kMini + "video_autoencoder"}, {"audio_autoencoder", kMini + "audio_autoencoder"},
          {"vocoder", kMini + "vocoder"}, {"cache", cache}, {"clips", 8}, {"validation_clips", 4}, {"batch", 2},
          {"text_encoder", {{"width", 16}, {"heads", 2}, {"layers", 1}, {"max_tokens", 24}}},
          {"transformer", {{"dim", 24}, {"ffn_dim", 32}, {"freq_dim", 16}, {"num_heads", 2}, {"num_double_layers", 1},
                           {"num_single_layers", 1}, {"vid_in_dim", 16}, {"vid_out_dim", 16}, {"audio_in_dim", 16},
                           {"audio_out_dim", 16}, {"add_spk_emb", false}}},
          {"model", {{"fps", 24}, {"sample_rate", 16000}, {"size", 96}}}};
}

std::unique_ptr<train::Task> make(const json& options) {
  const json recipe{{"task", "joint"}, {"seed", 5}, {"steps", 10}, {"options", options}};
  return train::make_joint_task(train::parse_recipe(recipe, "test"), {}, ignore_progress);
}

// The deviations that an exported model divides its latents by.
std::vector<double> exported(const train::Task& task, const std::string& folder, const char* name) {
  task.export_model(folder);
  return load_json(folder + "/model.json")[name].get<std::vector<double>>();
}

}  // namespace

TEST_CASE("joint task: batches are pure functions of seed and step, and every text parameter learns") {
  const test::TemporaryFolder folder;
  const auto task = make(tiny_options(folder.file("cache")));
  const train::Batch batch = task->batch(1, 3), again = task->batch(1, 3);
  for (const auto& [name, tensor] : batch) CHECK(at::equal(tensor, again.at(name)));
  task->model().require_grad(true);
  // The output of cross-attention starts at random here, so that the text is seen at the first step.
  task->loss(batch, 1, 3, {}).total.backward();
  for (const auto& [name, p] : task->model().named_parameters()) {
    INFO(name);
    // A bias of all keys alike changes no attention.
    if (name.find("text_encoder") != std::string::npos && name.find("k.bias") == std::string::npos) {
      REQUIRE(p.grad().defined());
      CHECK(p.grad().norm().item<double>() > 0);
    }
  }
}

TEST_CASE("joint task: held-out losses come with the right and with another clip's caption") {
  const test::TemporaryFolder folder;
  const auto task = make(tiny_options(folder.file("cache")));
  const auto figures = task->validate({});
  for (const char* name : {"video", "video wrong text", "audio", "audio wrong text"}) {
    REQUIRE(figures.contains(name));
    CHECK(std::isfinite(figures.at(name)));
  }
}

TEST_CASE("joint task: captions of two materials are also judged with the materials exchanged") {
  const test::TemporaryFolder folder;
  json options = tiny_options(folder.file("cache"));
  options["scene"] = "hard_impacts";
  options["validation_clips"] = 12;
  const auto figures = make(options)->validate({});
  REQUIRE(figures.contains("audio exchanged"));
  CHECK(figures.at("audio exchanged") != figures.at("audio two materials"));
  CHECK(figures.at("audio two materials") != figures.at("audio"));
}

TEST_CASE("joint task: a trained backbone is taken over, and what it lacks is drawn anew") {
  const test::TemporaryFolder folder;
  json options = tiny_options(folder.file("cache"));
  const auto first = make(options);
  first->export_model(folder.file("model"));
  options["start"] = folder.file("model") + "/backbone";
  options["text_encoder"]["neighbours"] = 2;
  const auto grown = make(options);
  std::map<std::string, Tensor> before;
  for (const auto& [name, value] : first->model().named_parameters()) before[name] = value;
  std::int64_t added = 0;
  for (const auto& [name, value] : grown->model().named_parameters()) {
    if (before.contains(name)) {
      test::expect_close(value, before.at(name).to(at::kBFloat16).to(at::kFloat), 0);  // exported as bfloat16
    } else {
      CHECK(name.find("text_encoder.neighbours") == 0);
      ++added;
    }
  }
  CHECK(added == 3);
}

TEST_CASE("joint task: the exported model carries the scales of its latents and can be loaded") {
  const test::TemporaryFolder folder;
  json options = tiny_options(folder.file("cache"));
  const auto plain = make(options);
  options["video_scale"] = 2;
  options["audio_scale"] = 0.5;
  const auto scaled = make(options);
  for (const auto& [name, scale] : std::map<std::string, double>{{"video_std", 2}, {"audio_std", 0.5}}) {
    const auto of_plain = exported(*plain, folder.file("plain"), name.c_str());
    const auto of_scaled = exported(*scaled, folder.file("scaled"), name.c_str());
    for (size_t i = 0; i < of_plain.size(); ++i) CHECK(of_scaled[i] * scale == doctest::Approx(of_plain[i]));
  }
  // What is diffused has the deviation that was asked for.
  const Tensor plain_video = plain->batch(1, 0).at("video"), scaled_video = scaled->batch(1, 0).at("video");
  test::expect_close(scaled_video, plain_video * 2, 1e-5);
  CHECK(families::load_generator(folder.file("scaled"), at::kFloat)->clip_spec({}).height == 96);
}

TEST_CASE("joint task: the recipes of all stages name options that exist, and each goes on from the one before") {
  const test::TemporaryFolder folder;
  std::string before;
  for (const std::string name : {"joint_start", "joint_early_noise", "joint_all_noise", "joint"}) {
    json recipe = train::read_recipe(std::string(PHONOFILM_SOURCE_DIR) + "/recipes/mini/" + name + ".json");
    CHECK(recipe["options"].value("start", "") == (before.empty() ? "" : "runs/mini/" + before + "/model/backbone"));
    before = name;
    const json tiny = tiny_options(folder.file("cache"));
    for (const char* key : {"video_autoencoder", "audio_autoencoder", "vocoder", "cache", "clips", "validation_clips"}) {
      recipe["options"][key] = tiny[key];
    }
    recipe["options"].erase("start");
    CHECK_NOTHROW(train::make_joint_task(train::parse_recipe(recipe, name), {}, ignore_progress));
  }
}

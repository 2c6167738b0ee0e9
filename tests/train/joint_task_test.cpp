// The joint task on the embedded model's codecs, with a handful of clips and a tiny transformer.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "phonofilm/base/error.h"
#include "phonofilm/families/nava/small_model.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/world/world.h"
#include "support/tiny_speaker.h"
#include "train/joint_toy.h"
#include "world/no_speech.h"

using namespace phonofilm;
using namespace phonofilm::test;

namespace {

// The deviations that an exported model divides its latents by.
std::vector<double> exported(const train::Task& task, const std::string& folder, const char* name) {
  task.export_model(folder);
  return load_json(folder + "/model.json")[name].get<std::vector<double>>();
}

}  // namespace

TEST_CASE("joint task: batches are pure functions of seed and step, and every text parameter learns") {
  const test::TemporaryFolder folder;
  const auto task = make_joint(tiny_options(folder.file("cache")));
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
  const auto task = make_joint(tiny_options(folder.file("cache")));
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
  const auto figures = make_joint(options)->validate({});
  REQUIRE(figures.contains("audio exchanged"));
  CHECK(figures.at("audio exchanged") != figures.at("audio two materials"));
  CHECK(figures.at("audio two materials") != figures.at("audio"));
}

TEST_CASE("joint task: a trained backbone is taken over, and what it lacks is drawn anew") {
  const test::TemporaryFolder folder;
  json options = tiny_options(folder.file("cache"));
  const auto first = make_joint(options);
  first->export_model(folder.file("model"));
  options["start"] = folder.file("model") + "/backbone";
  options["text_encoder"]["neighbours"] = 2;
  const auto grown = make_joint(options);
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

TEST_CASE("joint task: a backbone grows deeper and wider without forgetting, and what is new learns") {
  const test::TemporaryFolder folder;
  json options = tiny_options(folder.file("cache"));
  const auto trained = make_joint(options);
  {
    const at::NoGradGuard no_grad;  // heads and modulations that begin as nothing shall say something
    at::Generator generator = make_generator(7);
    for (auto& [name, p] : trained->model().named_parameters()) p.add_(randn(p.sizes().vec(), generator), 0.1);
  }
  trained->export_model(folder.file("model"));
  options["start"] = folder.file("model") + "/backbone";
  const auto same = make_joint(options);
  options["transformer"]["num_double_layers"] = 2;
  options["transformer"]["num_single_layers"] = 3;
  options["transformer"]["ffn_dim"] = 48;
  const auto grown = make_joint(options);
  const auto before = same->validate({}), after = grown->validate({});
  for (const auto& [name, figure] : before) {
    INFO(name);
    CHECK(after.at(name) == doctest::Approx(figure).epsilon(1e-5));
  }
  grown->model().require_grad(true);
  descend(*grown, grown->loss(grown->batch(1, 0), 1, 0, {}), 1);
  std::int64_t learning = 0;
  for (const auto& [name, p] : grown->model().named_parameters()) {
    const bool output = name.find("double_blocks.1.self_attn.o") != std::string::npos && name.ends_with("weight");
    if (output && p.abs().max().item<double>() > 0) ++learning;
  }
  CHECK(learning == 2);  // of the picture and of the sound
}

TEST_CASE("joint task: a low-rank change is trained beside weights that stay, and exported beside them") {
  const test::TemporaryFolder folder;
  json options = tiny_options(folder.file("cache"));
  options["lora_rank"] = 2;
  CHECK_THROWS_WITH_AS(make_joint(options), doctest::Contains("'start'"), InvalidRequest);
  options["lora_rank"] = 0;
  make_joint(options)->export_model(folder.file("model"));
  options["start"] = folder.file("model") + "/backbone", options["lora_rank"] = 2;
  const auto task = make_joint(options);
  task->model().require_grad(true);
  for (const auto& [name, p] : task->model().named_parameters()) CHECK(name.find(".lora_") != std::string::npos);
  for (int step = 0; step < 2; ++step) descend(*task, task->loss(task->batch(1, step), 1, step, {}), 1);
  task->export_model(folder.file("changed"));
  CHECK(read_file(folder.file("changed/backbone/model.safetensors")) == read_file(folder.file("model/backbone/model.safetensors")));

  options["lora_rank"] = 0;
  const auto before = make_joint(options)->validate({});
  options["start"] = folder.file("changed") + "/backbone";
  const auto after = make_joint(options)->validate({}), beside = task->validate({});
  CHECK(after.at("video") != before.at("video"));
  for (const auto& [name, figure] : beside) CHECK(after.at(name) == doctest::Approx(figure).epsilon(0.01));  // stored as bfloat16
}

TEST_CASE("joint task: a vocoder that is not there is missed before the training, not at its first sample film") {
  const test::TemporaryFolder folder;
  json options = tiny_options(folder.file("cache"));
  options["vocoder"] = folder.file("nowhere");
  CHECK_THROWS_WITH_AS(make_joint(options), doctest::Contains("nowhere"), CheckpointError);
}

TEST_CASE("joint task: the exported model carries the scales of its latents and can be loaded") {
  const test::TemporaryFolder folder;
  json options = tiny_options(folder.file("cache"));
  const auto plain = make_joint(options);
  options["video_scale"] = 2;
  options["audio_scale"] = 0.5;
  const auto scaled = make_joint(options);
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

TEST_CASE("joint task: a stage on other clips keeps the normalisation of its start where it is asked to") {
  const test::TemporaryFolder folder;
  json options = tiny_options(folder.file("cache"));
  const auto before = exported(*make_joint(options), folder.file("model"), "video_std");
  options["start"] = folder.file("model/backbone");
  options["clips"] = 5;
  CHECK(exported(*make_joint(options), folder.file("measured"), "video_std") != before);
  options["normalisation"] = "start";
  CHECK(exported(*make_joint(options), folder.file("kept"), "video_std") == before);
  const std::string codec = folder.file("model/video_autoencoder/model.safetensors");
  write_file_atomically(codec, read_file(codec) + " ");
  CHECK_THROWS_WITH_AS(make_joint(options), doctest::Contains("different autoencoders"), InvalidRequest);
  std::filesystem::remove(folder.file("model/model.json"));
  CHECK_THROWS_WITH_AS(make_joint(options), doctest::Contains("model.json is missing"), CheckpointError);
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

TEST_CASE("joint task: the recipe of the whole world goes on from a backbone which knows fewer words") {
  if (no_speech()) return;
  const TemporaryFolder folder;
  const json tiny = tiny_options(folder.file("cache"));
  const auto small_recipe = [&](const std::string& name) {
    json recipe = train::read_recipe(std::string(PHONOFILM_SOURCE_DIR) + "/recipes/mini/" + name + ".json");
    for (const char* key : {"video_autoencoder", "audio_autoencoder", "vocoder", "cache", "clips", "validation_clips"}) {
      recipe["options"][key] = tiny[key];
    }
    return recipe;
  };
  json balls = small_recipe("joint"), recipe = small_recipe("joint_world_start");
  CHECK(recipe["options"]["start"] == "runs/mini/joint/model/backbone");
  balls["options"].erase("start");
  train::make_joint_task(train::parse_recipe(balls, "joint"), {}, ignore_progress)->export_model(folder.file("joint"));
  write_tiny_speaker(folder.file("speaker"));
  recipe["options"]["speaker_encoder"] = folder.file("speaker");
  recipe["options"]["utterances"] = recipe["options"]["made_utterances"] = 1;
  recipe["options"]["start"] = folder.file("joint/backbone");
  const auto task = train::make_joint_task(train::parse_recipe(recipe, "joint_world_start"), {}, ignore_progress);
  const auto known = nava::load_backbone(folder.file("joint/backbone"), at::kFloat);
  const auto named = [](const nn::Module& module) {
    std::map<std::string, Tensor> tensors;
    for (const auto& [name, value] : module.named_parameters()) tensors[name] = value;
    return tensors;
  };
  const auto before = named(*known), after = named(task->model());
  const std::vector<std::string> words = world::caption_words({"everything"});
  const auto row_of = [&](const std::vector<std::string>& all, const std::string& word) {
    return 2 + (std::find(all.begin(), all.end(), word) - all.begin());
  };
  const std::string rows = "text_encoder.word_embedding.weight", places = "text_encoder.position_embedding";
  for (const std::string word : {"glass", "yellow", ","}) {
    const auto old_words = known->text_encoder().config().words;
    CHECK(at::equal(after.at(rows)[row_of(words, word)], before.at(rows)[row_of(old_words, word)]));
  }
  CHECK(at::equal(after.at(rows).narrow(0, 0, 2), before.at(rows).narrow(0, 0, 2)));
  CHECK(at::equal(after.at(places).narrow(0, 0, 24), before.at(places)));
  CHECK(after.at(places).size(0) == 48);
  CHECK(after.contains("transformer.speaker_embedding.null_token"));
  const std::string block = "transformer.single_blocks.0.";
  for (const auto& [name, value] : before) {
    if (name.starts_with(block)) CHECK(at::equal(after.at(name), value));
  }
}

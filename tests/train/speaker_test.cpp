// The speaker encoder's task: its loss, its figures, and that it learns what can be exported.
#include "phonofilm/train/speaker_task.h"

#include <ATen/ops/eye.h>
#include <ATen/ops/one_hot.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/speaker_encoders/redimnet/redimnet.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/train/speaker_loss.h"
#include "phonofilm/train/utterances.h"
#include "phonofilm/train/voice_describer.h"
#include "support/support.h"
#include "world/no_speech.h"

using namespace phonofilm;
using nlohmann::json;

namespace {

train::Recipe recipe(double decay) {
  const json model = json::parse(R"({"F": 24, "C": 4, "block_1d_type": "att", "block_2d_type": "convnext_like",
      "group_divisor": 2, "embed_dim": 16, "hop_length": 320, "stages_setup": [[2, 1, 1, [[3, 3]], 8]]})");
  const json options{{"speakers", 6}, {"utterances", 2}, {"seconds", 0.6}, {"known", 0}, {"model", model}};
  return train::parse_recipe({{"task", "speaker_encoder"}, {"seed", 5}, {"steps", 10},
                              {"optimizer", {{"weight_decay", decay}}}, {"options", options}}, "test");
}

}  // namespace

TEST_CASE("contrastive loss: its value for two speakers, and nothing where they are far apart") {
  const Tensor speakers = at::tensor({0, 0, 1, 1}, at::kLong);
  const Tensor apart = at::tensor({1.0, 0.0, 2.0, 0.0, 0.0, 1.0, 0.0, 3.0}, at::kFloat).view({4, 2});
  // Of each the other of its speaker has similarity 1, two have 0.
  const double expected = std::log((std::exp(2.0) + 2) / std::exp(2.0));
  CHECK(train::contrastive_loss(apart, speakers, 0.5).item<double>() == doctest::Approx(expected).epsilon(1e-5));
  CHECK(train::contrastive_loss(apart, speakers, 0.05).item<double>() < 1e-6);
  const Tensor mixed = at::tensor({0, 1, 0, 1}, at::kLong);
  CHECK(train::contrastive_loss(apart, mixed, 0.5).item<double>() > expected + 1);
}

TEST_CASE("rulers of speakers: nearest reference and equal error rate") {
  const Tensor references = at::eye(3);
  const Tensor trials = at::tensor({5.0, 1.0, 0.0, 0.0, 1.0, 0.9, 1.0, 0.0, 0.5}, at::kFloat).view({3, 3});
  CHECK(train::nearest_accuracy(trials, references, at::tensor({0, 1, 2}, at::kLong)) == doctest::Approx(2.0 / 3));
  const auto scores = [](std::vector<double> values) { return at::tensor(values, at::kFloat); };
  CHECK(train::equal_error_rate(scores({0.8, 0.9}), scores({0.1, 0.2, 0.3})) == 0);
  CHECK(train::equal_error_rate(scores({0.1, 0.7, 0.8, 0.9}), scores({0.2, 0.3, 0.4, 0.75})) == doctest::Approx(0.25));
  CHECK(train::equal_error_rate(scores({0.1, 0.2}), scores({0.8, 0.9})) == doctest::Approx(1));
}

TEST_CASE("utterances: voices speak the world's words") {
  if (test::no_speech()) return;
  Random random(3);
  const train::Utterance utterance = train::draw_utterance(world::voices()[0], 16000, random);
  CHECK(utterance.waveform.sizes() == at::IntArrayRef({16000}));
  CHECK(utterance.waveform.abs().max().item<double>() > 0.2);
  CHECK(!utterance.words.empty());
}

TEST_CASE("speaker encoder task: labels stand beside their utterances, and neighbours follow each other") {
  if (test::no_speech()) return;
  train::Recipe near = recipe(0);
  json options = *near.options;
  options["near"] = 1, options["speakers"] = 8;
  near.options = std::make_shared<json>(options);
  const train::Batch batch = train::make_speaker_task(near, {})->batch(1, 0);
  const Tensor labels = batch.at("label").view({8, 2, 5});
  CHECK(at::equal(labels.select(1, 0), labels.select(1, 1)));
  const Tensor steps = (labels.narrow(0, 1, 7) - labels.narrow(0, 0, 7)).select(1, 0).abs();  // [7, 5]
  // Changes of 6 of pitch and of 0.05 of tract, in the labels' units.
  CHECK(steps.select(1, 0).max().item<double>() < 6.01 / 16);
  CHECK(steps.select(1, 3).max().item<double>() < 0.0501 / 0.12);
  CHECK(steps.select(1, 4).max().item<double>() == 0);
  CHECK(steps.select(1, 3).min().item<double>() > 0);
  options["near"] = 0;
  near.options = std::make_shared<json>(options);
  const Tensor apart = train::make_speaker_task(near, {})->batch(1, 0).at("label").view({8, 2, 5}).select(1, 0);
  CHECK((apart.narrow(0, 1, 7) - apart.narrow(0, 0, 7)).select(1, 0).abs().max().item<double>() > 1);
}

TEST_CASE("speaker encoder task: pure batches, a loss that falls, constants that stay, an export that loads") {
  if (test::no_speech()) return;
  const auto task = train::make_speaker_task(recipe(0), {});
  const train::Batch batch = task->batch(1, 3), again = task->batch(1, 3);
  for (const auto& [name, tensor] : batch) CHECK(at::equal(tensor, again.at(name)));
  CHECK_FALSE(at::equal(batch.at("waveform"), task->batch(1, 4).at("waveform")));
  CHECK(batch.at("waveform").sizes() == at::IntArrayRef({12, 9600}));
  task->model().require_grad(true);
  double first = 0, last = 0;
  for (int step = 0; step < 10; ++step) {
    const train::StepLoss loss = task->loss(batch, 1, 0, {});
    last = loss.total.item<double>();
    if (step == 0) first = last;
    loss.total.backward();
    const at::NoGradGuard no_grad;
    double square = 0;
    for (auto& [name, p] : task->model().named_parameters()) {
      const bool constant = name.starts_with("encoder.spec.") || name.find("running_") != std::string::npos;
      REQUIRE(p.grad().defined() == !constant);
      if (!constant) square += p.grad().square().sum().item<double>();
    }
    for (auto& [name, p] : task->model().named_parameters()) {
      if (!p.grad().defined()) continue;
      p.sub_(p.grad() * (0.1 / std::sqrt(square)));
      p.mutable_grad() = Tensor();
    }
  }
  CHECK(last < 0.9 * first);
  const at::NoGradGuard no_grad;
  const auto figures = task->validate({});
  CHECK(figures.at("accuracy") > 1.5 / 16);
  CHECK(figures.at("equal error rate") < 0.5);
  const test::TemporaryFolder folder;
  task->export_model(folder.file("model"));
  CHECK(speaker_encoders::load_redimnet(folder.file("model/model.safetensors"))->config().embed_dim == 16);
}

TEST_CASE("voice describer: it learns numbers and throats off embeddings that tell them, whatever their lengths") {
  std::vector<world::Voice> voices;
  Random random(5);
  const Tensor known = train::voice_labels(world::made_voices()).narrow(1, 0, 4);
  CHECK(known.mean(0).abs().max().item<double>() < 0.2);
  CHECK((known.std(0) - 1).abs().max().item<double>() < 0.2);
  for (int i = 0; i < 64; ++i) voices.push_back(world::draw_voice(random));
  const Tensor labels = train::voice_labels(voices), numbers = labels.narrow(1, 0, 4);
  CHECK(labels.sizes() == at::IntArrayRef({64, 5}));
  // Noise beside the numbers keeps a layer norm from hiding how large these are.
  const Tensor throats = at::one_hot(labels.select(1, 4).to(at::kLong)).to(at::kFloat);
  const Tensor telling = at::cat({numbers, 3 * throats, randn({64, 16}, make_generator(7))}, 1);
  train::VoiceDescriber describer(telling.size(1));
  describer.initialise(1);
  const double before = describer.error(telling, labels, {});
  CHECK(describer.error(5 * telling, labels, {}) == doctest::Approx(before).epsilon(1e-3));
  describer.require_grad(true);
  const double first = describer.loss(telling, labels, {}).item<double>();
  for (int step = 0; step < 300; ++step) {
    describer.loss(telling, labels, {}).backward();
    const at::NoGradGuard no_grad;
    for (auto& [name, p] : describer.named_parameters()) p.sub_(p.grad() * 0.3), p.mutable_grad() = Tensor();
  }
  const at::NoGradGuard no_grad;
  CHECK(describer.loss(telling, labels, {}).item<double>() < 0.3 * first);
  CHECK(describer.error(telling, labels, {}) < 0.5 * before);
  CHECK_THROWS_AS(describer.loss(telling, labels.narrow(0, 0, 3), {}), ShapeError);
}

TEST_CASE("speaker encoder task: a recipe may start from a trained encoder") {
  if (test::no_speech()) return;
  const test::TemporaryFolder folder;
  train::make_speaker_task(recipe(0), {})->export_model(folder.file("trained"));
  train::Recipe on = recipe(0);
  json options = *on.options;
  options["start"] = folder.file("trained");
  on.run.seed = 6;
  on.options = std::make_shared<json>(options);
  train::make_speaker_task(on, {})->export_model(folder.file("again"));
  const auto a = speaker_encoders::load_redimnet(folder.file("trained/model.safetensors"));
  const auto b = speaker_encoders::load_redimnet(folder.file("again/model.safetensors"));
  const auto weights = b->state_dict();
  for (const auto& [name, p] : a->state_dict()) CHECK(at::equal(p, weights.at(name)));
  options["start"] = folder.file("nowhere");
  on.options = std::make_shared<json>(options);
  CHECK_THROWS_AS(train::make_speaker_task(on, {}), CheckpointError);
}

TEST_CASE("speaker encoder task: a recipe that would wear constants away is refused") {
  if (test::no_speech()) return;
  CHECK_THROWS_WITH_AS(train::make_speaker_task(recipe(0.01), {}), doctest::Contains("weight_decay"), InvalidRequest);
}

TEST_CASE("speaker encoder task: every shard has as many whole speakers, at least two") {
  if (test::no_speech()) return;
  train::Recipe shared = recipe(0);
  shared.run.shards = 5;
  CHECK_THROWS_WITH_AS(train::make_speaker_task(shared, {}), doctest::Contains("shared out over 5"), InvalidRequest);
  shared.run.shards = 4;
  CHECK_THROWS_WITH_AS(train::make_speaker_task(shared, {}), doctest::Contains("at least two"), InvalidRequest);
}

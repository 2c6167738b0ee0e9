// What is heard when, and the listener that learns to name it from a transformer's hidden tokens.
#include "phonofilm/train/listener.h"

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/world/world.h"
#include "train/joint_toy.h"
#include "world/no_speech.h"

using namespace phonofilm;
using namespace phonofilm::test;

namespace {

std::int64_t kind_of(const std::string& name) {
  return std::find(train::kHeardKinds.begin(), train::kHeardKinds.end(), name) - train::kHeardKinds.begin();
}

json listening_options(const TemporaryFolder& folder) {
  json options = tiny_options(folder.file("cache"));
  options["listen"] = 0.5;
  options["listen_after"] = 1;
  return options;
}

// A few plain gradient steps on one batch; the losses of the listener.
std::vector<double> train_on(train::Task& task, const train::Batch& batch, int steps) {
  std::vector<double> losses;
  task.model().require_grad(true);
  for (int step = 0; step < steps; ++step) {
    const train::StepLoss loss = task.loss(batch, 1, 0, {});
    losses.push_back(loss.parts.at("heard"));
    loss.total.backward();
    const at::NoGradGuard no_grad;
    for (auto& [name, p] : task.model().named_parameters()) {
      if (!p.grad().defined()) continue;
      p.sub_(p.grad() * 0.1);
      p.mutable_grad() = Tensor();
    }
  }
  task.model().require_grad(false);
  return losses;
}

}  // namespace

TEST_CASE("heard: labels stand at the steps whose middles lie within, each kind in its column") {
  const std::vector<train::Heard> heard{{"word", "two", 0.1, 0.3}, {"word", "six", 0.3, 0.52}, {"sound", "glass", 0, 0.064}};
  train::HeardLabels labels;
  labels.add(heard);
  CHECK(labels.count(size_t(kind_of("word"))) == 3);
  CHECK(labels.count(size_t(kind_of("phoneme"))) == 1);
  const Tensor rows = labels.rows(heard, 6, 0.1);
  CHECK(at::equal(rows.select(1, kind_of("word")), at::tensor({0, 2, 2, 1, 1, 0}, at::kLong)));
  CHECK(at::equal(rows.select(1, kind_of("sound")), at::tensor({1, 0, 0, 0, 0, 0}, at::kLong)));
  CHECK(rows.select(1, kind_of("phoneme")).sum().item<std::int64_t>() == 0);
  const Tensor shorter = labels.rows(heard, 4, 0.1);  // what lasts beyond the end is cut
  CHECK(at::equal(shorter, rows.narrow(0, 0, 4)));
  CHECK_THROWS_WITH_AS(labels.rows({{"word", "ten", 0, 1}}, 6, 0.1), doctest::Contains("\"ten\""), InvalidRequest);
}

TEST_CASE("heard: strikes of balls and bars, beeps while the lamp is lit, and nothing of drops") {
  const auto heard = [](const char* scene, std::uint64_t seed) { return train::heard_in(world::truth_of(scene, seed, {})); };
  const world::Truth balls = world::truth_of("impacts", 3, {});
  const auto strikes = train::heard_in(balls);
  REQUIRE(strikes.size() == balls.events.size());
  CHECK(strikes[0].label == balls.objects[size_t(balls.events[0].object)].material);
  CHECK(strikes[0].start == doctest::Approx(balls.events[0].time).epsilon(1e-3));
  CHECK(heard("xylophone", 1)[0].label.starts_with("bar "));
  const world::Truth lamp = world::truth_of("lamp", 1, {});
  CHECK(heard("lamp", 1).size() == world::spans_of(lamp, "light").size());
  CHECK(heard("rain", 1).empty());
  if (no_speech()) return;
  const world::Truth talker = world::truth_of("talker", 1, {});
  const size_t words = world::spans_of(talker, "word").size(), phonemes = world::spans_of(talker, "phoneme").size();
  CHECK(words > 0);
  CHECK(heard("talker", 1).size() == words + phonemes);
}

TEST_CASE("listener: hidden tokens of the sound are the last ones, in a stream of both and in its own") {
  const Tensor video = at::zeros({1, 3, 2}), audio = at::ones({1, 2, 2});
  const auto same = [](const nn::BlockState& state) { return state; };
  const train::HiddenTokens own(0), both(1);
  CHECK(!own.sound(2).defined());
  own.run(0, same, {video, audio});
  own.run(1, same, {at::zeros({1, 5, 2})});
  CHECK(at::equal(own.sound(2), audio));
  both.run(0, same, {video, audio});
  both.run(1, same, {at::cat({video, audio}, 1)});
  CHECK(at::equal(both.sound(2), audio));
}

TEST_CASE("listener: it learns to name what is heard, through the backbone, and an export does not hold it") {
  const TemporaryFolder folder;
  const auto task = make_joint(listening_options(folder));
  std::int64_t step = 0;
  while (!task->batch(1, step).contains("heard")) ++step;
  const train::Batch batch = task->batch(1, step);
  REQUIRE(batch.at("heard").sum().item<std::int64_t>() > 0);
  const std::vector<double> losses = train_on(*task, batch, 12);
  CHECK(losses.back() < 0.7 * losses.front());
  const double right = task->validate({}).at("heard sound");
  CHECK(right >= 0);
  CHECK(right <= 1);
  task->export_model(folder.file("model"));
  const auto backbone = nava::load_backbone(folder.file("model/backbone"), at::kFloat);
  size_t shared = 0;
  for (const auto& [name, p] : task->model().named_parameters()) shared += name.starts_with("backbone.");
  CHECK(backbone->named_parameters().size() == shared);
  CHECK(task->model().named_parameters().size() == shared + 2);  // weight and bias of its names
}

TEST_CASE("listener: what it asks changes the backbone's gradient; a block that is not there is refused") {
  const TemporaryFolder folder;
  json options = listening_options(folder);
  const auto gradient = [&](double weight) {
    options["listen"] = weight;
    const auto task = make_joint(options);
    std::int64_t step = 0;
    while (!task->batch(1, step).contains("heard")) ++step;
    task->model().require_grad(true);
    task->loss(task->batch(1, step), 1, step, {}).total.backward();
    for (const auto& [name, p] : task->model().named_parameters()) {
      if (name == "backbone.transformer.patch_embedding_audio.0.weight") return p.grad().clone();
    }
    return Tensor();
  };
  const Tensor some = gradient(0.5), more = gradient(5);
  REQUIRE(some.defined());
  CHECK(relative_error(some, more) > 1e-3);
  options["listen_after"] = 2;
  CHECK_THROWS_WITH_AS(make_joint(options), doctest::Contains("has only 2 blocks"), InvalidRequest);
}

// What happens when, and the namers that learn to say it from a transformer's hidden tokens.
#include "phonofilm/train/naming.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/world/world.h"
#include "train/joint_toy.h"
#include "world/no_speech.h"

using namespace phonofilm;
using namespace phonofilm::test;

namespace {

std::int64_t kind_of(const std::string& name) {
  const auto& kinds = train::kHappeningKinds;
  return std::find(kinds.begin(), kinds.end(), name) - kinds.begin();
}

std::vector<std::string> labels_of(const std::vector<train::Happening>& happenings, const std::string& kind) {
  std::vector<std::string> labels;
  for (const train::Happening& one : happenings) {
    if (one.kind == kind) labels.push_back(one.label);
  }
  return labels;
}

json naming_options(const TemporaryFolder& folder) {
  json options = tiny_options(folder.file("cache"));
  options["listen"] = 0.5;
  options["watch"] = 0.5;
  options["name_after"] = 1;
  options["audio_only"] = options["video_only"] = 0;
  return options;
}

using Parts = std::map<std::string, double>;

// Steps on one batch: the parts of the losses before the first and before the last.
std::pair<Parts, Parts> train_on(train::Task& task, const train::Batch& batch, int steps) {
  std::pair<Parts, Parts> parts;
  task.model().require_grad(true);
  for (int step = 0; step < steps; ++step) {
    const train::StepLoss loss = task.loss(batch, 1, 0, {});
    parts.second = loss.parts;
    if (step == 0) parts.first = loss.parts;
    descend(task, loss, 0.1);
  }
  task.model().require_grad(false);
  return parts;
}

}  // namespace

TEST_CASE("happenings: labels stand at the moments whose middles lie within, short ones where their own middle is") {
  const std::vector<train::Happening> said{{"word", "two", 0.1, 0.3}, {"word", "six", 0.3, 0.52}, {"sound", "glass", 0, 0.064},
                                           {"phoneme", "t", 0.26, 0.29}, {"phoneme", "k", 0.96, 0.99}};
  train::HappeningLabels labels;
  labels.add(said);
  CHECK(labels.count(size_t(kind_of("word"))) == 3);
  CHECK(labels.count(size_t(kind_of("mouth"))) == 1);
  const Tensor rows = labels.rows(said, 6, 0, 0.1);
  const auto column = [&](const Tensor& of, const char* kind) { return of.select(1, kind_of(kind)); };
  CHECK(at::equal(column(rows, "word"), at::tensor({0, 2, 2, 1, 1, 0}, at::kShort)));
  CHECK(at::equal(column(rows, "sound"), at::tensor({1, 0, 0, 0, 0, 0}, at::kShort)));
  CHECK(at::equal(column(rows, "phoneme"), at::tensor({0, 0, 2, 0, 0, 0}, at::kShort)));
  CHECK(column(rows, "mouth").sum().item<std::int64_t>() == 0);
  CHECK(at::equal(labels.rows(said, 4, 0, 0.1), rows.narrow(0, 0, 4)));  // what lasts beyond the end is cut
  const Tensor earlier = labels.rows(said, 7, -0.05, 0.1);
  CHECK(at::equal(column(earlier, "word"), at::tensor({0, 2, 2, 1, 1, 1, 0}, at::kShort)));
  CHECK(at::equal(column(earlier, "sound"), at::tensor({1, 0, 0, 0, 0, 0, 0}, at::kShort)));
  CHECK_THROWS_WITH_AS(labels.rows({{"word", "ten", 0, 1}}, 6, 0, 0.1), doctest::Contains("\"ten\""), InvalidRequest);
}

TEST_CASE("happenings: strikes of balls and bars, beeps while the lamp is lit, where a car is, how dense the rain") {
  const auto happen = [](const char* scene, std::uint64_t seed) {
    return train::happenings_in(world::truth_of(scene, seed, {}));
  };
  const world::Truth balls = world::truth_of("impacts", 3, {});
  const auto strikes = train::happenings_in(balls);
  REQUIRE(labels_of(strikes, "sound").size() == balls.events.size());
  CHECK(strikes[0].label == balls.objects[size_t(balls.events[0].object)].material);
  CHECK(strikes[0].start == doctest::Approx(balls.events[0].time).epsilon(1e-3));
  CHECK(happen("xylophone", 1)[0].label.starts_with("bar "));
  const world::Truth lamp = world::truth_of("lamp", 1, {});
  CHECK(labels_of(happen("lamp", 1), "sound").size() == world::spans_of(lamp, "light").size());
  for (std::uint64_t seed = 1; seed < 6; ++seed) {
    const auto places = labels_of(happen("car", seed), "place");
    const bool right = world::find_track(world::truth_of("car", seed, {}), "x")->values.front() < 0.5;
    CHECK(std::is_sorted(places.begin(), places.end()) == right);
    CHECK(places.size() > 3);
  }
  CHECK(labels_of(happen("xylophone", 1), "height").size() > 10);
  const auto rain = happen("rain", 1);
  CHECK(labels_of(rain, "density").size() == rain.size());
  CHECK(rain.size() > 0);
}

TEST_CASE("happenings: every picture has the place and the height of each ball") {
  world::Truth balls;
  for (std::uint64_t seed = 1; balls.objects.size() < 2; ++seed) balls = world::truth_of("hard_impacts", seed, {});
  const auto happenings = train::happenings_in(balls);
  train::HappeningLabels labels;
  labels.add(happenings);
  // Numbers follow the order of places, so that those that a ball comes through rise with it.
  const Tensor rows = labels.rows(happenings, 49, -0.5 / 24, 1.0 / 24);
  const std::tuple<const char*, const char*, std::int64_t> asked[]{
      {"place", "x", 0}, {"height", "y", 0}, {"second height", "y", 1}};
  for (const auto& [kind, track, object] : asked) {
    const auto all = labels_of(happenings, kind);
    const std::set<std::string> cells(all.begin(), all.end());
    for (std::int64_t picture = 0; picture < 49; ++picture) {
      INFO(kind, " in picture ", picture);
      const double at = world::value_at(*world::find_track(balls, track, object), double(picture) / 24);
      const auto cell = *std::next(cells.begin(), rows[picture][kind_of(kind)].item<std::int64_t>() - 1);
      CHECK(std::stoi(cell) == std::int64_t(at * 16));
    }
  }
}

TEST_CASE("happenings: of talkers every word, phoneme and shape of the mouth, and who speaks") {
  if (no_speech()) return;
  const world::Truth talkers = world::truth_of("two_talkers", 1, {});
  const auto said = train::happenings_in(talkers);
  CHECK(labels_of(said, "word").size() == world::spans_of(talkers, "word").size());
  CHECK(labels_of(said, "phoneme").size() == world::spans_of(talkers, "phoneme").size());
  CHECK(labels_of(said, "mouth").size() > 2);
  auto speakers = labels_of(said, "speaker");
  std::sort(speakers.begin(), speakers.end());
  CHECK(speakers == std::vector<std::string>{"0", "1"});
}

TEST_CASE("naming: hidden tokens of the picture come first, of the sound last, in one stream or in two") {
  const Tensor video = at::zeros({1, 3, 2}), audio = at::ones({1, 2, 2});
  const auto same = [](const nn::BlockState& state) { return state; };
  for (const nn::BlockState& state : {nn::BlockState{video, audio}, nn::BlockState{at::cat({video, audio}, 1)}}) {
    const train::HiddenTokens hidden(1);
    hidden.run(0, same, state);
    CHECK(!hidden.last(2).defined());
    hidden.run(1, same, state);
    CHECK(at::equal(hidden.last(2), audio));
    CHECK(at::equal(hidden.first(3), video));
  }
}

// A namer of one word, sure of it (10 nat) at the last of every token's four moments.
TEST_CASE("naming: of tokens with four moments each, the last ones are labelled") {
  train::HappeningLabels labels;
  labels.add({{"word", "two", 0, 1}});
  train::Namer namer(6, 4, labels);
  namer.initialise(1);
  const auto kinds = std::int64_t(train::kHappeningKinds.size());
  for (auto& [name, p] : namer.named_parameters()) {
    if (name == "names.bias") p.view({4, kinds + 1})[3][kind_of("word") + 1] = 10;
  }
  const Tensor hidden = at::ones({2, 3, 6});
  const auto said = [&](std::int64_t moment) {  // of nine
    Tensor rows = at::zeros({2, 9, kinds}, at::kLong);
    if (moment >= 0) rows.select(1, moment).select(1, kind_of("word")).fill_(1);
    return rows;
  };
  const auto share = [&](std::int64_t moment) { return namer.shares(hidden, said(moment), {}).at("word"); };
  for (std::int64_t moment = 0; moment < 9; ++moment) CHECK(share(moment) == (moment % 4 == 0 ? 1 : 0));
  const auto loss = [&](std::int64_t moment) { return namer.loss(hidden, said(moment), {}).item<double>(); };
  // Six of nine moments are undecided; of the other three, which say "two", all are wrong, or one less.
  CHECK(loss(-1) == doctest::Approx((6 * std::log(2) + 3 * 10) / 9).epsilon(1e-3));
  CHECK(loss(0) == doctest::Approx((6 * std::log(2) + 2 * 10) / 9).epsilon(1e-3));
  CHECK_THROWS_AS(namer.loss(hidden, at::zeros({2, 8, kinds}, at::kLong), {}), ShapeError);
  CHECK_THROWS_AS(namer.loss(hidden, at::zeros({2, 13, kinds}, at::kLong), {}), ShapeError);
}

TEST_CASE("naming: it learns what is heard and seen, through the backbone, and an export does not hold it") {
  const TemporaryFolder folder;
  const auto task = make_joint(naming_options(folder));
  const train::Batch batch = task->batch(1, 0);
  REQUIRE(batch.at("heard").sum().item<std::int64_t>() > 0);
  REQUIRE(batch.at("seen").sizes()[1] == 49);
  const auto [before, after] = train_on(*task, batch, 12);
  for (const char* part : {"heard", "seen"}) CHECK(after.at(part) < 0.8 * before.at(part));
  const auto figures = task->validate({});
  for (const char* share : {"heard sound", "seen sound"}) {
    CHECK(figures.at(share) >= 0);
    CHECK(figures.at(share) <= 1);
  }
  task->export_model(folder.file("model"));
  const auto backbone = nava::load_backbone(folder.file("model/backbone"), at::kFloat);
  size_t shared = 0;
  for (const auto& [name, p] : task->model().named_parameters()) shared += name.starts_with("backbone.");
  CHECK(backbone->named_parameters().size() == shared);
  CHECK(task->model().named_parameters().size() == shared + 4);  // weight and bias of two namers
}

TEST_CASE("naming: what it asks changes the backbone's gradient; what nobody asks is not labelled; a block that is not there is refused") {
  const TemporaryFolder folder;
  json options = naming_options(folder);
  const auto gradient = [&](const char* weight, const std::string& parameter) {
    json heavier = options;
    heavier[weight] = 5;
    const auto task = make_joint(heavier);
    train_on(*task, task->batch(1, 0), 1);  // names begin at zero, where they ask nothing
    task->model().require_grad(true);
    task->loss(task->batch(1, 0), 1, 0, {}).total.backward();
    for (const auto& [name, p] : task->model().named_parameters()) {
      if (name == "backbone.transformer." + parameter) return p.grad().clone();
    }
    return Tensor();
  };
  const std::string sound = "patch_embedding_audio.0.weight", picture = "patch_embedding.weight";
  CHECK(relative_error(gradient("listen", sound), gradient("watch", sound)) > 1e-3);
  CHECK(relative_error(gradient("listen", picture), gradient("watch", picture)) > 1e-3);
  options["watch"] = 0;
  const train::Batch batch = make_joint(options)->batch(1, 0);
  CHECK(batch.contains("heard"));
  CHECK(!batch.contains("seen"));
  options["name_after"] = 2;
  CHECK_THROWS_WITH_AS(make_joint(options), doctest::Contains("has only 2 blocks"), InvalidRequest);
}

TEST_CASE("naming: a picture is watched until a step, and what is given whole is neither asked nor learnt") {
  const TemporaryFolder folder;
  json options = naming_options(folder);
  options["watch_until"] = 4;
  options["image_condition"] = 0;
  const auto until = make_joint(options);
  CHECK(until->batch(1, 3).contains("seen"));
  CHECK(!until->batch(1, 4).contains("seen"));
  CHECK(until->batch(1, 4).contains("heard"));
  options["watch_until"] = 0;
  options["follow_picture"] = 1;
  const auto following = make_joint(options);
  const train::Batch batch = following->batch(1, 0);
  CHECK(batch.contains("heard"));
  CHECK(!batch.contains("seen"));
  following->model().require_grad(true);
  const train::StepLoss loss = following->loss(batch, 1, 0, {});
  CHECK(!loss.parts.contains("video"));
  loss.total.backward();
  int heads = 0;
  for (const auto& [name, p] : following->model().named_parameters()) {
    const bool of_picture = name == "backbone.transformer.head.head.weight";
    if (!of_picture && name != "backbone.transformer.head_audio.head.weight") continue;
    CHECK(p.grad().defined() == !of_picture);
    ++heads;
  }
  CHECK(heads == 2);
}

// The joint task with voices: what it gives to the lines of clips, what it measures, and a model that has learnt of it.
#include "phonofilm/train/joint_voices.h"

#include <cmath>
#include <set>

#include "phonofilm/base/error.h"
#include "phonofilm/base/text.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/train/utterances.h"
#include "phonofilm/world/world.h"
#include "support/tiny_speaker.h"
#include "train/joint_toy.h"
#include "world/no_speech.h"

using namespace phonofilm;
using namespace phonofilm::test;

namespace {

struct Toy {
  TemporaryFolder folder;
  json options = tiny_options(folder.file("cache"));
  Toy() {
    write_tiny_speaker(folder.file("speaker"));
    options["scene"] = "two_talkers";
    options["clips"] = 4;
    options["validation_clips"] = 3;
    options["speaker_encoder"] = folder.file("speaker");
    options["utterances"] = 2;
    options["text_encoder"]["max_tokens"] = 48;
    options["transformer"]["add_spk_emb"] = true;
    options["transformer"]["bind_voices"] = true;
  }
};

void train_steps(train::Task& task, int steps) {
  task.model().require_grad(true);
  for (int step = 0; step < steps; ++step) descend(task, task.loss(task.batch(1, step), 1, step, {}), 0.02);
  task.model().require_grad(false);
}

Tensor utterance(const std::string& id, std::uint64_t seed) {
  for (const world::Voice& voice : world::voices()) {
    Random random(seed);
    if (voice.id == id) return train::draw_utterance(voice, 20000, random).waveform.unsqueeze(0);
  }
  return {};
}

Tensor sound_of(const families::Generator& model, const std::vector<Tensor>& voices) {
  const at::NoGradGuard no_grad;
  const families::ClipSpec spec = model.clip_spec({});
  const auto shape = model.latent_shape(spec);
  const auto conditioning =
      model.encode({.text = "a man says <S>yes<E> and a woman answers <S>no<E>", .voices = voices}, spec, {});
  const at::Generator generator = make_generator(3);
  return model.velocity(*conditioning, model.info().sampling, {})(
      {randn(shape.video, generator), randn(shape.audio, generator)}, 0.6).audio;
}

}  // namespace

TEST_CASE("clip texts: lines stand in the order of the caption's marks, survive JSON, and take other words") {
  if (no_speech()) return;
  std::vector<train::ClipText> texts;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const train::ClipText text = train::text_of(world::truth_of("two_talkers", seed, {}));
    INFO(text.caption);
    REQUIRE(text.lines.size() == 2);
    const size_t first = text.caption.find("<S>" + text.lines[0].words + "<E>");
    REQUIRE(first != std::string::npos);
    CHECK(text.caption.find("<S>" + text.lines[1].words + "<E>", first + 1) != std::string::npos);
    texts.push_back(text);
  }
  const bool same = train::clip_texts_from_json(train::to_json(texts), "test") == texts;
  CHECK(same);
  CHECK_THROWS_AS(train::clip_texts_from_json(json{{{"caption", 1}}}, "test"), CheckpointError);
  const train::ClipText two{"x <S>a<E> y <S>a<E>", "", {{"v1", "a"}, {"v2", "a"}}};
  const train::ClipText other = train::with_words(two, {"b c", "d"});
  CHECK(other.caption == "x <S>b c<E> y <S>d<E>");
  CHECK(other.lines[1].voice == "v2");
  CHECK(other.lines[1].words == "d");
  const auto wrong = train::with_wrong_words(texts);
  for (size_t i = 0; i < texts.size(); ++i) CHECK(wrong[i].lines[0].words != texts[i].lines[0].words);
}

TEST_CASE("voice bank: other words than the line's, as long as there are any, and other voices for wrong ones") {
  const train::VoiceBank bank({{"v1", {at::arange(4, at::kFloat).view({2, 2}), {{"yes", "no"}, {"red"}}}},
                               {"v2", {at::ones({1, 2}), {{"yes"}}}}});
  Random random(1);
  for (int i = 0; i < 10; ++i) CHECK(bank.pick("v1", {"no"}, random)[0].item<float>() == 2);
  CHECK(bank.pick("v2", {"yes"}, random)[0].item<float>() == 1);
  const auto wrong = train::with_wrong_voices({{"", "", {{"v1", "a"}, {"v2", "a"}}}}, bank, random);
  CHECK(wrong[0].lines[0].voice == "v2");
  CHECK(wrong[0].lines[1].voice == "v1");
}

TEST_CASE("joint task: lines have voices at their marks, of chance but of seed and step alone; a cache serves again") {
  if (no_speech()) return;
  Toy toy;
  toy.options["voice_drop"] = 0;
  toy.options["caption_drop"] = 0.5;
  const auto task = make_joint(toy.options);
  const auto& backbone = dynamic_cast<const nava::SmallBackbone&>(task->model());
  std::int64_t dropped = 0;
  std::set<double> different;
  for (std::int64_t step = 0; step < 12; ++step) {
    const train::Batch batch = task->batch(1, step);
    REQUIRE(batch.at("voices").sizes() == at::IntArrayRef({2, 2, 16}));
    const auto rows = backbone.line_rows(batch.at("tokens"));
    const bool sound = batch.contains("audio");
    for (std::int64_t i = 0; i < 2; ++i) {
      const Tensor positions = batch.at("positions")[i], lengths = batch.at("voices")[i].norm(2, {1}, false);
      if (rows[size_t(i)].empty()) {
        CHECK(positions.eq(train::kNobody).all().item<bool>());
        CHECK(lengths.max().item<double>() == 0);
        ++dropped;
      } else {
        CHECK(at::equal(positions, at::tensor(rows[size_t(i)], at::kLong)));
        CHECK((lengths.min().item<double>() > 0) == sound);
        different.insert(lengths[0].item<double>());
      }
    }
  }
  CHECK(dropped > 2);
  CHECK(different.size() > 3);
  const json recipe{{"task", "joint"}, {"seed", 5}, {"steps", 10}, {"options", toy.options}};
  std::int64_t reports = 0;
  const auto again = train::make_joint_task(train::parse_recipe(recipe, "test"), {},
                                            [&](const ProgressEvent&) { return ++reports > 0; });
  CHECK(reports == 0);  // nothing was rendered or encoded anew
  const train::Batch first = task->batch(1, 5), second = again->batch(1, 5);
  for (const auto& [name, tensor] : first) CHECK_MESSAGE(at::equal(tensor, second.at(name)), name);
}

TEST_CASE("joint task: dropped voices are null voices, and both or neither of encoder and reader are asked for") {
  if (no_speech()) return;
  Toy toy;
  toy.options["voice_drop"] = 1;
  const train::Batch batch = make_joint(toy.options)->batch(1, 0);
  CHECK(batch.at("voices").abs().max().item<double>() == 0);
  toy.options["transformer"]["add_spk_emb"] = false;
  CHECK_THROWS_WITH_AS(make_joint(toy.options), doctest::Contains("both or neither"), InvalidRequest);
}

TEST_CASE("joint task: batches of sound alone may be larger, of speech only, and at noise levels of their own") {
  if (no_speech()) return;
  Toy toy;
  toy.options["scene"] = "everything";
  toy.options["made_utterances"] = 1;
  toy.options["clips"] = 12;
  toy.options["audio_only"] = 1;
  toy.options["caption_drop"] = 0;
  const auto plain = make_joint(toy.options);
  CHECK(plain->batch(1, 0).at("tokens").size(0) == 2);
  toy.options["audio_only_batch"] = 30;
  toy.options["audio_only_speech"] = true;
  const auto speech = make_joint(toy.options);
  const train::Batch batch = speech->batch(1, 0);
  CHECK(!batch.contains("video"));
  CHECK(batch.at("audio").size(0) == 30);
  CHECK(batch.at("positions").ne(train::kNobody).any(1).all().item<bool>());
  toy.options["audio_only_noise_shift"] = 0.5;
  const auto audio_loss = [&](train::Task& task) { return task.loss(batch, 1, 0, {}).total.item<double>(); };
  CHECK(audio_loss(*make_joint(toy.options)) != audio_loss(*speech));
  toy.options["audio_only"] = 0;
  CHECK(make_joint(toy.options)->batch(1, 0).at("audio").size(0) == 2);
}

TEST_CASE("joint task: speech is judged with wrong words and wrong voices, scenes apart") {
  if (no_speech()) return;
  Toy toy;
  toy.options["scene"] = "everything";
  toy.options["validation_clips"] = 12;
  CHECK_THROWS_WITH_AS(make_joint(toy.options), doctest::Contains("set 'made_utterances'"), InvalidRequest);
  toy.options["made_utterances"] = 1;
  const auto figures = make_joint(toy.options)->validate({});
  for (const char* name : {"audio speech", "audio wrong words", "audio wrong voice", "video speech"}) {
    INFO(name);
    REQUIRE(figures.contains(name));
    CHECK(std::isfinite(figures.at(name)));
  }
  size_t scenes = 0;
  for (const std::string& scene : world::scene_names()) scenes += figures.contains("audio " + scene);
  CHECK(scenes > 1);
  CHECK(figures.at("audio wrong words") != figures.at("audio speech"));
  CHECK(figures.at("audio wrong voice") != figures.at("audio speech"));
}

TEST_CASE("joint task: exchanged voices of a dialogue cost a model that binds them, and no other") {
  if (no_speech()) return;
  for (const bool bound : {true, false}) {
    Toy toy;
    toy.options["transformer"]["bind_voices"] = bound;
    const auto figures = make_joint(toy.options)->validate({});
    const double difference = figures.at("audio exchanged voices") - figures.at("audio dialogues");
    INFO(bound, " ", difference);
    CHECK((std::abs(difference) > 1e-6) == bound);
  }
}

TEST_CASE("joint task: trained with voices, exported and loaded, each talker has a voice of their own") {
  if (no_speech()) return;
  for (const bool bound : {true, false}) {
    Toy toy;
    toy.options["transformer"]["bind_voices"] = bound;
    const auto task = make_joint(toy.options);
    train_steps(*task, 3);
    task->export_model(toy.folder.file("model"));
    const auto model = families::load_generator(toy.folder.file("model"), at::kFloat);
    REQUIRE(model->info().takes_voices);
    const Tensor one = utterance("v01", 1), other = utterance("v11", 2);
    const Tensor ab = sound_of(*model, {one, other}), ba = sound_of(*model, {other, one});
    INFO(bound);
    if (bound) CHECK(relative_error(ba, ab) > 1e-5);
    if (!bound) CHECK(relative_error(ba, ab) < 1e-5);
    CHECK(relative_error(sound_of(*model, {one, one}), ab) > 1e-5);
  }
}

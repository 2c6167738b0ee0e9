#include "phonofilm/recognisers/word_recogniser.h"

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/recognisers/word_errors.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::recognisers;

namespace {

WordRecogniserConfig small() {
  WordRecogniserConfig config;
  config.words = {"one", "two"};
  config.width = 16, config.hidden = 16, config.blocks = 1;
  return config;
}

// Logits [T, 3] that favour one label per step.
Tensor favouring(const std::vector<std::int64_t>& labels, float strength = 3) {
  const Tensor logits = at::zeros({std::int64_t(labels.size()), 3});
  for (std::size_t t = 0; t < labels.size(); ++t) logits[std::int64_t(t)][labels[t]] = strength;
  return logits;
}

}  // namespace

TEST_CASE("errors between lines are counted as by hand") {
  const WordErrors same = word_errors({"one", "red", "boat"}, {"one", "red", "boat"});
  CHECK(same.rate() == 0);
  CHECK(same.right() == 3);
  const WordErrors mixed = word_errors({"one", "red", "boat"}, {"one", "blue", "boat", "now"});
  CHECK(mixed.substituted == 1);
  CHECK(mixed.added == 1);
  CHECK(mixed.left_out == 0);
  CHECK(mixed.right() == 2);
  CHECK(mixed.rate() == doctest::Approx(2 / 3.0));
  CHECK(mixed.heard_as[2] == std::optional<std::size_t>(2));
  CHECK(!mixed.heard_as[1]);
  CHECK(word_errors({"one", "two"}, {}).left_out == 2);
  CHECK(word_errors({"one", "two"}, {"two", "one"}).rate() == 1);  // order counts
  CHECK(word_errors({"hi"}, {"a", "b", "c"}).rate() == 3);
  const WordErrors late = word_errors({"hello", "mary"}, {"mary", "stop"});  // two substitutions are as many errors
  CHECK(late.rate() == 1);
  CHECK(late.heard_as[1] == std::optional<std::size_t>(0));
}

TEST_CASE("a transcript bridges a slip and keeps a word that is said twice") {
  const WordRecogniserConfig config = small();
  const auto words = [&](const std::vector<std::int64_t>& labels) {
    return words_of(transcript(favouring(labels), config));
  };
  CHECK(words({0, 1, 1, 1, 0, 2, 2, 2, 0}) == std::vector<std::string>{"one", "two"});
  CHECK(words({0, 2, 2, 2, 0, 0, 2, 2, 2}) == std::vector<std::string>{"two", "two"});
  CHECK(words({1, 1, 1, 2, 1, 1, 1}) == std::vector<std::string>{"one"});  // one frame of something else
  CHECK(words({0, 0, 0}).empty());
  const std::vector<HeardWord> heard = transcript(favouring({0, 1, 1, 1, 0}), config);
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].start == doctest::Approx(config.step()));
  CHECK(heard[0].end == doctest::Approx(4 * config.step()));
  CHECK_THROWS_AS(transcript(at::zeros({4, 2}), config), ShapeError);
}

TEST_CASE("loudness, rate and channels of a sound do not matter to what is heard") {
  const WordRecogniser model(small(), 3);
  const Tensor sound = 0.1 * randn({1, 16000}, make_generator(1));
  test::expect_close(model.front_end(0.2 * sound), model.front_end(sound), 1e-4, "front end");
  CHECK(model.forward(model.front_end(sound), {}).size(1) == 31);  // 62 mel frames, two per label
  CHECK_NOTHROW(recognise(model, randn({2, 48000}, make_generator(2)), 48000));
  CHECK_THROWS_AS(recognise(model, at::zeros({16000}), 16000), ShapeError);
}

TEST_CASE("a recogniser comes back from its folder, and a damaged folder is refused") {
  const test::TemporaryFolder folder;
  const WordRecogniser model(small(), 3);
  save_word_recogniser(model, folder.file("words"));
  const auto loaded = load_word_recogniser(folder.file("words"));
  CHECK(loaded->config().words == model.config().words);
  const Tensor mel = model.front_end(0.1 * randn({1, 16000}, make_generator(1)));
  test::expect_close(loaded->forward(mel, {}), model.forward(mel, {}), 0.02, "stored as bfloat16");
  write_file_atomically(folder.file("words/config.json"),
                        R"({"type": "word_recogniser", "words": ["one"], "width": 16})");
  CHECK_THROWS_AS(load_word_recogniser(folder.file("words")), CheckpointError);
  // The second asks for 2 GB a block: shapes are compared before memory is asked for.
  for (const char* bad : {R"({"type": "word_recogniser", "words": []})",
                          R"({"type": "word_recogniser", "words": ["one"], "width": 8192, "hidden": 32768, "blocks": 64})"}) {
    write_file_atomically(folder.file("words/config.json"), bad);
    CHECK_THROWS_AS(load_word_recogniser(folder.file("words")), CheckpointError);
  }
  CHECK_THROWS_AS(load_word_recogniser(folder.file("nothing")), CheckpointError);
}

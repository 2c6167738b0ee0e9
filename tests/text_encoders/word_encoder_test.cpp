#include "phonofilm/text_encoders/word_encoder/word_encoder.h"

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "support/support.h"

using namespace phonofilm;
using text_encoders::WordEncoder;
using text_encoders::WordTokenizer;

namespace {

const std::vector<std::string> kWords{",", "a", "ball", "falls", "red", "three", "wall"};

text_encoders::WordEncoderConfig tiny() {
  text_encoders::WordEncoderConfig config;
  config.words = kWords;
  config.width = 16;
  config.heads = 2;
  config.max_tokens = 6;
  return config;
}

}  // namespace

TEST_CASE("words are found whatever their case, punctuation, number or digit") {
  const WordTokenizer tokenizer(kWords);
  CHECK(tokenizer.encode("A red ball, falls!", 10).ids == tokenizer.encode("a  RED ball , falls", 10).ids);
  CHECK(tokenizer.encode("3 walls", 10).ids == tokenizer.encode("three wall", 10).ids);
  CHECK(tokenizer.encode("", 10).ids.empty());
}

TEST_CASE("only marks are marks: no letter, no abbreviation, no plural of them") {
  const WordTokenizer tokenizer({"a", "ball", "e", "s"});
  const std::int64_t a = 2, ball = 3, close = 4, open = 5, unknown = WordTokenizer::kUnknown;
  using Ids = std::vector<std::int64_t>;
  CHECK(tokenizer.encode("a<S>ball<E>", 10).ids == Ids{a, open, ball, close});
  const auto text = tokenizer.encode("a U.S. ball(s), e.g. es ss <s>a<S>a<E>", 20);
  CHECK(text.ids == Ids{a, unknown, unknown, ball, unknown, unknown, unknown, unknown, unknown, unknown, a, open, a, close});
  CHECK(text.unknown == std::vector<std::string>{"u", "s", "e", "g", "es", "ss"});
  CHECK(tokenizer.id_of("<S>") == open);
  CHECK_FALSE(tokenizer.id_of("s"));
  CHECK(WordTokenizer({"a"}).encode("<S>a<E>", 10).unknown == std::vector<std::string>{"s", "e"});
}

TEST_CASE("unknown words and words beyond the limit are reported") {
  const WordTokenizer tokenizer(kWords);
  const auto text = tokenizer.encode("a zebra and a zebra", 4);
  CHECK(text.unknown == std::vector<std::string>{"zebra", "and"});
  CHECK(text.ids == std::vector<std::int64_t>{3, WordTokenizer::kUnknown, WordTokenizer::kUnknown, 3});
  CHECK(text.dropped == 1);
}

TEST_CASE("padding neither shows nor matters") {
  WordEncoder encoder(tiny());
  encoder.initialise(1);
  const Tensor tokens = encoder.tokenize({"a red ball", "a ball"});
  const Tensor rows = encoder.forward(tokens, {});
  CHECK(rows.sizes() == at::IntArrayRef({2, 6, 16}));
  CHECK(rows.narrow(1, 3, 3).abs().max().item<double>() == 0);
  // A text alone gives what it gives beside a longer one.
  const Tensor alone = encoder.forward(encoder.tokenize({"a ball"}), {});
  test::expect_close(rows[1], alone[0], 1e-6);
  CHECK(encoder.forward(encoder.tokenize({""}), {}).abs().max().item<double>() == 0);
}

TEST_CASE("a row tells the words beside it, up to its reach, where the layers have nothing to say") {
  text_encoders::WordEncoderConfig config = tiny();
  config.neighbours = 2;
  config.layers = 0;
  WordEncoder encoder(config);
  encoder.initialise(1);
  const auto row = [&](const char* text, std::int64_t place) { return encoder.forward(encoder.tokenize({text}), {})[0][place]; };
  CHECK(test::relative_error(row("a red wall falls", 2), row("three red wall falls", 2)) > 0.05);  // two to the left
  CHECK(test::relative_error(row("a red wall falls", 0), row("a red ball falls", 0)) > 0.05);      // two to the right
  test::expect_close(row("a red wall falls", 0), row("a red wall ball", 0), 1e-6);                 // three away
  test::expect_close(encoder.forward(encoder.tokenize({"a red"}), {})[0].narrow(0, 2, 4), at::zeros({4, 16}), 0);
}

TEST_CASE("places in lines: counted from each line's mark to its end, and nothing outside") {
  text_encoders::WordEncoderConfig config = tiny();
  config.words = {"a", "ball", "e", "red", "s"};
  config.line_places = 3;
  config.max_tokens = 12;
  WordEncoder encoder(config);
  encoder.initialise(1);
  text_encoders::LinePlaces places(encoder, "again", config.line_places, config.width, encoder.tokenizer());
  const Tensor tokens = encoder.tokenize({"a <S>red a ball<E> a <S>ball<E> red", "<S>a", "a red ball"});
  const Tensor expected = at::tensor({0, 1, 2, 3, 3, 3, 0, 4, 5, 6, 0, 0,   // five words share the third place
                                      1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,   // a line that never ends
                                      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, at::kLong);
  CHECK(at::equal(places.places_of(tokens).flatten(), expected));
  // What is said knows its place whatever the layers make of it: "red" first and "red" second.
  const Tensor rows = encoder.forward(encoder.tokenize({"<S>red a<E>", "<S>a red<E>"}), {});
  CHECK(test::relative_error(rows[0][1], rows[1][2]) > 0.2);
}

TEST_CASE("places in lines need words for the marks of lines") {
  text_encoders::WordEncoderConfig config = tiny();
  config.line_places = 3;
  CHECK_THROWS_WITH_AS(WordEncoder{config}, doctest::Contains("<S>"), InvalidRequest);
}

TEST_CASE("words stay distinguishable when the layers say the same of every word") {
  WordEncoder encoder(tiny());
  encoder.initialise(1);
  for (auto& [name, parameter] : encoder.named_parameters()) {
    if (name == "layers.0.fc2.bias") parameter.copy_(at::arange(16, at::kFloat) * 100);
  }
  const Tensor rows = encoder.forward(encoder.tokenize({"a red ball"}), {})[0];
  const double likeness = ((rows[1] * rows[2]).sum() / (rows[1].norm() * rows[2].norm())).item<double>();
  CHECK(likeness < 0.9);
}

// Reference voices of the embedded model, on a tiny one with random weights.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "phonofilm/base/error.h"
#include "phonofilm/families/folder_report.h"
#include "phonofilm/pipeline/long_film.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "pipeline/tiny_model.h"
#include "support/tiny_speaker.h"

using namespace phonofilm;
using diffusion::JointLatent;
using families::Prompt;

namespace {

constexpr const char* kTwoLines = "a says <S>hello<E>, b says <S>hello<E>";

// write_tiny_model's, with a backbone that reads voices.
struct VoicedModel : test::TinyModel {
  explicit VoicedModel(bool bound = true) {
    const auto plain = nava::load_backbone(folder.file("backbone"), at::kFloat);
    text_encoders::WordEncoderConfig text = plain->text_encoder().config();
    text.words = {",", "a", "b", "e", "hello", "s", "says"};
    text.max_tokens = 16;
    nava::NavaConfig transformer = plain->transformer().config();
    transformer.text_len = text.max_tokens;
    transformer.add_spk_emb = true, transformer.bind_voices = bound, transformer.spk_dim = 16;
    nava::SmallBackbone backbone(text, transformer);
    backbone.initialise(1);
    nava::save_backbone(backbone, folder.file("backbone"));
    test::write_tiny_speaker(folder.file("speaker_encoder"));
    load();
  }
};

Tensor voice(std::uint64_t seed, double seconds = 1.2) {
  const Tensor noise = randn({1, std::int64_t(seconds * families::kVoiceRate)}, make_generator(seed)) * 0.1;
  return seed % 2 == 1 ? noise : at::cumsum(noise, 1) * 0.02;  // as different as noises are: bright and dark
}

JointLatent velocity_of(const families::Generator& model, const Prompt& prompt, families::Sampling sampling) {
  const families::ClipSpec spec = model.clip_spec({});
  const auto shape = model.latent_shape(spec);
  const auto conditioning = model.encode(prompt, spec, {});
  const at::Generator generator = make_generator(3);
  const JointLatent latent{randn(shape.video, generator), randn(shape.audio, generator)};
  const at::NoGradGuard no_grad;
  return model.velocity(*conditioning, sampling, {})(latent, 0.7);
}

JointLatent velocity_of(const families::Generator& model, const Prompt& prompt) {
  return velocity_of(model, prompt, model.info().sampling);
}

std::vector<std::string> notices_of(const families::Generator& model, const Prompt& prompt) {
  return model.encode(prompt, model.clip_spec({}), {})->notices;
}

bool says(const std::vector<std::string>& notices, const std::string& words) {
  return std::any_of(notices.begin(), notices.end(), [&](const auto& n) { return n.find(words) != std::string::npos; });
}

}  // namespace

TEST_CASE("bound voices belong to their lines; overwritten ones do not know whose they are") {
  for (const bool bound : {true, false}) {
    const VoicedModel model(bound);
    const JointLatent ab = velocity_of(*model.generator, {.text = kTwoLines, .voices = {voice(1), voice(2)}});
    const JointLatent ba = velocity_of(*model.generator, {.text = kTwoLines, .voices = {voice(2), voice(1)}});
    const JointLatent none = velocity_of(*model.generator, {.text = kTwoLines});
    INFO(bound);
    CHECK(test::relative_error(ab.audio, none.audio) > 1e-4);
    if (bound) {
      CHECK(test::relative_error(ba.audio, ab.audio) > 1e-5);
    } else {
      CHECK(test::relative_error(ba.audio, ab.audio) < 2e-6);
    }
  }
}

TEST_CASE("bound voices stand in all rows of their own lines, overwriting ones in the first") {
  for (const bool bound : {true, false}) {
    const VoicedModel model(bound);
    const auto backbone = nava::load_backbone(model.folder.file("backbone"), at::kFloat);
    const Tensor tokens = backbone->text_encoder().tokenize({"a says <S>hello<E>, b says <S>hello hello<E> b"});
    const std::vector<std::int64_t> lines = backbone->line_rows(tokens).at(0);
    REQUIRE(lines == std::vector<std::int64_t>{2, 8});
    const auto context = [&](const Tensor& voices) {
      return backbone->encode_text(tokens, {}, {{voices, lines}}).context[0];
    };
    const Tensor voices = randn({3, 16}, make_generator(4));
    const Tensor moved = (context(voices.narrow(0, 1, 2)) - context(voices.narrow(0, 0, 2))).abs().sum(1).gt(1e-6);
    const Tensor rows = at::arange(16), first = rows.ge(2) & rows.le(4), second = rows.ge(8) & rows.le(11);
    INFO(bound);
    CHECK(at::equal(moved, bound ? first | second : rows.eq(2) | rows.eq(8)));
    CHECK_THROWS_WITH_AS(backbone->encode_text(tokens, {}, {{voices.narrow(0, 0, 2), {2, 8, 9}}}),
                         doctest::Contains("2 speaker embeddings for 3 spans"), InvalidRequest);
  }
}

TEST_CASE("timbre guidance is the model's default with voices, a pass more, and pulls at the sound alone") {
  const VoicedModel model;
  const families::ModelInfo& info = model.generator->info();
  CHECK(info.takes_voices);
  // The same is known without loading it.
  CHECK(families::inspect_folder(model.folder.path().string())->takes_voices);
  CHECK(families::inspect_folder(model.folder.path().string())->keeps_films == info.keeps_films);
  CHECK(info.sampling.guidance.use_timbre);
  CHECK(info.sampling.guidance.timbre == 1);
  const families::ClipSpec spec = model.generator->clip_spec({});
  CHECK(model.generator->plan(spec, info.sampling, true).passes ==
        model.generator->plan(spec, info.sampling, false).passes + 1);
  const Prompt prompt{.text = kTwoLines, .voices = {voice(1), voice(2)}};
  families::Sampling off = info.sampling;
  off.guidance.text = {2, 0}, off.guidance.timbre = 0;
  families::Sampling on = off;
  on.guidance.timbre = 2;
  const families::Generator& g = *model.generator;
  const JointLatent with = velocity_of(g, prompt, on), without = velocity_of(g, prompt, off);
  CHECK(test::relative_error(with.audio, without.audio) > 1e-4);
  test::expect_close(with.video, without.video, 1e-6);
  // Without voices there is nothing to pull at.
  const Prompt silent{.text = kTwoLines};
  off.guidance.text.audio = 1, off.guidance.use_timbre = false;
  on.guidance.text.audio = 1;
  test::expect_close(velocity_of(g, silent, on).audio, velocity_of(g, silent, off).audio, 0);
}

TEST_CASE("a line without a reference has the null voice, as one of zeros has, and the user hears of odd references") {
  const VoicedModel model;
  const families::Generator& g = *model.generator;
  const JointLatent first = velocity_of(g, {.text = kTwoLines, .voices = {voice(1), Tensor()}});
  const JointLatent both = velocity_of(g, {.text = kTwoLines, .voices = {voice(1), voice(2)}});
  CHECK(test::relative_error(first.audio, both.audio) > 1e-4);
  CHECK(says(notices_of(g, {.text = kTwoLines, .voices = {voice(1)}}), "speaks all 2 lines"));
  CHECK(says(notices_of(g, {.text = kTwoLines, .voices = {voice(1, 0.5), voice(2)}}), "a timbre wants"));
  CHECK(says(notices_of(g, {.text = kTwoLines, .voices = {at::zeros({1, 20000}), voice(2)}}), "is silent"));
  CHECK(says(notices_of(g, {.text = "a says <S>hello<E>", .voices = {voice(1), voice(2)}}), "are not used"));
}

TEST_CASE("in a long film a voice is heard from the segment on in which somebody speaks") {
  const VoicedModel model;
  pipeline::GenerateRequest r;
  r.prompt = "a", r.then = {"b says <S>hello<E>"};
  r.seconds = 45.0 / 24, r.seed = 5, r.timbre_guidance = 2;  // segments of 21 pictures, of which 9 are kept
  const auto made = [&](const std::vector<Tensor>& voices) {
    return pipeline::generate_film(*model.generator, r, {.voices = voices}, {});
  };
  const pipeline::Generated told = made({voice(1)}), plain = made({});
  CHECK_FALSE(says(told.notices, "timbre guidance has no effect"));
  CHECK(says(plain.notices, "timbre guidance has no effect"));
  r.timbre_guidance = -1;  // the model's own, also where a resumed film's request names it, is nobody's wish
  const pipeline::GenerateRequest resolved = pipeline::resolve(r, model.generator->info());
  CHECK(resolved.timbre_guidance == 1);
  CHECK_FALSE(says(pipeline::generate_film(*model.generator, resolved, {}, {}).notices, "timbre guidance has no effect"));
  const Tensor &one = told.clip.waveform, &other = plain.clip.waveform;
  CHECK(at::equal(one.slice(1, 0, 21000), other.slice(1, 0, 21000)));
  CHECK_FALSE(at::equal(one.slice(1, 24000), other.slice(1, 24000)));
}

TEST_CASE("voices that nobody can have are refused") {
  const VoicedModel model;
  families::Generator& g = *model.generator;
  CHECK_THROWS_WITH_AS(g.encode({.text = "a says hello", .voices = {voice(1)}}, g.clip_spec({}), {}),
                       doctest::Contains("nobody speaks"), InvalidRequest);
  CHECK_THROWS_WITH_AS(g.encode({.text = kTwoLines, .voices = {voice(1)}}, g.clip_spec({.audio = false}), {}),
                       doctest::Contains("need a sound"), InvalidRequest);
}

TEST_CASE("a voice that no line of a later prompt can take is refused before the first segment is made") {
  const VoicedModel model;
  pipeline::GenerateRequest r;
  r.prompt = "a says <S>hello<E>";
  r.seconds = 2;
  pipeline::GenerateOptions options;
  options.observer = [](const ProgressEvent& event) {
    FAIL_CHECK("computed: ", event.stage);
    return true;
  };
  const auto expect = [&](const std::string& then, const Tensor& second, const char* message) {
    r.then = {then};
    CHECK_THROWS_WITH_AS(pipeline::generate_film(*model.generator, r, {.voices = {voice(1), second}}, options),
                         doctest::Contains(message), InvalidRequest);
  };
  std::string far;
  for (int i = 0; i < 16; ++i) far += "a ";
  expect(far + "says <S>hello<E>", voice(2), "lie beyond the tokens that the model reads");
  expect("b says <S>hello<E>", voice(2, 0.05), "at least 0.1 s are needed");
}

TEST_CASE("a model without its speaker encoder takes no voices; inspection names the part; a misfit is refused") {
  VoicedModel model;
  const std::string root = model.folder.path().string(), file = root + "/" + nava::kSmallSpeakerFile;
  const auto part = [&] { return families::inspect_folder(root)->parts.back(); };
  CHECK(part().name == "speaker encoder");
  CHECK(part().usable());
  speaker_encoders::ReDimNetConfig wide = test::tiny_redimnet();
  wide.embed_dim = 24;
  speaker_encoders::ReDimNet other(wide);
  other.initialise(1);
  speaker_encoders::save_redimnet(other, file);
  CHECK_THROWS_WITH_AS(model.load(), doctest::Contains("have 24 numbers, the backbone takes 16"), CheckpointError);
  std::filesystem::remove(file);
  CHECK_FALSE(part().found);
  CHECK_FALSE(part().fault());
  model.load();
  CHECK_FALSE(model.generator->info().takes_voices);
  CHECK_FALSE(families::inspect_folder(model.folder.path().string())->takes_voices);
  CHECK_NOTHROW(velocity_of(*model.generator, {.text = kTwoLines}));
}

TEST_CASE("a small speaker encoder survives its file but for the rounding of matrices") {
  const test::TemporaryFolder folder;
  test::write_tiny_speaker(folder.path().string());
  const auto read = speaker_encoders::load_redimnet(folder.file("model.safetensors"));
  speaker_encoders::ReDimNet drawn(test::tiny_redimnet());
  drawn.initialise(7);
  CHECK(read->config().stages.size() == 2);
  CHECK(read->parameter_count() == drawn.parameter_count());
  const Tensor own = drawn.embedding(voice(1)), again = read->embedding(voice(1));
  CHECK(test::relative_error(again, own) < 0.05);
}

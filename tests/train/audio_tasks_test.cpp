#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/train/audio_autoencoder_task.h"
#include "phonofilm/train/recogniser_data.h"
#include "phonofilm/train/recogniser_task.h"
#include "phonofilm/train/sound_data.h"
#include "phonofilm/train/vocoder_loss.h"
#include "phonofilm/train/vocoder_task.h"
#include "phonofilm/world/world.h"
#include "support/support.h"

using namespace phonofilm;
using nlohmann::json;

namespace {

train::Recipe recipe(const std::string& task, const json& options) {
  return train::parse_recipe({{"task", task}, {"seed", 5}, {"steps", 10}, {"options", options}}, "test");
}

json tiny_autoencoder() { return {{"batch", 2}, {"crop", 16}, {"model", {{"width", 16}, {"latent_channels", 4}}}}; }
json tiny_vocoder() { return {{"batch", 2}, {"crop", 16}, {"model", {{"width", 16}, {"hidden", 16}, {"blocks", 1}}}}; }

void check_pure_function(const train::Task& task) {
  const train::Batch a = task.batch(1, 3), b = task.batch(1, 3), later = task.batch(1, 4), other = task.batch(2, 3);
  for (const auto& [name, tensor] : a) {
    CHECK_MESSAGE(at::equal(tensor, b.at(name)), name);
    CHECK_MESSAGE(!at::equal(tensor, later.at(name)), name);
    CHECK_MESSAGE(!at::equal(tensor, other.at(name)), name);
  }
}

// A few plain gradient steps on one batch must reduce its loss.
void check_learns(train::Task& task, double rate) {
  task.model().require_grad(true);
  const train::Batch batch = task.batch(1, 0);
  double first = 0, last = 0;
  for (int step = 0; step < 8; ++step) {
    const train::StepLoss loss = task.loss(batch, 1, 0, {});
    last = loss.total.item<double>();
    if (step == 0) first = last;
    loss.total.backward();
    const at::NoGradGuard no_grad;
    double square = 0;
    for (auto& [name, p] : task.model().named_parameters()) square += p.grad().square().sum().item<double>();
    for (auto& [name, p] : task.model().named_parameters()) {
      p.sub_(p.grad() * (rate / std::sqrt(square)));
      p.mutable_grad() = Tensor();
    }
  }
  CHECK(last < 0.98 * first);
}

}  // namespace

TEST_CASE("sound alone equals the film's sound") {
  world::RenderOptions options;
  options.height = options.width = 32;
  CHECK(at::equal(world::render_sound("impacts", 9, options), world::render("impacts", 9, options).clip.waveform));
}

TEST_CASE("audio autoencoder task") {
  const auto task = train::make_audio_autoencoder_task(recipe("audio_autoencoder", tiny_autoencoder()), {});
  CHECK(task->batch(1, 0).at("mel").sizes() == at::IntArrayRef({2, 80, 16}));
  check_pure_function(*task);
  check_learns(*task, 0.3);
}

TEST_CASE("a stereo autoencoder goes on from a mono one, and a vocoder hears one of its channels") {
  test::TemporaryFolder folder;
  train::make_audio_autoencoder_task(recipe("audio_autoencoder", tiny_autoencoder()), {})
      ->export_model(folder.file("mono"));
  json options = tiny_autoencoder();
  options["start"] = folder.file("mono");
  options["model"] = {{"channels", 2}};
  const auto task = train::make_audio_autoencoder_task(recipe("audio_autoencoder", options), {});
  const Tensor mel = task->batch(1, 0).at("mel");
  CHECK(mel.sizes() == at::IntArrayRef({2, 160, 16}));
  CHECK_MESSAGE(!at::equal(mel.narrow(1, 0, 80), mel.narrow(1, 80, 80)), "things stand at one side or the other");
  check_pure_function(*task);
  check_learns(*task, 0.3);
  task->export_model(folder.file("stereo"));
  json vocoder = tiny_vocoder();
  vocoder["autoencoder"] = folder.file("stereo");
  const auto hearing = train::make_vocoder_task(recipe("vocoder", vocoder), {});
  CHECK(hearing->batch(1, 0).at("mel").sizes() == at::IntArrayRef({2, 80, 16}));
  check_pure_function(*hearing);
}

TEST_CASE("vocoder task, with a trained autoencoder's mels") {
  test::TemporaryFolder folder;
  train::make_audio_autoencoder_task(recipe("audio_autoencoder", tiny_autoencoder()), {})
      ->export_model(folder.file("codec"));
  json options = tiny_vocoder();
  options["autoencoder"] = folder.file("codec");
  const auto task = train::make_vocoder_task(recipe("vocoder", options), {});
  const train::Batch batch = task->batch(1, 0);
  CHECK(batch.at("mel").sizes() == at::IntArrayRef({2, 80, 16}));
  CHECK(batch.at("spectrum").sizes() == at::IntArrayRef({2, 513, 16}));
  CHECK(batch.at("waveform").sizes() == at::IntArrayRef({2, 4096}));
  check_pure_function(*task);
  check_learns(*task, 0.3);
  task->export_model(folder.file("vocoder"));
  CHECK_NOTHROW(vocoders::load_vocos(folder.file("vocoder"), at::kBFloat16));
}

TEST_CASE("impossible recipes are refused") {
  CHECK_THROWS_AS(train::make_audio_autoencoder_task(recipe("audio_autoencoder", {{"crop", 15}}), {}), InvalidRequest);
  CHECK_THROWS_AS(train::make_vocoder_task(recipe("vocoder", {{"crop", 129}}), {}), InvalidRequest);
  CHECK_THROWS_AS(train::make_vocoder_task(recipe("vocoder", {{"crops", 40}}), {}), InvalidRequest);
  CHECK_THROWS_AS(train::make_vocoder_task(recipe("vocoder", {{"autoencoder", "/nowhere"}}), {}), CheckpointError);
}

TEST_CASE("a perfect prediction has no loss, whatever the absolute phase") {
  const Tensor sound = train::render_sounds({}, 1, "train", 0, 2).squeeze(1);
  const dsp::LogMel mel{dsp::MelConfig{}};
  const Tensor spectrum = dsp::stft(sound, mel.config().stft());
  const auto [stft, band] = train::spectral_loss(sound, sound, mel);
  CHECK(stft.item<double>() == 0);
  CHECK(band.item<double>() == 0);
  const Tensor turned = spectrum * at::complex(at::full({1}, 0.6f), at::full({1}, 0.8f));
  const vocoders::Vocos::Prediction exact{{}, at::zeros({1}), turned / dsp::magnitude(turned, 1e-20)};
  const train::PhaseLoss loss = train::phase_loss(exact, spectrum, mel.config());
  CHECK(loss.in_time.item<double>() < 1e-5);
  CHECK(loss.in_band.item<double>() < 1e-5);
  const vocoders::Vocos::Prediction still{{}, at::zeros({1}), turned * 0 + 1};
  CHECK(train::phase_loss(still, spectrum, mel.config()).in_time.item<double>() > 0.3);
}

TEST_CASE("the ruler of attacks reads a known shift") {
  const Tensor sound = train::render_sounds({}, 1, "train", 0, 1)[0][0];
  const std::vector<double> times = train::strike_times({}, 1, "train", 0);
  REQUIRE(!times.empty());
  CHECK(train::attack_shift_ms(sound, sound, times, 16000) == 0);
  const Tensor late = at::cat({at::zeros({160}), sound.narrow(0, 0, sound.size(0) - 160)});  // 10 ms
  CHECK(train::attack_shift_ms(sound, late, times, 16000) == doctest::Approx(10).epsilon(0.3));
}

TEST_CASE("a recogniser's labels are the last parts of words") {
  recognisers::WordRecogniserConfig config;
  config.words = {"one", "two"};
  REQUIRE(config.step() == doctest::Approx(0.032));
  // "two" from 0.32 to 0.64 s: its label from 0.448 s, steps 14 to 19; a word that is not known has none.
  const Tensor labels = train::word_labels({{"two", 0.32, 0.64}, {"red", 0.64, 0.96}}, config, 32);
  CHECK(labels.sum().item<std::int64_t>() == 2 * 6);
  CHECK(labels[13].item<std::int64_t>() == 0);
  CHECK(labels[14].item<std::int64_t>() == 2);
  CHECK(labels[19].item<std::int64_t>() == 2);
  CHECK(labels[20].item<std::int64_t>() == 0);
}

TEST_CASE("spoken sounds hold what they say" * doctest::skip(!world::speech_available())) {
  const train::SpeechSource source;
  for (std::uint64_t i = 0; i < 12; ++i) {
    const train::SpokenSound sound = train::spoken_sound(source, 1, "train", i);
    CHECK(sound.waveform.size(0) == 40960);
    REQUIRE(!sound.words.empty());
    double before = 0;
    for (const world::SpokenWord& word : sound.words) {
      CHECK(word.start >= before - 1e-6);
      CHECK(word.end <= 40960 / 16000.0);
      before = word.end;
    }
  }
  CHECK(at::equal(train::spoken_sound(source, 1, "train", 3).waveform,
                  train::spoken_sound(source, 1, "train", 3).waveform));
  const train::SpokenFilms films = train::spoken_films("talker_new_voices", 1, 2);
  CHECK(films.lines.size() == 2);
  CHECK(films.waveforms.size(0) == 2);
}

TEST_CASE("a recogniser's batches are a function of the step, and it learns" *
          doctest::skip(!world::speech_available())) {
  const json options{{"batch", 4}, {"model", {{"width", 24}, {"hidden", 24}, {"blocks", 1}}}};
  const auto task = train::make_recogniser_task(recipe("recogniser", options), {});
  check_pure_function(*task);
  check_learns(*task, 0.5);
  const test::TemporaryFolder folder;
  task->export_model(folder.file("model"));
  CHECK(recognisers::load_word_recogniser(folder.file("model"))->config().words.size() == 52);
  CHECK(task->validate({}).at("talker_word_error") > 0.5);  // untrained
}

TEST_CASE("what a recogniser learns from may have gone through the embedded model's autoencoder, of two channels" *
          doctest::skip(!world::speech_available())) {
  json options{{"batch", 2}, {"model", {{"width", 24}, {"hidden", 24}, {"blocks", 1}}}};
  const Tensor plain = train::make_recogniser_task(recipe("recogniser", options), {})->batch(1, 0).at("mel");
  options.update({{"autoencoder", PHONOFILM_SOURCE_DIR "/models/mini/audio_autoencoder"}, {"autoencoder_share", 1}});
  const Tensor coded = train::make_recogniser_task(recipe("recogniser", options), {})->batch(1, 0).at("mel");
  REQUIRE(coded.sizes() == plain.sizes());
  const double off = (coded - plain).abs().mean().item<double>();  // nat
  CHECK(off > 0.02);
  CHECK(off < 0.5);
}

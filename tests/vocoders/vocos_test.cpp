#include "phonofilm/vocoders/vocos/vocos.h"

#include <cmath>
#include <numbers>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "support/support.h"

using namespace phonofilm;
using vocoders::Vocos;
using vocoders::VocosConfig;

namespace {

const nn::RunContext kFloat32{};

VocosConfig small(bool track_phase = true) {
  VocosConfig config;
  config.mel.bins = 20;
  config.mel.fft = 256;
  config.mel.hop = 64;
  config.mel.fmin = 0;
  config.width = 32;
  config.hidden = 48;
  config.blocks = 2;
  config.track_phase = track_phase;
  return config;
}

Tensor some_mel(std::int64_t frames) { return randn({2, 20, frames}, make_generator(1)) - 5; }

}  // namespace

TEST_CASE("the default fits the embedded model: 128 mel frames become 32768 samples") {
  const Vocos model(VocosConfig{}, 1);
  CHECK(model.parameter_count() > 2'000'000);
  CHECK(model.parameter_count() < 3'000'000);
  const Tensor sound = model.forward(at::full({1, 80, 128}, -6.0), kFloat32);
  CHECK(sound.sizes() == at::IntArrayRef({1, 32768}));
  CHECK(at::isfinite(sound).all().item<bool>());
}

TEST_CASE("the spectrum has the predicted magnitude and directions of modulus one") {
  for (const bool track : {true, false}) {
    const Vocos model(small(track), 2);
    const Vocos::Prediction p = model.predict(some_mel(9), kFloat32);
    REQUIRE(p.direction.sizes() == at::IntArrayRef({2, 129, 9}));
    CHECK((dsp::magnitude(p.direction, 0) - 1).abs().max().item<double>() < 1e-3);
    test::expect_close(dsp::magnitude(p.spectrum(), 0), at::exp(p.log_magnitude), 1e-3);
  }
}

TEST_CASE("memory follows the recurrence of its definition") {
  Vocos model(small(), 2);
  // With all head weights zero, advance = phase = 0, keep = sigmoid(3) and strike = sigmoid(0) = 1/2 everywhere.
  for (auto& [name, p] : model.named_parameters()) {
    if (name.starts_with("head.")) p.zero_();
  }
  const Vocos::Prediction prediction = model.predict(some_mel(6), kFloat32);
  const double keep = 1 / (1 + std::exp(-3.0));
  for (const std::int64_t bin : {0, 1, 5, 128}) {
    std::complex<double> z = 0.5;
    for (std::int64_t t = 1; t < 6; ++t) z = 0.5 + keep * std::polar(1.0, 2 * std::numbers::pi * double(bin) / 4) * z;
    const std::complex<double> expected = z / std::abs(z);
    CHECK(at::real(prediction.direction)[0][bin][5].item<double>() == doctest::Approx(expected.real()).epsilon(1e-4));
    CHECK(std::abs(at::imag(prediction.direction)[0][bin][5].item<double>() - expected.imag()) < 1e-4);
  }
}

TEST_CASE("a steady mel: phases stand still without memory, and turn with it") {
  const Tensor mel = at::full({1, 20, 60}, -4.0);
  const auto change = [&](bool track) {  // of direction between two frames far from the ends
    const Vocos model(small(track), 2);
    const Tensor direction = model.predict(mel, kFloat32).direction;
    return (direction.select(2, 30) - direction.select(2, 29)).abs().mean().item<double>();
  };
  CHECK(change(false) < 1e-4);
  CHECK(change(true) > 0.1);
}

TEST_CASE("an untrained vocoder already has the mel's level, whatever it is") {
  Vocos model(small(), 2);
  for (auto& [name, p] : model.named_parameters()) {
    if (name == "head.out.weight") p.zero_();
  }
  const dsp::LogMel front_end(model.config().mel);
  for (const double level : {-5.0, -1.0, 2.0}) {
    const Tensor mel = at::full({1, 20, 10}, level);
    const Tensor back = front_end.of_magnitude(at::exp(model.predict(mel, kFloat32).log_magnitude));
    CHECK((back - mel).abs().mean().item<double>() < 0.3);
  }
}

TEST_CASE("refining brings the sound nearer to the given mel") {
  Vocos model(small(), 2);
  const dsp::LogMel front_end(model.config().mel);
  const Tensor mel = at::full({1, 20, 40}, -2.0);
  const Vocos::Prediction p = model.predict(mel, kFloat32);
  const auto error = [&](const Tensor& sound) {
    return (front_end.of_waveform(sound) - mel).abs().mean().item<double>();
  };
  const double plain = error(model.waveform(p));
  CHECK(error(model.refined(mel, p, 16)) < 0.8 * plain);
}

TEST_CASE("gradients reach every parameter and stay finite over a long memory") {
  Vocos model(small(), 3);
  model.require_grad(true);
  model.waveform(model.predict(some_mel(120), kFloat32)).square().mean().backward();
  for (auto& [name, p] : model.named_parameters()) {
    REQUIRE_MESSAGE(p.grad().defined(), name);
    CHECK_MESSAGE(at::isfinite(p.grad()).all().item<bool>(), name);
    CHECK_MESSAGE(p.grad().abs().sum().item<double>() > 0, name);
  }
}

TEST_CASE("strict folders") {
  test::TemporaryFolder folder;
  Vocos model(small(), 7);
  model.convert(at::kBFloat16);
  save_vocos(model, folder.file("model"));
  const auto loaded = vocoders::load_vocos(folder.file("model"), at::kFloat);
  CHECK(loaded->config().mel.hop == 64);
  test::expect_close(loaded->forward(some_mel(8), kFloat32), model.forward(some_mel(8), kFloat32), 1e-5);

  const std::string weights = read_file(folder.file("model/model.safetensors"));
  write_file_atomically(folder.file("model/model.safetensors"), weights.substr(0, 100));
  CHECK_THROWS_AS(vocoders::load_vocos(folder.file("model"), at::kFloat), CheckpointError);
  write_file_atomically(folder.file("model/model.safetensors"), weights);
  // The second asks for 2 GB a block: shapes are compared before memory is asked for.
  for (const char* bad : {R"({"type": "vocos", "blocks": 3})",
                          R"({"type": "vocos", "width": 8192, "hidden": 32768, "blocks": 64})"}) {
    write_file_atomically(folder.file("model/config.json"), bad);
    CHECK_THROWS_AS(vocoders::load_vocos(folder.file("model"), at::kFloat), CheckpointError);
  }
  CHECK_THROWS_AS(vocoders::load_vocos(folder.file("nowhere"), at::kFloat), CheckpointError);
}

TEST_CASE("bad inputs are refused") {
  CHECK_THROWS_AS(Vocos(small(), 1).forward(at::zeros({1, 80, 8}), kFloat32), ShapeError);
  VocosConfig config = small();
  config.mel.framing = "inner";
  CHECK_THROWS_AS(Vocos{config}, InvalidRequest);
}

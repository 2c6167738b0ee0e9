// The LTX vocoder against recordings of the published code (testdata/goldens/ltx-audio-tiny).
#include "phonofilm/vocoders/ltx_vocoder/ltx_vocoder.h"

#include <nlohmann/json.hpp>

#include "phonofilm/autoencoders/ltx_audio_vae/ltx_audio_vae.h"
#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"
#include "support/vocoder_layout.h"

using namespace phonofilm;
using vocoders::LtxVocoder;
using vocoders::LtxVocoderConfig;

namespace {

constexpr double kTolerance = 1e-5, kAbsolute = 1e-4;  // float32 against float64 is 8e-7; the README asks for 1e-4

std::string golden(const std::string& name) { return test::testdata("goldens/ltx-audio-tiny/" + name); }
const std::string kWeights = "ltx-2.3-audio_vae.safetensors";

std::unique_ptr<LtxVocoder> load_tiny() { return vocoders::load_ltx_vocoder(golden(kWeights)); }
weights::SafetensorsFile recording() { return weights::SafetensorsFile::open(golden("golden_ltx_audio.safetensors")); }
nlohmann::json published() { return load_json(golden("config.json"))["vocoder"]; }

void expect_recorded(const Tensor& actual, const weights::SafetensorsFile& file, const std::string& name) {
  const Tensor expected = file.at(name);
  CHECK((actual.scalar_type() == at::kFloat));
  test::expect_close(actual, expected, kTolerance, name);
  CHECK_MESSAGE((actual - expected).abs().max().item<double>() < kAbsolute, name);
  MESSAGE(name, ": relative error ", test::relative_error(actual, expected));
}

// The tensors of one layer, for a layer that stands alone.
weights::TensorMap part_of(const weights::SafetensorsFile& file, const std::string& prefix) {
  weights::TensorMap part;
  for (const auto& [name, tensor] : file.tensors()) {
    if (name.starts_with(prefix)) part.emplace(name.substr(prefix.size()), tensor);
  }
  return part;
}

// The published layout, written down from the specification.
struct Layout : test::VocoderLayout {
  Layout() : VocoderLayout("vocoder.", at::kBFloat16, /*normed=*/false) {}

  void block(const std::string& name, std::int64_t channels, std::int64_t kernel) {
    for (const char* number : {"1", "2"}) {
      for (const char* step : {".0", ".1", ".2"}) {
        conv(name + ".convs" + number + step, {channels, channels, kernel}, channels);
        activation(name + ".acts" + number + step, channels);
      }
    }
  }
  void generator(const std::string& name, std::int64_t width, const std::vector<std::int64_t>& kernels) {
    conv(name + ".conv_pre", {width, 128, 7}, width);
    for (std::size_t i = 0; i < kernels.size(); ++i, width /= 2) {
      conv(name + ".ups." + std::to_string(i), {width, width / 2, kernels[i]}, width / 2);
      for (std::size_t j = 0; j < 3; ++j) {
        block(name + ".resblocks." + std::to_string(3 * i + j), width / 2, /*kernel=*/std::int64_t(3 + 4 * j));
      }
    }
    activation(name + ".act_post", width);
    add(name + ".conv_post.weight", {2, width, 7});
  }
};

Layout published_layout() {
  Layout layout;
  layout.generator("vocoder", 1536, {11, 4, 4, 4, 4, 4});
  REQUIRE(layout.tensors.size() == 667);
  layout.generator("bwe_generator", 512, {12, 11, 4, 4, 4});
  REQUIRE(layout.tensors.size() == 667 + 557);
  layout.add("mel_stft.mel_basis", {64, 257});
  layout.add("mel_stft.stft_fn.forward_basis", {514, 1, 512});
  layout.add("mel_stft.stft_fn.inverse_basis", {514, 1, 512});
  return layout;
}

// One sample of the doubled signal out of two: a down filter that takes what tap 5 (even) or tap 6 (odd) meets.
Tensor doubled_signal(const Tensor& x, vocoders::SnakeParameters p) {
  const auto take = [&](std::int64_t tap) {
    p.down = at::zeros({1, 1, 12});
    p.down.select(2, tap).fill_(1);
    return vocoders::anti_aliased_snake(x, p);
  };
  return at::stack({take(5), take(6)}, -1).flatten(2);
}

}  // namespace

TEST_CASE("ltx vocoder: the published code's waveforms, stage by stage, from its file") {
  const c10::InferenceMode guard;
  const auto file = recording();
  const auto vocoder = load_tiny();
  for (const std::string part : {"vocoder_from_mel.", "vocoder_from_decode."}) {
    const Tensor mel = file.at(part + "mel_in"), narrow = vocoder->narrow_band(mel);
    const Tensor open = vocoder->generator().unbounded(vocoders::ltx_generator_input(mel));
    expect_recorded(open, file, part + "stage1_before_clamp");
    expect_recorded(narrow, file, part + "stage1_16k");
    CHECK(at::equal(narrow, open.clamp(-1, 1)));
    CHECK(open.abs().max().item<double>() > 1);  // or the recording could not tell a clamp from none

    const Tensor bands = vocoder->extension_mel().forward(narrow);
    expect_recorded(bands, file, part + "bwe_mel");
    expect_recorded(vocoder->extension().forward(bands.flatten(1, 2)), file, part + "bwe_residual_48k");
    expect_recorded(vocoders::ltx_upsampled(narrow, 3), file, part + "skip_48k");
    expect_recorded(vocoder->extend(narrow), file, part + "out_48k");
    const Tensor wave = vocoder->forward(mel);
    expect_recorded(wave, file, part + "out_48k");
    CHECK(wave.size(2) == vocoder->config().hop() * mel.size(2));
    expect_recorded(vocoder->at_input_rate(wave), file, part + "out_resampled_16k");
  }
}

TEST_CASE("ltx vocoder: tokens become sound as the published code makes it of them") {
  const c10::InferenceMode guard;
  const auto file = recording();
  const auto vae = autoencoders::load_ltx_audio_vae(golden(kWeights));
  const Tensor wave = load_tiny()->forward(vae->decode(file.at("decode_a.tokens")));
  expect_recorded(wave, file, "vocoder_from_decode.out_48k");
}

TEST_CASE("ltx vocoder: the published code's pieces") {
  const c10::InferenceMode guard;
  const auto file = recording(), weights_file = weights::SafetensorsFile::open(golden(kWeights));
  const Tensor x = file.at("piece.act_in");

  weights::TensorMap act = part_of(weights_file, "vocoder.vocoder.resblocks.0.acts1.0.");
  vocoders::SnakeParameters p{act.at("act.alpha"), act.at("act.beta"), act.at("upsample.filter"), {}};
  expect_recorded(doubled_signal(x, p), file, "piece.act_snake");
  p.beta = at::full({64}, 80.0);  // nothing left of the sine
  expect_recorded(doubled_signal(x, p), file, "piece.act_up");
  nn::Module root;
  vocoders::AntiAliasedSnake snake(root, "acts", 64);
  snake.load(act, kWeights);
  expect_recorded(snake.forward(x), file, "piece.act_out");

  vocoders::AmpBlock<vocoders::ltx::Layers> block(root, "block", 64, /*kernel=*/7, {1, 3, 5});
  block.load(part_of(weights_file, "vocoder.vocoder.resblocks.1."), kWeights);
  expect_recorded(block.forward(x), file, "piece.amp_block1_out");

  vocoders::ltx::UpConv up(root, "up", 128, 64, /*kernel=*/11, /*stride=*/5);
  up.load(part_of(weights_file, "vocoder.vocoder.ups.0."), kWeights);
  expect_recorded(up.forward(file.at("piece.ups0_in")), file, "piece.ups0_out");
}

TEST_CASE("ltx vocoder: the filter of the threefold rate is what an impulse becomes") {
  Tensor impulse = at::zeros({1, 1, 31});
  impulse.select(2, 15).fill_(1);
  const Tensor wave = vocoders::ltx_upsampled(impulse, 3);
  REQUIRE(wave.size(2) == 93);
  expect_recorded(wave.narrow(2, 3 * 15 - 21, 43) / 3, recording(), "piece.hann_x3_filter");
  // The ends are repeated, so a constant stays one up to the filter's ripple.
  CHECK((vocoders::ltx_upsampled(at::full({1, 2, 5}, 0.7), 3) - 0.7).abs().max().item<double>() < 0.01);
}

TEST_CASE("ltx vocoder: names, shapes and size of the published model, without its memory") {
  const Layout layout = published_layout();
  LtxVocoder model;
  CHECK(model.config().hop() == 480);
  CHECK(model.parameter_count() == layout.values);
  const std::vector<std::string> problems = model.misfits(layout.tensors, "vocoder.");
  CHECK_MESSAGE(problems.empty(), problems.size(), " misfits, first: ", problems.empty() ? "" : problems[0]);
}

TEST_CASE("ltx audio: the whole published file, 1329 tensors of 182.3 million values") {
  const LtxVocoder vocoder;
  const autoencoders::LtxAudioVae vae;
  CHECK(vocoder.declarations().size() + vae.declarations().size() == 1329);
  // The specification counts the statistics, 2 x 128 values, twice.
  CHECK(vocoder.parameter_count() + vae.parameter_count() + 256 == 182'333'690);
  std::int64_t trained = 0;  // without the constants
  for (const auto& [name, shape, init] : vocoder.declarations()) {
    if (!name.ends_with(".filter") && !name.starts_with("mel_stft.")) trained += c10::multiply_integers(shape);
  }
  CHECK(trained == 128'537'448);
}

TEST_CASE("ltx vocoder: a fresh network's constants are the published ones, up to their rounding") {
  LtxVocoder fresh(load_tiny()->config());
  fresh.initialise(3);
  const auto published_tensors = weights::SafetensorsFile::open(golden(kWeights)).tensors();
  const weights::TensorMap own = fresh.state_dict("vocoder.");
  for (const std::string name : {"vocoder.mel_stft.mel_basis", "vocoder.mel_stft.stft_fn.forward_basis",
                                 "vocoder.vocoder.act_post.upsample.filter"}) {
    test::expect_close(own.at(name), published_tensors.at(name).to(at::kFloat), 0.004, name);
  }
  CHECK(fresh.forward(randn({1, 2, 3, 64}, make_generator(4))).abs().max().item<double>() > 0);
}

TEST_CASE("ltx vocoder: batches, the shortest mel, any length at the second stage") {
  const c10::InferenceMode guard;
  const auto vocoder = load_tiny();
  const Tensor mels = randn({2, 2, 4, 64}, make_generator(7)) - 2, waves = vocoder->forward(mels);
  REQUIRE(waves.sizes() == at::IntArrayRef({2, 2, 1920}));
  CHECK(waves.abs().max().item<double>() <= 1);
  test::expect_close(vocoder->forward(mels.narrow(0, 1, 1)), waves.narrow(0, 1, 1), 1e-5);
  CHECK(vocoder->forward(mels.narrow(2, 0, 1)).size(2) == 480);
  CHECK(vocoder->extend(randn({1, 2, 203}, make_generator(8))).size(2) == 609);
  CHECK(vocoder->extend(at::zeros({1, 2, 1})).size(2) == 3);
}

TEST_CASE("ltx vocoder: gradients are slopes, and reach every weight but the constants") {
  const auto vocoder = load_tiny();
  const Tensor mel = (randn({1, 2, 3, 64}, make_generator(9)) - 2) * 0.5;
  const Tensor direction = randn({1, 2, 3, 64}, make_generator(10));
  const auto loss = [&](const Tensor& x) { return vocoder->forward(x).to(at::kDouble).square().sum(); };
  Tensor leaf = mel.clone().requires_grad_();
  loss(leaf).backward();
  const double gradient = (leaf.grad() * direction).sum().item<double>(), step = 1e-3;
  const double difference = (loss(mel + direction * step) - loss(mel - direction * step)).item<double>() / (2 * step);
  CHECK_MESSAGE(gradient == doctest::Approx(difference).epsilon(0.01), gradient, " against ", difference);
  Tensor silent = at::zeros({1, 2, 160}).requires_grad_();
  vocoder->extend(silent).sum().backward();
  CHECK(at::isfinite(silent.grad()).all().item<bool>());

  vocoder->require_grad(true);
  loss(mel).backward();
  for (const auto& [name, parameter] : vocoder->named_parameters()) {
    const bool constant = name.ends_with(".filter") || name.starts_with("mel_stft.");
    CHECK_MESSAGE(parameter.grad().defined() == !constant, name);
    if (!constant && parameter.grad().defined()) CHECK_MESSAGE(at::isfinite(parameter.grad()).all().item<bool>(), name);
  }
}

TEST_CASE("ltx vocoder: the final activation follows the configuration") {
  const auto file = recording();
  const Tensor mel = file.at("vocoder_from_mel.mel_in"), open = file.at("vocoder_from_mel.stage1_before_clamp");
  const auto stage1 = [&](bool apply, bool use_tanh) {
    LtxVocoderConfig config = load_tiny()->config();
    config.generator.apply_final_activation = apply;
    config.generator.use_tanh_at_final = use_tanh;
    LtxVocoder vocoder(config);
    vocoder.load(weights::SafetensorsFile::open(golden(kWeights)).tensors(), kWeights, "vocoder.");
    return vocoder.narrow_band(mel);
  };
  test::expect_close(stage1(false, false), open, kTolerance, "none");
  test::expect_close(stage1(true, true), at::tanh(open), kTolerance, "tanh");
}

TEST_CASE("ltx vocoder: wrong shapes are refused at the door") {
  const auto vocoder = load_tiny();
  CHECK_THROWS_WITH_AS(vocoder->forward(at::zeros({1, 1, 3, 64})), doctest::Contains("ltx_vocoder: mel"), ShapeError);
  CHECK_THROWS_AS(vocoder->forward(at::zeros({1, 2, 3, 80})), ShapeError);
  CHECK_THROWS_AS(vocoder->forward(at::zeros({2, 3, 64})), ShapeError);
  CHECK_THROWS_WITH_AS(vocoder->forward(at::zeros({1, 2, 0, 64})), doctest::Contains("no frame"), ShapeError);
  CHECK_THROWS_WITH_AS(vocoder->extend(at::zeros({1, 1, 160})), doctest::Contains("extend: wave"), ShapeError);
  CHECK_THROWS_WITH_AS(vocoder->extend(at::zeros({1, 2, 0})), doctest::Contains("no sample"), ShapeError);
}

TEST_CASE("ltx vocoder: a file with a missing, a surplus and a mis-shaped tensor is refused, naming all three") {
  const auto file = weights::SafetensorsFile::open(golden(kWeights));
  weights::TensorMap tensors = file.tensors();
  tensors.erase("vocoder.mel_stft.mel_basis");
  tensors["vocoder.vocoder.conv_post.bias"] = at::zeros({2});
  tensors["vocoder.bwe_generator.act_post.upsample.filter"] = at::zeros({1, 1, 10});
  const test::TemporaryFolder folder;
  weights::save_safetensors(folder.file("broken.safetensors"), tensors, file.metadata());
  try {
    vocoders::load_ltx_vocoder(folder.file("broken.safetensors"));
    FAIL("it was accepted");
  } catch (const CheckpointError& error) {
    const std::string message = error.what();
    for (const std::string part : {"broken.safetensors", "missing \"vocoder.mel_stft.mel_basis\" [64, 257]",
                             "unexpected \"vocoder.vocoder.conv_post.bias\"", "expected [1, 1, 12], got [1, 1, 10]"}) {
      CHECK_MESSAGE(message.find(part) != std::string::npos, part);
    }
  }
}

TEST_CASE("ltx vocoder: the publisher's configuration, and what it must not say") {
  const LtxVocoderConfig tiny = vocoders::read_ltx_vocoder_config(published(), "test");
  CHECK(tiny.generator.network.upsample_initial_channel == 128);
  CHECK(tiny.generator.apply_final_activation);
  CHECK(!tiny.extension.apply_final_activation);
  nlohmann::json silent = published();
  silent["vocoder"].erase("use_tanh_at_final");
  CHECK(vocoders::read_ltx_vocoder_config(silent, "test").generator.use_tanh_at_final);  // as the publisher reads it
  const auto refused = [&](const std::string& pointer, const nlohmann::json& value) {
    nlohmann::json changed = published();
    changed[nlohmann::json::json_pointer(pointer)] = value;
    CAPTURE(pointer);
    CHECK_THROWS_AS(vocoders::read_ltx_vocoder_config(changed, "test"), InvalidRequest);
  };
  refused("/vocoder/resblock", "1");
  refused("/vocoder/stereo", false);
  refused("/vocoder/activation", "snake");
  refused("/vocoder/use_tanh_at_final", 1);
  refused("/vocoder/upsample_rates", std::vector<int>(16, 1024));
  refused("/vocoder/upsample_rates", {5, 2});
  refused("/vocoder/upsample_kernel_sizes", {10, 4, 4, 4, 4, 4});
  refused("/vocoder/upsample_initial_channel", 96);
  refused("/vocoder/upsample_initial_channel", 1 << 20);
  refused("/vocoder/resblock_kernel_sizes", std::vector<int>(17, 3));
  refused("/vocoder/resblock_dilation_sizes", {{1, 3, 5}, {1, 3, 5}, {1, 3}});
  refused("/bwe/upsample_rates", {6, 5, 2, 2, 4});
  refused("/bwe/win_size", 1024);
  refused("/bwe/n_fft", 1 << 24);
  refused("/bwe/hop_length", 0);
  refused("/bwe/output_sampling_rate", 44100);
  refused("/bwe/num_mels", "64");
  refused("/bwe", nlohmann::json::array());
  nlohmann::json older = published();
  older.erase("bwe");
  CHECK_THROWS_WITH_AS(vocoders::read_ltx_vocoder_config(older, "test"), doctest::Contains("\"bwe\" must be there"),
                       InvalidRequest);
  LtxVocoderConfig own;
  own.generator.network.upsample_rates = std::vector<std::int64_t>(12, 1024);
  CHECK_THROWS_AS(LtxVocoder{own}, InvalidRequest);
}

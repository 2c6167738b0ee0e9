// BigVGAN against recordings of the published code (testdata/goldens/ovi-tiny) and gradients of an independent reference
// (testdata/goldens/ovi-tiny-audio-gradients).
#include "phonofilm/vocoders/bigvgan/bigvgan.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/vocoders/bigvgan/fused_snake.h"
#include "phonofilm/weights/safetensors.h"
#include "phonofilm/weights/torch_archive.h"
#include "support/support.h"
#include "support/vocoder_layout.h"

using namespace phonofilm;
using vocoders::BigVgan;
using vocoders::BigVganConfig;
using vocoders::SnakeParameters;

namespace {

const nn::RunContext kFloat32{}, kBFloat16{at::kBFloat16};

std::string golden(const std::string& name) { return test::testdata("goldens/ovi-tiny/" + name); }

BigVganConfig tiny_config() {
  const std::string path = golden("MMAudio/audio.json");
  return vocoders::read_bigvgan_config(load_json(path)["bigvgan"], path);
}

weights::TensorMap published() {
  return weights::TorchArchive::open(golden("MMAudio/ext_weights/best_netG.pt")).tensors();
}

std::unique_ptr<BigVgan> load_tiny(at::ScalarType dtype = at::kFloat) {
  auto model = std::make_unique<BigVgan>(tiny_config());
  model->load(published(), "best_netG.pt", "generator.", dtype);
  return model;
}

weights::SafetensorsFile recording() { return weights::SafetensorsFile::open(golden("golden_audio.safetensors")); }

// The file of the recording has the later spelling of weight normalisation; this is the earlier one, and back.
std::string replaced(std::string name, const std::string& from, const std::string& to) {
  const std::size_t at = name.find(from);
  return at == std::string::npos ? name : name.replace(at, from.size(), to);
}
std::string earlier(const std::string& name) {
  return replaced(replaced(name, ".parametrizations.weight.original0", ".weight_g"),
                  ".parametrizations.weight.original1", ".weight_v");
}

// The published layout, written down from the specification.
struct Layout : test::VocoderLayout {
  Layout() : VocoderLayout("generator.", at::kFloat, /*normed=*/true) {}

  void block(const std::string& name, std::int64_t channels, std::int64_t kernel) {
    for (int i = 0; i < 3; ++i) {
      conv(name + ".convs1." + std::to_string(i), {channels, channels, kernel}, channels);
      conv(name + ".convs2." + std::to_string(i), {channels, channels, kernel}, channels);
    }
    for (int i = 0; i < 6; ++i) activation(name + ".activations." + std::to_string(i), channels);
  }
};

Layout published_layout() {
  Layout layout;
  const std::int64_t upsample_kernel[] = {8, 8, 4, 4, 4, 4}, block_kernel[] = {3, 7, 11};
  layout.conv("conv_pre", {1536, 80, 7}, 1536);
  for (int i = 0; i < 6; ++i) {
    const std::int64_t in = 1536 >> i, out = in / 2;
    layout.conv("ups." + std::to_string(i) + ".0", {in, out, upsample_kernel[i]}, out);
    for (int j = 0; j < 3; ++j) layout.block("resblocks." + std::to_string(3 * i + j), out, block_kernel[j]);
  }
  layout.activation("activation_post", 24);
  layout.conv("conv_post", {1, 24, 7}, 1);
  return layout;
}

SnakeParameters some_parameters(std::int64_t channels) {
  const Tensor up = vocoders::kaiser_low_pass(12, 0.25, 0.3).view({1, 1, 12});
  const Tensor down = randn({1, 1, 12}, make_generator(13));  // of no symmetry, so that a reversed tap would show
  return {randn({channels}, make_generator(11)), randn({channels}, make_generator(12)), up, down};
}

}  // namespace

TEST_CASE("bigvgan: the published code's waveform, from its file") {
  const c10::InferenceMode guard;
  const auto file = recording();
  for (const auto& [run, tolerance] : {std::pair{kFloat32, 1e-4}, std::pair{kBFloat16, 0.015}}) {
    CAPTURE(tolerance);
    const Tensor wave = load_tiny(run.dtype)->forward(file.at("decode_mel"), run);
    CHECK((wave.scalar_type() == at::kFloat));
    test::expect_close(wave, file.at("vocoder_waveform"), tolerance, "vocoder_waveform");
    MESSAGE("relative error ", test::relative_error(wave, file.at("vocoder_waveform")));
  }
}

TEST_CASE("bigvgan: both spellings of weight normalisation load alike; a tensor in both is refused") {
  const weights::TensorMap later = published();
  weights::TensorMap first;
  for (const auto& [name, tensor] : later) first[earlier(name)] = tensor;
  REQUIRE(first.contains("generator.ups.0.0.weight_g"));
  REQUIRE(later.contains("generator.ups.0.0.parametrizations.weight.original0"));
  BigVgan model(tiny_config());
  model.load(first, "earlier.pt");
  const auto file = recording();
  test::expect_close(model.forward(file.at("decode_mel"), kFloat32), file.at("vocoder_waveform"), 1e-4);

  first["generator.conv_post.parametrizations.weight.original1"] = at::zeros({1, 1, 7});
  CHECK_THROWS_WITH_AS(model.load(first, "both.pt"),
                       doctest::Contains("unexpected \"generator.conv_post.parametrizations.weight.original1\""),
                       CheckpointError);
  weights::TensorMap without = later;
  without.erase("generator.conv_pre.parametrizations.weight.original0");
  CHECK_THROWS_WITH_AS(model.load(without, "half.pt"), doctest::Contains("missing \"generator.conv_pre.weight_g\""),
                       CheckpointError);
}

TEST_CASE("bigvgan: names, shapes and size of the published model, without its memory") {
  const Layout layout = published_layout();
  REQUIRE(layout.values == 112'233'866);
  BigVgan model(BigVganConfig{});
  CHECK(model.config().hop() == 256);
  CHECK(model.parameter_count() == layout.values);
  CHECK(model.named_parameters().size() == layout.tensors.size());
  model.load(layout.tensors, "best_netG.pt");  // strict: throws on any other name or shape
}

TEST_CASE("bigvgan: folding changes nothing but the time it takes, and the parameters stay as published") {
  const auto file = recording();
  const weights::TensorMap tensors = published();
  const auto folded = load_tiny();
  BigVgan unfolded(tiny_config());
  static_cast<nn::Module&>(unfolded).load(vocoders::with_weight_norm_names(tensors), "best_netG.pt", "generator.");
  test::expect_close(unfolded.forward(file.at("decode_mel"), kFloat32), file.at("vocoder_waveform"), 1e-4);
  folded->load(tensors, "best_netG.pt");
  test::expect_close(folded->forward(file.at("decode_mel"), kFloat32), file.at("vocoder_waveform"), 1e-4);
  for (const auto& [name, tensor] : tensors) {
    CHECK_MESSAGE(at::equal(folded->state_dict("generator.").at(earlier(name)), tensor), name);
  }
  // A magnitude turned round turns its channels round, in the folded weight too.
  weights::TensorMap turned = tensors;
  const std::string magnitude = "generator.conv_post.parametrizations.weight.original0";
  turned[magnitude] = -turned[magnitude];
  turned["generator.conv_post.bias"] = -turned["generator.conv_post.bias"];
  folded->load(turned, "turned.pt");
  test::expect_close(folded->forward(file.at("decode_mel"), kFloat32), -file.at("vocoder_waveform"), 1e-4);
}

TEST_CASE("the Kaiser filter of the published checkpoint") {
  const Tensor filter = vocoders::kaiser_low_pass(12, 0.25, 0.3);
  const Tensor half = at::tensor({0.00202897, 0.00938946, -0.02554346, -0.05765738, 0.12857261, 0.44320980});
  CHECK((filter - at::cat({half, half.flip(0)})).abs().max().item<double>() < 1e-7);
  test::expect_close(filter.view({1, 1, 12}), published().at("generator.activation_post.upsample.filter"), 1e-6);
}

TEST_CASE("the fused activation is the composite one, at every length and amplitude") {
  const c10::InferenceMode guard;
  for (const std::int64_t samples : {1, 2, 3, 5, 15, 16, 17, 250, 255, 256, 257, 259, 262, 511, 512, 513, 1000}) {
    CAPTURE(samples);
    const Tensor x = randn({2, 3, samples}, make_generator(std::uint64_t(samples))) * 5;
    const SnakeParameters p = some_parameters(3);
    test::expect_close(vocoders::fused_snake(x, p), vocoders::anti_aliased_snake(x, p), 2e-6);
  }
  const Tensor wide = randn({1, 9, 300}, make_generator(1)).transpose(1, 2);  // not contiguous
  test::expect_close(vocoders::fused_snake(wide, some_parameters(300)),
                     vocoders::anti_aliased_snake(wide, some_parameters(300)), 2e-6);
  const Tensor absurd = vocoders::fused_snake(at::full({1, 1, 40}, 3e8), some_parameters(1));
  CHECK(at::isfinite(absurd).all().item<bool>());
  CHECK(at::isfinite(vocoders::fused_snake(at::full({1, 1, 4}, NAN), some_parameters(1))).any().item<bool>() == false);
  CHECK(vocoders::fused_snake(at::zeros({1, 2, 0}), some_parameters(2)).numel() == 0);
}

TEST_CASE("the activation is SnakeBeta where the signal is steady") {
  SnakeParameters p{at::full({1}, std::log(2.0)), at::full({1}, std::log(0.5)), {}, {}};
  p.up = p.down = vocoders::kaiser_low_pass(12, 0.25, 0.3).view({1, 1, 12});
  const double steady = vocoders::anti_aliased_snake(at::full({1, 1, 64}, 0.7), p)[0][0][32].item<double>();
  CHECK(steady == doctest::Approx(0.7 + std::pow(std::sin(1.4), 2) / 0.5).epsilon(0.01));
}

TEST_CASE("bigvgan: gradients of every tensor agree with an independent float64 reference") {
  const auto recorded =
      weights::SafetensorsFile::open(test::testdata("goldens/ovi-tiny-audio-gradients/gradients.safetensors"));
  const auto model = load_tiny();
  model->require_grad(true);
  const Tensor wave = model->forward(recording().at("decode_mel"), kFloat32);
  (wave * recorded.at("probe_waveform")).sum().backward();
  int compared = 0;
  for (const auto& [name, parameter] : model->named_parameters()) {
    if (name.ends_with(".filter")) {
      CHECK_MESSAGE(!parameter.grad().defined(), name, " is a constant");
      continue;
    }
    REQUIRE_MESSAGE(parameter.grad().defined(), name);
    test::expect_close(parameter.grad().norm(), recorded.at("bigvgan.norm." + name), 1e-3, name);
    const auto whole = recorded.tensors().find("bigvgan.grad." + name);
    if (whole == recorded.tensors().end()) continue;
    test::expect_close(parameter.grad(), whole->second, 1e-4, name);
    ++compared;
  }
  CHECK(compared == 12);
}

TEST_CASE("bigvgan: batches, the shortest mel, and wrong shapes") {
  const auto model = load_tiny();
  const Tensor mels = randn({2, 80, 3}, make_generator(7)) - 2;
  const Tensor waves = model->forward(mels, kFloat32);
  REQUIRE(waves.sizes() == at::IntArrayRef({2, 1, 768}));
  CHECK(waves.abs().max().item<double>() <= 1);
  test::expect_close(model->forward(mels.narrow(0, 1, 1), kFloat32), waves.narrow(0, 1, 1), 1e-5);
  CHECK(model->forward(mels.narrow(2, 0, 1), kFloat32).size(2) == 256);
  CHECK_THROWS_AS(model->forward(at::zeros({1, 64, 3}), kFloat32), ShapeError);
  CHECK_THROWS_AS(model->forward(at::zeros({1, 80, 0}), kFloat32), ShapeError);
}

TEST_CASE("bigvgan: a fresh network sounds, by seed") {
  BigVganConfig config = tiny_config();
  BigVgan first(config), second(config);
  first.initialise(3);
  second.initialise(3);
  const Tensor mel = randn({1, 80, 2}, make_generator(7)), wave = first.forward(mel, kFloat32);
  CHECK(wave.abs().max().item<double>() > 0);
  CHECK(at::equal(wave, second.forward(mel, kFloat32)));
}

TEST_CASE("bigvgan: the publisher's configuration, and what it must not say") {
  const BigVganConfig config = tiny_config();
  CHECK(config.upsample_initial_channel == 64);
  CHECK(config.resblock_dilations == std::vector<std::int64_t>{1, 3, 5});
  nlohmann::json published = load_json(golden("MMAudio/audio.json"))["bigvgan"];
  const auto refused = [&](const char* key, const nlohmann::json& value) {
    nlohmann::json changed = published;
    changed[key] = value;
    CHECK_THROWS_AS(vocoders::read_bigvgan_config(changed, "test"), InvalidRequest);
  };
  refused("resblock", "2");
  refused("activation", "snake");
  refused("snake_logscale", false);
  refused("resblock_dilation_sizes", {{1, 3, 5}, {1, 3, 5}, {1, 3}});
  refused("resblock_dilation_sizes", 3);
  refused("resblock_kernel_sizes", {3, 4});
  refused("upsample_rates", {4, 4});
  refused("upsample_rates", {1024, 1024, 1024, 1024, 1024, 1024});  // their product is the length of a film's sound per frame
  refused("upsample_kernel_sizes", {7, 8, 4, 4, 4, 4});
  refused("upsample_initial_channel", 96);
  refused("num_mels", "80");
  CHECK_THROWS_AS(vocoders::read_bigvgan_config(nlohmann::json::array(), "test"), InvalidRequest);
}

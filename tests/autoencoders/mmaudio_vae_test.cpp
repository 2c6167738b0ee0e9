// MMAudio's autoencoder and mel against recordings of the published code (testdata/goldens/ovi-tiny) and gradients of an
// independent reference (testdata/goldens/ovi-tiny-audio-gradients).
#include "phonofilm/autoencoders/mmaudio_vae/mmaudio_vae.h"

#include <cmath>

#include "phonofilm/autoencoders/mmaudio_vae/mel_front_end.h"
#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/weights/safetensors.h"
#include "phonofilm/weights/torch_archive.h"
#include "support/support.h"

using namespace phonofilm;
using autoencoders::MmaudioVae;
using autoencoders::MmaudioVaeConfig;
using autoencoders::Posterior;

namespace {

const nn::RunContext kFloat32{}, kBFloat16{at::kBFloat16};
constexpr MmaudioVaeConfig kTiny{.data_dim = 80, .embed_dim = 20, .hidden_dim = 16};

std::string golden(const std::string& name) { return test::testdata("goldens/ovi-tiny/" + name); }

weights::TensorMap published() {
  return weights::TorchArchive::open(golden("MMAudio/ext_weights/v1-16.pth")).tensors();
}

std::unique_ptr<MmaudioVae> load_tiny(at::ScalarType dtype = at::kFloat) {
  auto model = std::make_unique<MmaudioVae>(kTiny);
  model->load(published(), "v1-16.pth", "", dtype);
  return model;
}

Tensor standard_deviation(const Posterior& posterior) { return (posterior.log_variance / 2).exp(); }

// The published layout, written down from the specification: {"encoder.conv_in.weight", [384, 80, 3]}, ...
struct Layout {
  weights::TensorMap tensors;  // without memory
  std::int64_t values = 0;

  void add(const std::string& name, const Shape& shape) {
    tensors[name] = at::empty(shape, at::TensorOptions(at::kMeta).dtype(at::kFloat));
    values += tensors[name].numel();
  }
  void res_block(const std::string& name, std::int64_t in, std::int64_t out) {
    add(name + ".conv1.weight", {out, in, 3});
    add(name + ".conv2.weight", {out, out, 3});
    if (in != out) add(name + ".nin_shortcut.weight", {out, in, 1});
  }
  void side(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t wide) {
    add(name + ".learnable_gain", {});
    add(name + ".conv_in.weight", {name == "encoder" ? 384 : wide, in, 3});
    add(name + ".conv_out.weight", {out, name == "encoder" ? wide : 384, 3});
    res_block(name + ".mid.block_1", wide, wide);
    add(name + ".mid.attn_1.qkv.weight", {3 * wide, wide, 1});
    add(name + ".mid.attn_1.proj_out.weight", {wide, wide, 1});
    res_block(name + ".mid.block_2", wide, wide);
  }
};

Layout published_layout() {
  Layout layout;
  layout.add("data_mean", {1, 80, 1});
  layout.add("data_std", {1, 80, 1});
  layout.side("encoder", 80, 40, 1536);
  layout.side("decoder", 20, 80, 1536);
  const std::int64_t width[] = {384, 768, 1536};
  for (int level = 0; level < 3; ++level) {
    const std::string down = "encoder.down." + std::to_string(level), up = "decoder.up." + std::to_string(level);
    const std::int64_t narrower = width[std::max(level - 1, 0)], wider = width[std::min(level + 1, 2)];
    for (int i = 0; i < 2; ++i) layout.res_block(down + ".block." + std::to_string(i), i == 0 ? narrower : width[level], width[level]);
    for (int i = 0; i < 3; ++i) layout.res_block(up + ".block." + std::to_string(i), i == 0 ? wider : width[level], width[level]);
  }
  layout.add("encoder.down.0.downsample.conv1.weight", {384, 384, 1});
  layout.add("encoder.down.0.downsample.conv2.weight", {384, 384, 1});
  layout.add("decoder.up.1.upsample.conv.weight", {768, 768, 3});
  return layout;
}

}  // namespace

TEST_CASE("mmaudio mel: the recorded one, of a waveform that needs clamping") {
  const auto file = weights::SafetensorsFile::open(golden("golden_audio.safetensors"));
  REQUIRE(file.at("waveform").abs().max().item<double>() > 1);
  test::expect_close(autoencoders::mmaudio_mel(file.at("waveform")), file.at("mel"), 1e-4, "mel");
  CHECK(autoencoders::mmaudio_mel(at::zeros({2, 16000 * 5 / 256 * 256})).sizes() == at::IntArrayRef({2, 80, 312}));
  CHECK_THROWS_AS(autoencoders::mmaudio_mel(at::zeros({16000})), ShapeError);
  CHECK_THROWS_AS(autoencoders::mmaudio_mel(at::zeros({1, 384})), ShapeError);
}

TEST_CASE("mmaudio vae: the published code's posterior and mel, from its file") {
  const c10::InferenceMode guard;
  const auto file = weights::SafetensorsFile::open(golden("golden_audio.safetensors"));
  for (const auto& [run, tolerance] : {std::pair{kFloat32, 1e-4}, std::pair{kBFloat16, 0.015}}) {
    CAPTURE(tolerance);
    const auto model = load_tiny(run.dtype);
    const Posterior posterior = model->encode(file.at("mel"), run);
    test::expect_close(posterior.mean, file.at("latent_mean"), tolerance, "latent_mean");
    test::expect_close(standard_deviation(posterior), file.at("latent_std"), tolerance, "latent_std");
    const Tensor mel = model->decode(file.at("decode_in"), run);
    CHECK((mel.scalar_type() == at::kFloat));
    test::expect_close(mel, file.at("decode_mel"), tolerance, "decode_mel");
    MESSAGE("relative errors: mean ", test::relative_error(posterior.mean, file.at("latent_mean")), ", std ",
            test::relative_error(standard_deviation(posterior), file.at("latent_std")), ", mel ",
            test::relative_error(mel, file.at("decode_mel")));
  }
}

TEST_CASE("mmaudio vae: names, shapes and size of the published model, without its memory") {
  const Layout layout = published_layout();
  REQUIRE(layout.tensors.size() == 57);
  REQUIRE(layout.values == 171'657'378);
  MmaudioVae model(MmaudioVaeConfig{});
  CHECK(model.parameter_count() == layout.values);
  CHECK(model.named_parameters().size() == layout.tensors.size());
  model.load(layout.tensors, "v1-16.pth");  // strict: throws on any other name or shape
}

TEST_CASE("mmaudio vae: folding is done once, by load, and nobody can forget it") {
  const auto file = weights::SafetensorsFile::open(golden("golden_audio.safetensors"));
  const weights::TensorMap tensors = published();
  const auto folded = load_tiny();
  MmaudioVae unfolded(kTiny);
  static_cast<nn::Module&>(unfolded).load(tensors, "v1-16.pth");  // past MmaudioVae::load
  const Tensor expected = file.at("decode_mel");
  test::expect_close(unfolded.decode(file.at("decode_in"), kFloat32), expected, 1e-4, "never folded");
  folded->load(tensors, "v1-16.pth");
  test::expect_close(folded->decode(file.at("decode_in"), kFloat32), expected, 1e-4, "loaded twice");
  folded->load(folded->state_dict(), "itself");
  test::expect_close(folded->decode(file.at("decode_in"), kFloat32), expected, 1e-4, "loaded from itself");
  for (const auto& [name, tensor] : folded->state_dict()) {
    CHECK_MESSAGE(at::equal(tensor, tensors.at(name)), name, " is no longer as published");
  }
}

TEST_CASE("mmaudio vae: what is loaded past a fold is not confused with what was folded") {
  const auto file = weights::SafetensorsFile::open(golden("golden_audio.safetensors"));
  const auto model = load_tiny();
  weights::TensorMap other = published();
  other["decoder.conv_in.weight"] = -other["decoder.conv_in.weight"];
  static_cast<nn::Module&>(*model).load(other, "other.pth");
  MmaudioVae fresh(kTiny);
  fresh.load(other, "other.pth");
  const Tensor latent = file.at("decode_in"), mel = model->decode(latent, kFloat32);
  test::expect_close(mel, fresh.decode(latent, kFloat32), 1e-5);
  CHECK(test::relative_error(mel, file.at("decode_mel")) > 0.1);
}

TEST_CASE("magnitude-preserving layers keep magnitudes") {
  const Tensor normal = randn({4, 64, 500}, make_generator(3));
  const auto magnitude = [](const Tensor& x) { return x.square().mean().sqrt().item<double>(); };
  CHECK(magnitude(autoencoders::mp_silu(normal)) == doctest::Approx(1).epsilon(0.01));
  CHECK(magnitude(autoencoders::mp_sum(normal, randn({4, 64, 500}, make_generator(4)))) ==
        doctest::Approx(1).epsilon(0.01));
  CHECK(magnitude(autoencoders::pixel_norm(normal * 37)) == doctest::Approx(1).epsilon(0.001));
  const Tensor weight = autoencoders::mp_weight(randn({5, 8, 3}, make_generator(5)) * 20);
  CHECK((weight.square().sum({1, 2}) - 1).abs().max().item<double>() < 1e-4);
  CHECK(autoencoders::mp_weight(at::zeros({2, 3, 1})).abs().max().item<double>() == 0);
  CHECK(autoencoders::pixel_norm(at::zeros({1, 3, 2})).abs().max().item<double>() == 0);
}

TEST_CASE("mmaudio vae: gradients of every tensor agree with an independent float64 reference") {
  const auto file = weights::SafetensorsFile::open(golden("golden_audio.safetensors"));
  const auto recorded =
      weights::SafetensorsFile::open(test::testdata("goldens/ovi-tiny-audio-gradients/gradients.safetensors"));
  const auto model = load_tiny();
  model->require_grad(true);
  const Posterior posterior = model->encode(file.at("mel"), kFloat32);
  const Tensor mel = model->decode(file.at("decode_in"), kFloat32);
  const Tensor loss = (posterior.mean * recorded.at("probe_mean")).sum() + (mel * recorded.at("probe_mel")).sum() +
                      (posterior.log_variance * recorded.at("probe_log_variance")).sum();
  loss.backward();
  int compared = 0;
  for (const auto& [name, parameter] : model->named_parameters()) {
    if (name.starts_with("data_")) {
      CHECK_MESSAGE(!parameter.grad().defined(), name, " is a constant");
      continue;
    }
    REQUIRE_MESSAGE(parameter.grad().defined(), name);
    test::expect_close(parameter.grad().norm(), recorded.at("vae.norm." + name), 1e-4, name);
    const auto whole = recorded.tensors().find("vae.grad." + name);
    if (whole == recorded.tensors().end()) continue;
    test::expect_close(parameter.grad(), whole->second, 1e-4, name);
    ++compared;
  }
  CHECK(compared == 9);
}

TEST_CASE("mmaudio vae: batches, odd lengths and the shortest inputs") {
  const auto model = load_tiny();
  const Tensor mel = randn({2, 80, 21}, make_generator(7)) - 2;
  const Posterior both = model->encode(mel, kFloat32);
  CHECK(both.mean.sizes() == at::IntArrayRef({2, 20, 10}));
  const Posterior second = model->encode(mel.narrow(0, 1, 1).narrow(2, 0, 20), kFloat32);
  CHECK(test::relative_error(second.mean.narrow(2, 0, 5), both.mean.narrow(0, 1, 1).narrow(2, 0, 5)) < 0.2);
  CHECK(model->decode(at::zeros({3, 20, 1}), kFloat32).sizes() == at::IntArrayRef({3, 80, 2}));
  CHECK(model->encode(at::zeros({1, 80, 2}), kFloat32).mean.sizes() == at::IntArrayRef({1, 20, 1}));
  CHECK_THROWS_AS(model->encode(at::zeros({1, 80, 1}), kFloat32), ShapeError);
  CHECK_THROWS_AS(model->encode(at::zeros({1, 64, 8}), kFloat32), ShapeError);
  CHECK_THROWS_AS(model->decode(at::zeros({1, 20, 0}), kFloat32), ShapeError);
  CHECK_THROWS_AS(model->decode(at::zeros({1, 16, 8}), kFloat32), ShapeError);
}

TEST_CASE("mmaudio vae: a file with a missing, a surplus and a mis-shaped tensor is refused, naming all three") {
  weights::TensorMap tensors = published();
  tensors.erase("encoder.learnable_gain");
  tensors["decoder.conv_in.bias"] = at::zeros({64});
  tensors["data_mean"] = at::zeros({80});
  MmaudioVae model(kTiny);
  try {
    model.load(tensors, "broken.pth");
    FAIL("it was accepted");
  } catch (const CheckpointError& error) {
    const std::string message = error.what();
    for (const char* part : {"broken.pth", "encoder.learnable_gain", "decoder.conv_in.bias", "\"data_mean\": expected"}) {
      CHECK_MESSAGE(message.find(part) != std::string::npos, part);
    }
  }
}

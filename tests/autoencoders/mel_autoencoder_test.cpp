#include "phonofilm/autoencoders/mel_autoencoder/mel_autoencoder.h"

#include <fstream>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"

using namespace phonofilm;
using autoencoders::MelAutoencoder;
using autoencoders::MelAutoencoderConfig;
using autoencoders::Posterior;

namespace {

const nn::RunContext kFloat32{};

MelAutoencoderConfig small() {
  MelAutoencoderConfig config;
  config.width = 24;
  config.latent_channels = 4;
  config.mel.bins = 20;
  return config;
}

Tensor some_mel() { return randn({2, 20, 12}, make_generator(1)) - 6; }

}  // namespace

TEST_CASE("the default is the published small size") {
  const MelAutoencoder model(MelAutoencoderConfig{}, 1);
  CHECK(model.parameter_count() > 2'000'000);
  CHECK(model.parameter_count() < 2'500'000);
  const Posterior posterior = model.encode(at::full({1, 80, 128}, -6.0), kFloat32);
  CHECK(posterior.mean.sizes() == at::IntArrayRef({1, 16, 64}));
  CHECK(posterior.log_variance.sizes() == at::IntArrayRef({1, 16, 64}));
  CHECK(model.decode(posterior.mean, kFloat32).sizes() == at::IntArrayRef({1, 80, 128}));
}

TEST_CASE("a mono model widened to stereo does to two alike channels what it did to one") {
  MelAutoencoder mono(small(), 3);
  for (auto& [name, p] : mono.named_parameters()) p.copy_(randn(p.sizes().vec(), make_generator(p.numel())) * 0.1);
  const auto stereo = widened_to_stereo(mono);
  CHECK(stereo->config().channels == 2);
  const Tensor mel = some_mel(), both = at::cat({mel, mel}, 1);
  const Tensor latent = mono.encode(mel, kFloat32).mean;
  test::expect_close(stereo->encode(both, kFloat32).mean, latent, 1e-5);
  const Tensor decoded = mono.decode(latent, kFloat32);
  test::expect_close(stereo->decode(latent, kFloat32), at::cat({decoded, decoded}, 1), 1e-5);
  CHECK_THROWS_AS(widened_to_stereo(*stereo), InvalidRequest);
}

TEST_CASE("every parameter but those behind a zero convolution gets a gradient; the second step reaches all") {
  MelAutoencoder model(small(), 3);
  model.require_grad(true);
  for (int step = 0; step < 2; ++step) {
    const Posterior posterior = model.encode(some_mel(), kFloat32);
    const Tensor loss =
        (model.decode(posterior.mean + posterior.log_variance.exp(), kFloat32) - some_mel()).square().mean();
    loss.backward();
    for (auto& [name, p] : model.named_parameters()) {
      REQUIRE_MESSAGE(p.grad().defined(), name);
      CHECK_MESSAGE(at::isfinite(p.grad()).all().item<bool>(), name);
      if (step == 1) CHECK_MESSAGE(p.grad().abs().sum().item<double>() > 0, name);
      const at::NoGradGuard no_grad;
      p.sub_(p.grad() * 0.01);
    }
  }
}

TEST_CASE("both networks are local in time: a distant change does not reach") {
  MelAutoencoderConfig config = small();
  const MelAutoencoder model(config, 5);
  Tensor mel = randn({1, 20, 200}, make_generator(2)), changed = mel.clone();
  changed.narrow(2, 150, 50).add_(3);
  const Tensor a = model.encode(mel, kFloat32).mean, b = model.encode(changed, kFloat32).mean;
  CHECK(at::equal(a.narrow(2, 0, 60), b.narrow(2, 0, 60)));
  CHECK(!at::equal(a, b));
}

TEST_CASE("bfloat16 stays near float32") {
  const MelAutoencoder model(small(), 4);
  const Tensor mel = some_mel();
  const Tensor wide = model.decode(model.encode(mel, kFloat32).mean, kFloat32);
  const nn::RunContext half{at::kBFloat16};
  CHECK(test::relative_error(model.decode(model.encode(mel, half).mean, half), wide) < 0.02);
}

TEST_CASE("bad shapes are refused") {
  const MelAutoencoder model(small(), 1);
  CHECK_THROWS_AS(model.encode(at::zeros({1, 80, 12}), kFloat32), ShapeError);
  CHECK_THROWS_AS(model.encode(at::zeros({1, 20, 13}), kFloat32), ShapeError);
  CHECK_THROWS_AS(model.decode(at::zeros({1, 16, 6}), kFloat32), ShapeError);
  MelAutoencoderConfig even = small();
  even.kernel = 4;
  CHECK_THROWS_AS(MelAutoencoder{even}, InvalidRequest);
}

TEST_CASE("a saved folder loads to the same function, with its front end") {
  test::TemporaryFolder folder;
  MelAutoencoderConfig config = small();
  config.mel.log_floor = 1e-3;
  MelAutoencoder model(config, 7);
  model.convert(at::kBFloat16);  // what is stored
  save_mel_autoencoder(model, folder.file("model"));
  const auto loaded = autoencoders::load_mel_autoencoder(folder.file("model"), at::kFloat);
  CHECK(loaded->config().mel.bins == 20);
  CHECK(loaded->config().mel.log_floor == 1e-3);
  CHECK(at::equal(loaded->encode(some_mel(), kFloat32).mean, model.encode(some_mel(), kFloat32).mean));
}

TEST_CASE("damaged folders are refused with a reason") {
  test::TemporaryFolder folder;
  const std::string path = folder.file("model"), config = path + "/config.json", weights = path + "/model.safetensors";
  const auto load = [&] { return autoencoders::load_mel_autoencoder(path, at::kFloat); };
  CHECK_THROWS_AS(load(), CheckpointError);
  save_mel_autoencoder(MelAutoencoder(small(), 7), path);
  const std::string good_config = read_file(config), good_weights = read_file(weights);

  write_file_atomically(weights, good_weights.substr(0, good_weights.size() / 2));
  CHECK_THROWS_AS(load(), CheckpointError);
  write_file_atomically(weights, good_weights);
  for (const char* bad : {"{", "[]", "{\"type\": \"vocos\"}", "{\"type\": \"mel_autoencoder\", \"widht\": 24}",
                          "{\"type\": \"mel_autoencoder\", \"width\": 24}",
                          // 17 GB a block: shapes are compared before memory is asked for.
                          "{\"type\": \"mel_autoencoder\", \"width\": 8192, \"kernel\": 63, \"blocks\": 64}"}) {
    write_file_atomically(config, bad);
    CHECK_THROWS_AS(load(), CheckpointError);
  }
  write_file_atomically(config, good_config);
  CHECK_NOTHROW(load());

  weights::TensorMap tensors = MelAutoencoder(small(), 7).state_dict();
  tensors.erase("encoder.down.weight");
  weights::save_safetensors(weights, tensors);
  CHECK_THROWS_WITH_AS(load(), doctest::Contains("encoder.down.weight"), CheckpointError);
}

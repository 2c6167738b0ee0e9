#include "phonofilm/autoencoders/video_autoencoder/video_autoencoder.h"

#include <filesystem>

#include "phonofilm/autoencoders/video_autoencoder/fold.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "support/support.h"

using namespace phonofilm;
using autoencoders::VideoAutoencoder;

namespace {

autoencoders::VideoAutoencoderConfig tiny() {
  autoencoders::VideoAutoencoderConfig config;
  config.pixel_patch = 2;
  config.outer_width = config.inner_width = 16;
  config.latent_channels = 3;
  return config;
}

// Zero-initialised convolutions would hide half of the network.
void shake(VideoAutoencoder& model) {
  const at::Generator generator = make_generator(9);
  for (auto& [name, p] : model.named_parameters()) {
    Tensor value = p.detach();
    value.add_(randn(value.sizes().vec(), generator), 0.05);
  }
}

}  // namespace

TEST_CASE("folding pixels into channels is exact and invertible") {
  const Tensor frames = randn({2, 3, 8, 6, 4}, make_generator(1));
  const Tensor folded = autoencoders::fold_pixels(frames, 4, 2);
  CHECK(folded.sizes() == at::IntArrayRef({2, 2, 3, 2, 48}));
  CHECK(at::equal(autoencoders::unfold_pixels(folded, 4, 2), frames));
  CHECK(at::equal(autoencoders::channels_to_space(autoencoders::space_to_channels(folded.narrow(2, 0, 2), 2), 2), folded.narrow(2, 0, 2)));
}

TEST_CASE("4n + 1 frames become n + 1 latent frames and come back") {
  const VideoAutoencoder model(tiny(), 1);
  const Tensor frames = randn({2, 3, 9, 8, 12}, make_generator(2));
  const auto posterior = model.encode(frames, {});
  CHECK(posterior.mean.sizes() == at::IntArrayRef({2, 3, 3, 2, 3}));
  CHECK(posterior.log_variance.sizes() == posterior.mean.sizes());
  CHECK(model.decode(posterior.mean, {}).sizes() == frames.sizes());
  CHECK(model.encode(frames.narrow(2, 0, 1), {}).mean.size(2) == 1);  // a single picture
  CHECK_THROWS_AS(model.encode(frames.narrow(2, 0, 8), {}), ShapeError);
  CHECK_THROWS_AS(model.encode(frames.narrow(4, 0, 10), {}), ShapeError);
}

TEST_CASE("no latent frame sees a later picture, no picture a later latent frame") {
  VideoAutoencoder model(tiny(), 1);
  shake(model);
  const Tensor frames = randn({1, 3, 13, 8, 8}, make_generator(3));
  Tensor changed = frames.clone();
  changed.narrow(2, 5, 8).add_(1);  // pictures 5.. belong to latent frames 2..
  const Tensor before = model.encode(frames, {}).mean, after = model.encode(changed, {}).mean;
  CHECK(at::equal(before.narrow(2, 0, 2), after.narrow(2, 0, 2)));
  CHECK(!at::equal(before.narrow(2, 2, 1), after.narrow(2, 2, 1)));
  Tensor latent = before.clone();
  latent.narrow(2, 2, 2).add_(1);
  const Tensor decoded = model.decode(before, {}), other = model.decode(latent, {});
  CHECK(at::equal(decoded.narrow(2, 0, 5), other.narrow(2, 0, 5)));
  CHECK(!at::equal(decoded.narrow(2, 5, 4), other.narrow(2, 5, 4)));
}

TEST_CASE("a beginning is encoded like the film it begins") {
  VideoAutoencoder model(tiny(), 1);
  shake(model);
  const Tensor frames = randn({1, 3, 13, 8, 8}, make_generator(3));
  test::expect_close(model.encode(frames.narrow(2, 0, 5), {}).mean, model.encode(frames, {}).mean.narrow(2, 0, 2), 1e-6);
}

TEST_CASE("bfloat16 stays close to float32") {
  VideoAutoencoder model(tiny(), 1);
  shake(model);
  const Tensor frames = randn({1, 3, 5, 8, 8}, make_generator(4));
  nn::RunContext half;
  half.dtype = at::kBFloat16;
  CHECK(test::relative_error(model.encode(frames, half).mean, model.encode(frames, {}).mean) < 0.03);
}

TEST_CASE("gradients reach every parameter") {
  VideoAutoencoder model(tiny(), 1);
  shake(model);
  model.require_grad(true);
  const Tensor frames = randn({1, 3, 9, 8, 8}, make_generator(5));
  const auto posterior = model.encode(frames, {});
  (model.decode(posterior.mean, {}).square().mean() + posterior.log_variance.square().mean()).backward();
  for (const auto& [name, p] : model.named_parameters()) {
    CHECK_MESSAGE(p.grad().defined(), name);
    CHECK_MESSAGE(p.grad().abs().max().item<double>() > 0, name);
  }
}

TEST_CASE("a folder round trip keeps the weights to bfloat16, and damage is named") {
  const test::TemporaryFolder folder;
  VideoAutoencoder model(tiny(), 1);
  const std::string path = folder.file("model");
  autoencoders::save_video_autoencoder(model, path);
  const auto loaded = autoencoders::load_video_autoencoder(path, at::kFloat);
  const auto original = model.state_dict();
  for (const auto& [name, tensor] : loaded->state_dict()) {
    CHECK(at::equal(tensor, original.at(name).to(at::kBFloat16).to(at::kFloat)));
  }
  const std::string config = read_file(path + "/config.json");
  for (const char* bad : {R"({"type": "video_autoencoder", "inner_width": 9})",
                          // 2 GB a block: shapes are compared before memory is asked for.
                          R"({"type": "video_autoencoder", "outer_width": 4096, "inner_width": 4096, "encoder_blocks": 64})"}) {
    write_file_atomically(path + "/config.json", bad);
    CHECK_THROWS_AS(autoencoders::load_video_autoencoder(path, at::kFloat), CheckpointError);
  }
  write_file_atomically(path + "/config.json", config);
  const std::string bytes = read_file(path + "/model.safetensors");
  write_file_atomically(path + "/model.safetensors", bytes.substr(0, bytes.size() - 100));
  CHECK_THROWS_AS(autoencoders::load_video_autoencoder(path, at::kFloat), CheckpointError);
  std::filesystem::remove(path + "/config.json");
  CHECK_THROWS_WITH_AS(autoencoders::load_video_autoencoder(path, at::kFloat), doctest::Contains("config.json"), CheckpointError);
}

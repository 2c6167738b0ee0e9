// Wan 2.2's video autoencoder against recordings of the published mathematics (testdata/goldens/ovi-tiny), and its
// properties as a stream.
#include "autoencoders/wan22_goldens.h"
#include "phonofilm/base/error.h"
#include "phonofilm/tensor/random.h"

using namespace phonofilm;
using namespace phonofilm::autoencoders;
using namespace phonofilm::test;

namespace {

constexpr nn::RunContext kFloat32{};
constexpr nn::RunContext kBFloat16{.dtype = at::kBFloat16};

Tensor some_video(std::int64_t samples, std::int64_t pictures, std::uint64_t seed = 1) {
  return at::tanh(randn({samples, 3, pictures, 32, 48}, make_generator(seed)));
}
Tensor some_latent(std::int64_t samples, std::int64_t frames, std::uint64_t seed = 2) {
  return randn({samples, kWan22LatentChannels, frames, 2, 3}, make_generator(seed));
}

// Gives the frames to a fresh stream in pieces of these sizes.
template <class AnyStream>
Tensor in_pieces(const Wan22Vae& vae, const nn::RunContext& run, const Tensor& frames, const Shape& pieces) {
  AnyStream stream(vae, run);
  std::vector<Tensor> results;
  std::int64_t start = 0;
  for (const std::int64_t count : pieces) {
    results.push_back(stream.push(frames.narrow(2, start, count)));
    start += count;
  }
  REQUIRE(start == frames.size(2));
  return at::cat(results, 2);
}

}  // namespace

TEST_CASE("wan22 vae: latents and pictures as recorded, float32") {
  const auto vae = load_tiny_wan22();
  const auto file = wan22_recording();
  const Tensor video = file.at("video");
  expect_close(vae->encode(video, kFloat32), file.at("latent"), 1e-5, "latent");
  expect_close(vae->encode(video.narrow(2, 0, 1), kFloat32), file.at("latent_first_frame"), 1e-5, "latent_first_frame");
  expect_close(vae->decode(file.at("decode_in"), kFloat32), file.at("decode_out"), 1e-5, "decode_out");
}

TEST_CASE("wan22 vae: bfloat16 stays near the recording") {
  const auto vae = load_tiny_wan22(at::kBFloat16);
  const auto file = wan22_recording();
  for (const nn::AttentionBackend attention : {nn::AttentionBackend::fused, nn::AttentionBackend::explicit_}) {
    const nn::RunContext run{.dtype = at::kBFloat16, .attention = attention};
    const Tensor latent = vae->encode(file.at("video"), run), video = vae->decode(file.at("decode_in"), run);
    CHECK((latent.scalar_type() == at::kFloat));
    CHECK((video.scalar_type() == at::kFloat));
    expect_close(latent, file.at("latent"), 0.015, "latent");
    expect_close(vae->encode(file.at("video").narrow(2, 0, 1), run), file.at("latent_first_frame"), 0.015, "latent_first_frame");
    expect_close(video, file.at("decode_out"), 0.015, "decode_out");
    MESSAGE("bfloat16: latent ", relative_error(latent, file.at("latent")), ", pictures ",
            relative_error(video, file.at("decode_out")));
  }
}

TEST_CASE("wan22 vae: rounding is to bfloat16, once, and changes what it should") {
  const auto rounded = load_wan22_vae(ovi_golden("Wan2.2-TI2V-5B/Wan2.2_VAE.pth"), tiny_wan22_config(), at::kFloat);
  const auto exact = load_tiny_wan22()->state_dict();
  for (const auto& [name, tensor] : rounded->state_dict()) {
    REQUIRE((tensor.scalar_type() == at::kFloat));
    REQUIRE_MESSAGE(at::equal(tensor, exact.at(name).to(at::kBFloat16).to(at::kFloat)), name);
  }
  const auto file = wan22_recording();
  const double error = relative_error(rounded->decode(file.at("decode_in"), kFloat32), file.at("decode_out"));
  CHECK(error > 1e-3);
  CHECK(error < 0.01);
}

TEST_CASE("wan22 vae: any order of weights in memory gives the same result") {
  Wan22Vae plain(tiny_wan22_config());
  plain.initialise(3);
  Wan22Vae prepared(tiny_wan22_config());
  prepared.initialise(3);
  prepared.prepare(at::kFloat);
  const Tensor video = some_video(1, 5);
  const Tensor latent = plain.encode(video, kFloat32);
  expect_close(prepared.encode(video, kFloat32), latent, 1e-6);
  expect_close(prepared.decode(latent, kFloat32), plain.decode(latent, kFloat32), 1e-6);
  CHECK_THROWS_AS(Wan22Vae(tiny_wan22_config()).prepare(at::kFloat), InvalidRequest);
}

TEST_CASE("wan22 vae: a film in pieces of any size is the film at once") {
  const auto vae = load_tiny_wan22();
  const Tensor video = some_video(1, 13), latent = some_latent(1, 4);
  const Tensor encoded = in_pieces<EncodeStream>(*vae, kFloat32, video, {13});
  for (const Shape& pieces : {Shape{1, 4, 4, 4}, Shape{5, 8}, Shape{9, 4}, Shape{1, 12}}) {
    expect_close(in_pieces<EncodeStream>(*vae, kFloat32, video, pieces), encoded, 1e-6);
  }
  expect_close(vae->encode(video, kFloat32), encoded, 1e-6);
  const Tensor decoded = in_pieces<DecodeStream>(*vae, kFloat32, latent, {4});
  for (const Shape& pieces : {Shape{1, 1, 1, 1}, Shape{2, 2}, Shape{1, 3}, Shape{3, 1}}) {
    expect_close(in_pieces<DecodeStream>(*vae, kFloat32, latent, pieces), decoded, 1e-6);
  }
  expect_close(vae->decode(latent, kFloat32), decoded, 1e-6);
}

TEST_CASE("wan22 vae: a beginning is coded like the film it begins, for every length") {
  const auto vae = load_tiny_wan22();
  const Tensor video = some_video(1, 13), latent = some_latent(1, 4);
  const Tensor encoded = vae->encode(video, kFloat32), decoded = vae->decode(latent, kFloat32);
  CHECK(encoded.sizes() == at::IntArrayRef({1, 48, 4, 2, 3}));
  CHECK(decoded.sizes() == at::IntArrayRef({1, 3, 13, 32, 48}));
  for (const std::int64_t pictures : {1, 5, 9}) {
    const std::int64_t frames = (pictures - 1) / 4 + 1;
    expect_close(vae->encode(video.narrow(2, 0, pictures), kFloat32), encoded.narrow(2, 0, frames), 1e-6);
    expect_close(vae->decode(latent.narrow(2, 0, frames), kFloat32), decoded.narrow(2, 0, pictures), 1e-6);
  }
}

TEST_CASE("wan22 vae: streams of bfloat16 agree to its rounding") {
  const auto vae = load_tiny_wan22(at::kBFloat16);
  const Tensor video = some_video(1, 9), latent = some_latent(1, 3);
  expect_close(in_pieces<EncodeStream>(*vae, kBFloat16, video, {1, 4, 4}),
               in_pieces<EncodeStream>(*vae, kBFloat16, video, {9}), 0.01);
  expect_close(in_pieces<DecodeStream>(*vae, kBFloat16, latent, {1, 1, 1}),
               in_pieces<DecodeStream>(*vae, kBFloat16, latent, {3}), 0.01);
}

TEST_CASE("wan22 vae: two films in a batch are two films, and two streams do not meet") {
  const auto vae = load_tiny_wan22();
  const Tensor video = some_video(2, 5), latent = some_latent(2, 3);
  const Tensor encoded = vae->encode(video, kFloat32), decoded = vae->decode(latent, kFloat32);
  DecodeStream first(*vae, kFloat32), second(*vae, kFloat32);
  std::vector<Tensor> pictures[2];
  for (std::int64_t i = 0; i < 3; ++i) {
    pictures[0].push_back(first.push(latent.narrow(0, 0, 1).narrow(2, i, 1)));
    pictures[1].push_back(second.push(latent.narrow(0, 1, 1).narrow(2, i, 1)));
  }
  for (std::int64_t b = 0; b < 2; ++b) {  // a batch's sums are in another order: 1.03e-6 with one thread
    expect_close(vae->encode(video.narrow(0, b, 1), kFloat32), encoded.narrow(0, b, 1), 1e-5);
    expect_close(at::cat(pictures[b], 2), decoded.narrow(0, b, 1), 1e-5);
  }
}

TEST_CASE("wan22 vae: sizes that do not fit are refused before anything is computed") {
  const auto vae = load_tiny_wan22();
  const auto refused_video = [&](const Shape& shape) { CHECK_THROWS_AS(vae->encode(at::zeros(shape), kFloat32), ShapeError); };
  refused_video({1, 3, 4, 32, 32});
  refused_video({1, 3, 0, 32, 32});
  refused_video({1, 3, 5, 24, 32});
  refused_video({1, 3, 5, 32, 40});
  refused_video({1, 4, 5, 32, 32});
  refused_video({3, 5, 32, 32});
  CHECK_THROWS_WITH_AS(vae->encode(at::zeros({1, 3, 6, 32, 32}), kFloat32), doctest::Contains("4n + 1 pictures"), ShapeError);
  CHECK_THROWS_AS(vae->decode(at::zeros({1, 47, 1, 2, 2}), kFloat32), ShapeError);
  CHECK_THROWS_AS(vae->decode(at::zeros({1, 48, 0, 2, 2}), kFloat32), ShapeError);
  CHECK_THROWS_AS(vae->decode(at::zeros({48, 1, 2, 2}), kFloat32), ShapeError);
}

TEST_CASE("wan22 vae: a stream refuses pieces that do not continue it, and goes on after that") {
  const auto vae = load_tiny_wan22();
  const Tensor video = some_video(1, 9);
  EncodeStream encoder(*vae, kFloat32);
  encoder.push(video.narrow(2, 0, 1));
  CHECK_THROWS_WITH_AS(encoder.push(video.narrow(2, 1, 5)), doctest::Contains("4n (after"), ShapeError);
  CHECK_THROWS_AS(encoder.push(video.narrow(2, 1, 4).narrow(3, 0, 16)), ShapeError);
  const Tensor rest = encoder.push(video.narrow(2, 1, 8));
  expect_close(rest, vae->encode(video, kFloat32).narrow(2, 1, 2), 1e-6);

  DecodeStream decoder(*vae, kFloat32);
  const Tensor latent = some_latent(1, 2);
  decoder.push(latent.narrow(2, 0, 1));
  CHECK_THROWS_AS(decoder.push(latent.narrow(2, 1, 1).narrow(4, 0, 2)), ShapeError);
  expect_close(decoder.push(latent.narrow(2, 1, 1)), vae->decode(latent, kFloat32).narrow(2, 1, 4), 1e-6);
}

TEST_CASE("wan22 vae: no latent frame sees a later picture, no picture a later latent frame") {
  const auto vae = load_tiny_wan22();
  const Tensor video = some_video(1, 9);
  Tensor changed = video.clone();
  changed.narrow(2, 5, 4).add_(0.3);
  const Tensor before = vae->encode(video, kFloat32), after = vae->encode(changed, kFloat32);
  expect_close(after.narrow(2, 0, 2), before.narrow(2, 0, 2), 1e-6);
  CHECK(relative_error(after.narrow(2, 2, 1), before.narrow(2, 2, 1)) > 1e-3);
  Tensor latent = before.clone();
  latent.narrow(2, 2, 1).add_(1);
  const Tensor pictures = vae->decode(before, kFloat32), others = vae->decode(latent, kFloat32);
  expect_close(others.narrow(2, 0, 5), pictures.narrow(2, 0, 5), 1e-6);
  CHECK(relative_error(others.narrow(2, 5, 4), pictures.narrow(2, 5, 4)) > 1e-3);
}

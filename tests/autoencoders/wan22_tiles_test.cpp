// Pictures decoded tile by tile: which tiles there are, how they are blended, and how near the exact picture they come.
#include "autoencoders/wan22_goldens.h"
#include "phonofilm/autoencoders/wan22_vae/tiled_decode.h"
#include "phonofilm/base/error.h"
#include "phonofilm/tensor/random.h"

using namespace phonofilm;
using namespace phonofilm::autoencoders;
using namespace phonofilm::test;

namespace {

std::vector<std::int64_t> starts(std::int64_t side, std::int64_t size, std::int64_t stride) {
  std::vector<std::int64_t> result;
  for (const TileSpan& span : tile_spans(side, size, stride)) result.push_back(span.start);
  return result;
}

// A latent of constant channels with a gentle slope, as of a calm sky.
Tensor smooth_latent(std::int64_t frames, std::int64_t rows, std::int64_t columns) {
  const Tensor level = 0.5 * randn({1, kWan22LatentChannels, 1, 1, 1}, make_generator(3));
  const Tensor slope = at::linspace(0.9, 1.1, columns).view({1, 1, 1, 1, columns});
  return (level * slope).expand({1, kWan22LatentChannels, frames, rows, columns}).contiguous();
}

Tensor decoded(const Wan22Vae& vae, const Tensor& latent, const PictureTiles& tiles) {
  TiledDecodeStream stream(vae, {}, tiles, latent.size(3), latent.size(4));
  std::vector<Tensor> pieces;
  for (std::int64_t f = 0; f < latent.size(2); ++f) pieces.push_back(stream.push(latent.narrow(2, f, 1)));
  return at::cat(pieces, 2);
}

}  // namespace

TEST_CASE("tiles: they reach the end of a side, and none begins behind one that has reached it") {
  CHECK(starts(44, 22, 14) == std::vector<std::int64_t>{0, 14, 28});
  CHECK(starts(80, 40, 26) == std::vector<std::int64_t>{0, 26, 52});
  CHECK(starts(22, 22, 14) == std::vector<std::int64_t>{0});
  CHECK(starts(5, 22, 14) == std::vector<std::int64_t>{0});
  CHECK(starts(23, 22, 14) == std::vector<std::int64_t>{0, 14});
  const std::vector<TileSpan> spans = tile_spans(44, 22, 14);
  CHECK(spans[2].size == 16);
  CHECK(spans[0].first);
  CHECK_FALSE(spans[0].last);
  CHECK_FALSE(spans[1].first);
  CHECK(spans[2].last);
}

TEST_CASE("tiles: weights fall towards inner edges only, by one part of the overlap a pixel") {
  const Tensor ramp = tile_ramp({.start = 3, .size = 4, .first = false, .last = false}, /*overlap=*/3, /*pixels=*/2);
  const std::vector<double> expected{1.0 / 3, 2.0 / 3, 1, 1, 1, 1, 2.0 / 3, 1.0 / 3};
  for (std::int64_t i = 0; i < 8; ++i) CHECK(ramp[i].item<double>() == doctest::Approx(expected[size_t(i)]));
  CHECK(tile_ramp({.start = 0, .size = 4}, 3, 2).min().item<double>() == 1);
  CHECK(tile_ramp({.start = 0, .size = 4, .last = false}, 3, 2)[0].item<double>() == 1);
}

TEST_CASE("tiles: sizes that leave gaps are refused") {
  for (const PictureTiles& tiles : {PictureTiles{0, 4, 1, 2}, PictureTiles{4, 4, 0, 2}, PictureTiles{4, 4, 5, 2},
                                    PictureTiles{4, 4, 2, 5}, PictureTiles{4, -4, 2, -5}}) {
    CHECK_THROWS_AS(tiles.validate("test"), InvalidRequest);
  }
  CHECK_NOTHROW(PictureTiles{}.validate("test"));
}

TEST_CASE("tiles: one that covers the picture is the exact decoding, bit by bit") {
  const auto vae = load_tiny_wan22();
  const Tensor latent = randn({1, kWan22LatentChannels, 3, 4, 5}, make_generator(2));
  CHECK(at::equal(decoded(*vae, latent, {.rows = 22, .columns = 40}), decoded(*vae, latent, {4, 5, 4, 5})));
  expect_close(decoded(*vae, latent, {22, 40, 14, 26}), vae->decode(latent, {}), 1e-5);
  CHECK_THROWS_AS(TiledDecodeStream(*vae, {}, {}, 4, 5).push(latent.narrow(3, 0, 3)), ShapeError);
}

TEST_CASE("tiles: they are blended as the specification says, and stream in time") {
  const auto vae = load_tiny_wan22();
  const Tensor latent = randn({1, kWan22LatentChannels, 3, 4, 5}, make_generator(5));
  // Two tiles side by side, columns 0 .. 2 and 2 .. 4, share 16 pixels.
  const Tensor left = vae->decode(latent.narrow(4, 0, 3), {}), right = vae->decode(latent.narrow(4, 2, 3), {});
  const Tensor rise = (at::arange(16, at::kFloat) + 1) / 16, fall = rise.flip(0);
  const Tensor shared = (left.narrow(4, 32, 16) * fall + right.narrow(4, 0, 16) * rise) / (fall + rise);
  const Tensor expected = at::cat({left.narrow(4, 0, 32), shared, right.narrow(4, 16, 32)}, 4);
  const PictureTiles tiles{4, 3, 4, 2};
  TiledDecodeStream at_once(*vae, {}, tiles, 4, 5);
  CHECK(at_once.size() == 2);
  expect_close(decoded(*vae, latent, tiles), expected, 1e-5, "one frame at a time");
  expect_close(at_once.push(latent), expected, 1e-5, "all at once");
}

// The weights are random, and what they make of the zeros beyond an edge reaches far: a trained decoder strays less.
TEST_CASE("tiles: of a smooth latent they come nearer to the whole the larger they are, and than without overlap") {
  const auto vae = load_tiny_wan22();
  const Tensor latent = smooth_latent(2, 8, 12), whole = vae->decode(latent, {});
  const auto error = [&](const PictureTiles& tiles) { return relative_error(decoded(*vae, latent, tiles), whole); };
  const double large = error({8, 10, 4, 6}), small = error({6, 8, 3, 5}), hard = error({6, 8, 6, 8});
  MESSAGE("relative error: large tiles ", large, ", small ones ", small, ", without overlap ", hard);
  CHECK(large > 0);
  CHECK(large < small);
  CHECK(small < hard);
  CHECK(small < 0.3);
}

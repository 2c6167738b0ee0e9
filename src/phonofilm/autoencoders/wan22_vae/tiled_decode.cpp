#include "phonofilm/autoencoders/wan22_vae/tiled_decode.h"

#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::autoencoders {
namespace {

constexpr std::int64_t kPixels = kWan22SpaceStride;  // per position, along each side

// A pixel weighs as much as its nearer edge allows.
Tensor tile_weights(const TileSpan& rows, const TileSpan& columns, const PictureTiles& tiles) {
  const Tensor down = tile_ramp(rows, kPixels * (tiles.rows - tiles.row_stride), kPixels);
  const Tensor across = tile_ramp(columns, kPixels * (tiles.columns - tiles.column_stride), kPixels);
  return at::minimum(down.unsqueeze(1), across.unsqueeze(0));
}

// The part of an image [..., H, W] that a tile covers.
Tensor part_of(const Tensor& image, const TileSpan& rows, const TileSpan& columns, std::int64_t unit) {
  return image.narrow(-2, unit * rows.start, unit * rows.size).narrow(-1, unit * columns.start, unit * columns.size);
}

}  // namespace

TiledDecodeStream::TiledDecodeStream(const Wan22Vae& vae, const nn::RunContext& run, const PictureTiles& tiles,
                                     std::int64_t rows, std::int64_t columns)
    : rows_(rows), columns_(columns) {
  tiles.validate("wan22_vae.decode");
  for (const TileSpan& down : tile_spans(rows, tiles.rows, tiles.row_stride)) {
    for (const TileSpan& across : tile_spans(columns, tiles.columns, tiles.column_stride)) {
      tiles_.push_back({down, across, tile_weights(down, across, tiles), std::make_unique<DecodeStream>(vae, run)});
    }
  }
}

Tensor TiledDecodeStream::push(const Tensor& latent) {
  expect_shape(latent, {kAny, kWan22LatentChannels, kAny, rows_, columns_}, "wan22_vae.decode: latent");
  if (tiles_.size() == 1) return tiles_[0].stream->push(latent);
  Tensor sum, weight = at::zeros({kPixels * rows_, kPixels * columns_}, at::kFloat);
  for (const Tile& tile : tiles_) {
    const Tensor pixels = tile.stream->push(part_of(latent, tile.rows, tile.columns, /*unit=*/1));
    const std::int64_t batch = pixels.size(0), frames = pixels.size(2);
    if (!sum.defined()) sum = at::zeros({batch, 3, frames, kPixels * rows_, kPixels * columns_}, pixels.options());
    part_of(sum, tile.rows, tile.columns, kPixels).add_(pixels * tile.weights);
    part_of(weight, tile.rows, tile.columns, kPixels).add_(tile.weights);
  }
  return sum.div_(weight);
}

}  // namespace phonofilm::autoencoders

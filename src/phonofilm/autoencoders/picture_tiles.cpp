#include "phonofilm/autoencoders/picture_tiles.h"

#include <algorithm>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::autoencoders {

void PictureTiles::validate(const std::string& where) const {
  const auto fits = [](std::int64_t size, std::int64_t stride) { return stride >= 1 && stride <= size; };
  PF_CHECK(fits(rows, row_stride) && fits(columns, column_stride), InvalidRequest, where, "tiles of ", rows, "x",
           columns, " every ", row_stride, "x", column_stride,
           " positions: strides must be at least 1 and at most a tile");
}

std::vector<TileSpan> tile_spans(std::int64_t side, std::int64_t size, std::int64_t stride) {
  std::vector<TileSpan> spans;
  for (std::int64_t start = 0; spans.empty() || !spans.back().last; start += stride) {
    spans.push_back({start, std::min(size, side - start), start == 0, start + size >= side});
  }
  return spans;
}

Tensor tile_ramp(const TileSpan& span, std::int64_t overlap, std::int64_t pixels_per_position) {
  const std::int64_t pixels = span.size * pixels_per_position;
  const Tensor rising = (at::arange(pixels, at::kFloat) + 1) / double(std::max<std::int64_t>(1, overlap));
  Tensor ramp = at::ones({pixels}, at::kFloat);
  if (!span.first) ramp = at::minimum(ramp, rising);
  if (!span.last) ramp = at::minimum(ramp, rising.flip(0));
  return ramp;
}

}  // namespace phonofilm::autoencoders

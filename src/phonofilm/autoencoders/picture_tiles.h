// Decoding pictures tile by tile, in less memory: tiles overlap, and where they do a pixel is the weighted mean of what
// each makes of it. Near their inner edges tiles lack a part of the picture, so the mean is not what the whole would
// be.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::autoencoders {

// In positions of a latent's rows and columns. The defaults are those of NAVA's program.
struct PictureTiles {
  std::int64_t rows = 22, columns = 40;              // of a tile
  std::int64_t row_stride = 14, column_stride = 26;  // from one tile's beginning to the next one's
  // Throws InvalidRequest for tiles that are empty or leave gaps between them.
  void validate(const std::string& where) const;
};

// What a tile covers of one side of the latent.
struct TileSpan {
  std::int64_t start = 0, size = 0;
  bool first = true, last = true;  // whether it begins and ends with the side
};
// Tiles of `size` every `stride` positions until one reaches the end, which the last does not exceed.
std::vector<TileSpan> tile_spans(std::int64_t side, std::int64_t size, std::int64_t stride);

// Weights [pixels] float32 of a tile along one side: 1, and towards inner edges falling over the `overlap` pixels that
// neighbours share, by 1 / overlap a pixel.
Tensor tile_ramp(const TileSpan& span, std::int64_t overlap, std::int64_t pixels_per_position);

}  // namespace phonofilm::autoencoders

// Decoding with Wan 2.2's video autoencoder tile by tile. Every tile is a film of its own on its way through the
// decoder (DecodeStream), so that memory does not grow with the film's length here either: what is large in the decoder
// at any time is one tile's, what it keeps of the frames before is kept of every tile, and of what they share more than
// once.
#pragma once

#include <memory>
#include <vector>

#include "phonofilm/autoencoders/picture_tiles.h"
#include "phonofilm/autoencoders/wan22_vae/wan22_vae.h"

namespace phonofilm::autoencoders {

// The model must outlive the stream.
class TiledDecodeStream {
 public:
  // rows, columns: of the latents that will come. Throws InvalidRequest for tiles that PictureTiles::validate refuses.
  TiledDecodeStream(const Wan22Vae& vae, const nn::RunContext& run, const PictureTiles& tiles, std::int64_t rows,
                    std::int64_t columns);
  // As DecodeStream::push; the same where one tile covers the picture.
  Tensor push(const Tensor& latent);
  std::size_t size() const { return tiles_.size(); }

 private:
  struct Tile {
    TileSpan rows, columns;
    Tensor weights;  // [16 rows, 16 columns]
    std::unique_ptr<DecodeStream> stream;
  };
  std::int64_t rows_, columns_;
  std::vector<Tile> tiles_;
};

}  // namespace phonofilm::autoencoders

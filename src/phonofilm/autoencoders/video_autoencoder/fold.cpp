#include "phonofilm/autoencoders/video_autoencoder/fold.h"

#include "phonofilm/tensor/ops.h"

namespace phonofilm::autoencoders {

Tensor fold_pixels(const Tensor& frames, std::int64_t t, std::int64_t p) {
  const std::int64_t b = frames.size(0), c = frames.size(1), f = frames.size(2) / t, h = frames.size(3) / p,
                     w = frames.size(4) / p;
  return frames.reshape({b, c, f, t, h, p, w, p}).permute({0, 2, 4, 6, 1, 3, 5, 7}).reshape({b, f, h, w, c * t * p * p});
}

Tensor unfold_pixels(const Tensor& folded, std::int64_t t, std::int64_t p) {
  const std::int64_t b = folded.size(0), f = folded.size(1), h = folded.size(2), w = folded.size(3),
                     c = folded.size(4) / (t * p * p);
  return folded.reshape({b, f, h, w, c, t, p, p}).permute({0, 4, 1, 5, 2, 6, 3, 7}).reshape({b, c, f * t, h * p, w * p});
}

Tensor space_to_channels(const Tensor& x, std::int64_t p) {
  const std::int64_t b = x.size(0), f = x.size(1), h = x.size(2) / p, w = x.size(3) / p, c = x.size(4);
  return x.reshape({b, f, h, p, w, p, c}).permute({0, 1, 2, 4, 3, 5, 6}).reshape({b, f, h, w, p * p * c});
}

Tensor channels_to_space(const Tensor& x, std::int64_t p) {
  const std::int64_t b = x.size(0), f = x.size(1), h = x.size(2), w = x.size(3), c = x.size(4) / (p * p);
  return x.reshape({b, f, h, w, p, p, c}).permute({0, 1, 2, 4, 3, 5, 6}).reshape({b, f, h * p, w * p, c});
}

}  // namespace phonofilm::autoencoders

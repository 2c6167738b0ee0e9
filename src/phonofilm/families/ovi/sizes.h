// Ovi's rules for the size of a picture, to the pixel: every side a multiple of 32 (16 of the autoencoder, 2 of the
// patch), the area near that which the checkpoint was trained at. Rounding is to even at a half, as Python does it, so
// that a request for 720x720 becomes 704x704.
#pragma once

#include <cstdint>

namespace phonofilm::ovi {

struct PictureSize {
  std::int64_t height = 0, width = 0;
  bool operator==(const PictureSize&) const = default;
};

// Scales what is asked for to `area` pixels, then snaps both sides. Throws InvalidRequest for sides below 1.
PictureSize snap_to_area(const PictureSize& asked, std::int64_t area);
// Snaps both sides without scaling.
PictureSize snap(const PictureSize& asked);
// The size for a given first frame: of the snapped sizes around its shape, the nearest in area, then in aspect ratio.
PictureSize size_for_image(const PictureSize& image, std::int64_t area);

}  // namespace phonofilm::ovi

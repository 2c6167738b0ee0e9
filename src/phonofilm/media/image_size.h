// The size that a picture file states in its header, found without a decoder. Private to media/.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace phonofilm::media {

struct ImageSize {
  std::int64_t width = 0, height = 0;
};

// Understands png, jpeg, gif, bmp and webp from the first bytes of the file; nothing for other or damaged files.
std::optional<ImageSize> stated_image_size(std::string_view head);

}  // namespace phonofilm::media

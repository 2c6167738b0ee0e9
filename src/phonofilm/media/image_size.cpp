#include "phonofilm/media/image_size.h"

#include <cstdlib>

namespace phonofilm::media {
namespace {

// Reads unsigned numbers at checked offsets; anything outside the data reads as 0.
struct Bytes {
  std::string_view data;

  std::int64_t byte(size_t at) const { return at < data.size() ? std::uint8_t(data[at]) : 0; }
  std::int64_t big(size_t at, int count) const {
    std::int64_t value = 0;
    for (int index = 0; index < count; ++index) value = value << 8 | byte(at + size_t(index));
    return value;
  }
  std::int64_t little(size_t at, int count) const {
    std::int64_t value = 0;
    for (int index = count; index-- > 0;) value = value << 8 | byte(at + size_t(index));
    return value;
  }
  bool has(size_t at, std::string_view text) const {
    return at <= data.size() && data.substr(at, text.size()) == text;
  }
};

// Walks the segments of a JPEG up to its frame header.
std::optional<ImageSize> jpeg_size(const Bytes& file) {
  size_t at = 2;
  while (at + 9 < file.data.size()) {
    if (file.byte(at) != 0xff) return std::nullopt;
    const std::int64_t marker = file.byte(at + 1);
    if (marker == 0xff) { ++at; continue; }  // fill byte
    const bool frame_header = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (frame_header) return ImageSize{file.big(at + 7, 2), file.big(at + 5, 2)};
    const std::int64_t length = file.big(at + 2, 2);
    if (length < 2 || marker == 0xda) return std::nullopt;
    at += 2 + size_t(length);
  }
  return std::nullopt;
}

std::optional<ImageSize> webp_size(const Bytes& file) {
  if (file.has(12, "VP8X")) return ImageSize{file.little(24, 3) + 1, file.little(27, 3) + 1};
  if (file.has(12, "VP8L")) {
    const std::int64_t bits = file.little(21, 4);
    return ImageSize{(bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1};
  }
  if (file.has(12, "VP8 ")) return ImageSize{file.little(26, 2) & 0x3fff, file.little(28, 2) & 0x3fff};
  return std::nullopt;
}

// Height may be negative (rows from top to bottom) in the 40-byte header.
ImageSize bmp_size(const Bytes& file) {
  if (file.little(14, 4) == 12) return {file.little(18, 2), file.little(20, 2)};
  const auto width = std::int64_t(std::int32_t(file.little(18, 4)));
  const auto height = std::int64_t(std::int32_t(file.little(22, 4)));
  return {std::abs(width), std::abs(height)};
}

}  // namespace

std::optional<ImageSize> stated_image_size(std::string_view head) {
  using namespace std::string_view_literals;
  const Bytes file{head};
  if (head.size() < 26) return std::nullopt;
  if (file.has(0, "\x89PNG\r\n\x1a\n"sv)) return ImageSize{file.big(16, 4), file.big(20, 4)};
  if (file.has(0, "\xff\xd8"sv)) return jpeg_size(file);
  if (file.has(0, "GIF8"sv)) return ImageSize{file.little(6, 2), file.little(8, 2)};
  if (file.has(0, "BM"sv)) return bmp_size(file);
  if (file.has(0, "RIFF"sv) && file.has(8, "WEBP"sv)) return webp_size(file);
  return std::nullopt;
}

}  // namespace phonofilm::media

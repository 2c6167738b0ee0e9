// PNG files made by hand (stored deflate blocks), for headers and pixel kinds that write_png never makes.
#pragma once

#include <cstdint>
#include <string>

namespace phonofilm::test {

inline std::string big_endian_bytes(std::uint32_t value) {
  return {char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
}

inline std::string png_chunk(const std::string& name, const std::string& content) {
  std::uint32_t crc = 0xffffffffu;
  for (const char letter : name + content) {
    crc ^= std::uint8_t(letter);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
  }
  return big_endian_bytes(std::uint32_t(content.size())) + name + content + big_endian_bytes(~crc);
}

inline std::string zlib_stored(const std::string& data) {
  std::uint32_t low = 1, high = 0;
  for (const char letter : data) {
    low = (low + std::uint8_t(letter)) % 65521;
    high = (high + low) % 65521;
  }
  const auto size = std::uint16_t(data.size());
  const auto inverse = std::uint16_t(~size);
  return std::string{0x78, 0x01, 0x01, char(size), char(size >> 8), char(inverse), char(inverse >> 8)} + data +
         big_endian_bytes(high << 16 | low);
}

// 8 bits per channel; color_type 2 is RGB, 6 is RGBA. `pixels` holds whole rows (at most 65000 bytes in all).
inline std::string build_png(std::uint32_t width, std::uint32_t height, char color_type, const std::string& pixels) {
  const std::string header =
      big_endian_bytes(width) + big_endian_bytes(height) + std::string{8, color_type, 0, 0, 0};
  std::string rows;
  const size_t stride = size_t(width) * (color_type == 6 ? 4 : 3);
  for (size_t at = 0; stride > 0 && at + stride <= pixels.size(); at += stride) {
    rows += '\0' + pixels.substr(at, stride);
  }
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + png_chunk("IDAT", zlib_stored(rows)) + png_chunk("IEND", "");
}

}  // namespace phonofilm::test

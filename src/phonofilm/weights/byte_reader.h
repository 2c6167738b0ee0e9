// Reads little-endian fields from the front to the back of bytes that may end too soon.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace phonofilm::weights {

class ByteReader {
 public:
  // `where` begins the message of every CheckpointError, e.g. "vae.pth: data.pkl".
  ByteReader(std::string where, std::string_view bytes);

  const std::string& where() const { return where_; }
  std::uint64_t position() const { return position_; }
  std::uint64_t remaining() const { return bytes_.size() - position_; }

  // The next `count` bytes, without copying. Throws CheckpointError if there are not that many.
  std::string_view take(std::uint64_t count);
  // Text up to the next '\n', which is skipped. Throws CheckpointError if none follows within `longest` bytes.
  std::string_view line(std::uint64_t longest);
  void skip(std::uint64_t count) { take(count); }
  std::uint8_t u8() { return std::uint8_t(number(1)); }
  std::uint16_t u16() { return std::uint16_t(number(2)); }
  std::uint32_t u32() { return std::uint32_t(number(4)); }
  std::uint64_t u64() { return number(8); }

 private:
  std::uint64_t number(std::uint64_t bytes);
  std::string where_;
  std::string_view bytes_;
  std::uint64_t position_ = 0;
};

}  // namespace phonofilm::weights

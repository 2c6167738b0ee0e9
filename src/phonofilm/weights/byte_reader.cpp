#include "phonofilm/weights/byte_reader.h"

#include <utility>

#include "phonofilm/base/error.h"

namespace phonofilm::weights {

ByteReader::ByteReader(std::string where, std::string_view bytes) : where_(std::move(where)), bytes_(bytes) {}

std::string_view ByteReader::take(std::uint64_t count) {
  PF_CHECK(count <= remaining(), CheckpointError, "load", where_, ": ends at byte ", bytes_.size(), " where ", count,
           " bytes are expected from byte ", position_, " on: truncated or damaged");
  const std::string_view taken = bytes_.substr(position_, count);
  position_ += count;
  return taken;
}

std::string_view ByteReader::line(std::uint64_t longest) {
  const std::size_t length = bytes_.substr(position_, longest).find('\n');
  PF_CHECK(length != std::string_view::npos, CheckpointError, "load", where_, ": no end of line within ", longest,
           " bytes from byte ", position_, " on: truncated or damaged");
  const std::string_view text = take(length);
  skip(1);
  return text;
}

std::uint64_t ByteReader::number(std::uint64_t bytes) {
  const std::string_view digits = take(bytes);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) value |= std::uint64_t(std::uint8_t(digits[i])) << (8 * i);
  return value;
}

}  // namespace phonofilm::weights

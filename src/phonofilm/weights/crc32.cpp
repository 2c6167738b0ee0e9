#include "phonofilm/weights/crc32.h"

#include <array>
#include <bit>
#include <cstring>

namespace phonofilm::weights {
namespace {

static_assert(std::endian::native == std::endian::little, "bytes are taken eight at a time");

constexpr std::size_t kSlices = 8;
using Tables = std::array<std::array<std::uint32_t, 256>, kSlices>;

// [0][b]: the remainder of byte b; [k][b]: of byte b with k zero bytes behind it.
constexpr Tables kTables = [] {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1) ^ (remainder & 1 ? 0xEDB88320u : 0u);
    tables[0][byte] = remainder;
  }
  for (std::size_t k = 1; k < kSlices; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t shorter = tables[k - 1][byte];
      tables[k][byte] = (shorter >> 8) ^ tables[0][shorter & 0xFF];
    }
  }
  return tables;
}();

std::uint32_t eight_bytes(std::uint32_t crc, const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, kSlices);
  word ^= crc;
  std::uint32_t result = 0;
  for (std::size_t k = 0; k < kSlices; ++k) result ^= kTables[kSlices - 1 - k][(word >> (8 * k)) & 0xFF];
  return result;
}

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (; bytes.size() >= kSlices; bytes.remove_prefix(kSlices)) crc = eight_bytes(crc, bytes.data());
  for (const char byte : bytes) crc = (crc >> 8) ^ kTables[0][(crc ^ std::uint8_t(byte)) & 0xFF];
  return ~crc;
}

}  // namespace phonofilm::weights

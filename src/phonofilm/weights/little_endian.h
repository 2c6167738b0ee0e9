// Numbers as the file formats of this folder store them.
#pragma once

#include <cstdint>
#include <string>

namespace phonofilm::weights {

// `value` in little-endian order; of more than eight bytes the rest are zeros.
inline std::string little(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += i < 8 ? char(value >> (8 * i)) : '\0';
  return text;
}

}  // namespace phonofilm::weights

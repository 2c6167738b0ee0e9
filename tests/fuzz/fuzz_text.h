// The input of fuzz targets that read text.
#pragma once

#include <cstdint>
#include <string_view>

namespace phonofilm::fuzz {

// libFuzzer's own buffer, which ends where the input ends, so that the address sanitizer sees every byte read beyond it.
inline std::string_view text_of(const std::uint8_t* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

}  // namespace phonofilm::fuzz

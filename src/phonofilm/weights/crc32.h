// The checksum of zip archives: CRC-32 with the reflected polynomial 0xEDB88320 (ISO 3309).
#pragma once

#include <cstdint>
#include <string_view>

namespace phonofilm::weights {

// Not zlib's: the core preset needs no compiled library beside LibTorch. Over a gigabyte per second: eight bytes a step, through
// eight tables ("slicing-by-8", Kounavis and Berry 2005).
std::uint32_t crc32(std::string_view bytes);

}  // namespace phonofilm::weights

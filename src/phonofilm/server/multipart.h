// multipart/form-data (RFC 7578): a form with files, taken apart without copying.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace phonofilm::server {

struct Part {
  std::string name{};          // of the field
  std::string file_name{};     // as the client calls it; never part of a path
  std::string type{};          // lower case; empty: not given
  bool is_file = false;        // has a file name
  std::string_view content{};  // into the body
};

inline constexpr std::size_t kMaxParts = 64;
inline constexpr std::size_t kMaxPartHead = 4096;  // bytes of the header fields of one part

// The parts of a body, in their order; names may repeat. Throws Problem(400, invalid_multipart) for a boundary that is
// none (1 to 70 of the characters of RFC 2046), a part without a name, transfer encodings, header fields that are
// damaged or too long, too many parts, and a body that does not end with the closing boundary.
std::vector<Part> parse_multipart(std::string_view body, const std::string& boundary);

}  // namespace phonofilm::server

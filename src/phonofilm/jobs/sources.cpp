#include "phonofilm/jobs/sources.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "phonofilm/base/error.h"

namespace phonofilm::jobs {

Time wall_clock() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string random_id() {
  std::array<unsigned char, 16> bytes{};
  const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);  // up to 256 bytes come whole or not at all
  PF_CHECK(got == ssize_t(bytes.size()), ResourceError, "job id", "the system gives no random numbers");
  std::string id;
  for (const unsigned char byte : bytes) {
    id += "0123456789abcdef"[byte >> 4];
    id += "0123456789abcdef"[byte & 15];
  }
  return id;
}

bool is_id(std::string_view text) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == 32 && std::all_of(text.begin(), text.end(), is_digit);
}

}  // namespace phonofilm::jobs

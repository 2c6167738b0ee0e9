#include <nlohmann/json.hpp>

#include "fuzz/fuzz_input.h"
#include "phonofilm/weights/strict_json.h"

// What is accepted must survive being printed and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phonofilm;
  try {
    const auto parsed = weights::parse_strict_json("fuzz", fuzz::text_of(data, size));
    if (weights::parse_strict_json("again", parsed.dump()) != parsed) __builtin_trap();
  } catch (const CheckpointError&) {
  }
  return 0;
}

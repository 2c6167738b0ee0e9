#include "fuzz/fuzz_input.h"
#include "phonofilm/weights/shard_index.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phonofilm;
  try {
    const weights::ShardIndex index = weights::parse_shard_index(fuzz::file_of(data, size));
    for (const auto& [tensor, shard] : index.shard_of) {
      if (shard.empty() || shard.front() == '/' || ("/" + shard + "/").find("/../") != std::string::npos) __builtin_trap();
    }
  } catch (const CheckpointError&) {
  }
  return 0;
}

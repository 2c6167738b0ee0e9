#include "fuzz/fuzz_input.h"
#include "phonofilm/weights/torch_archive.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return phonofilm::fuzz::parse<phonofilm::weights::TorchArchive>(data, size);
}

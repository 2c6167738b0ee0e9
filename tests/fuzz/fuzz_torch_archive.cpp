#include <nlohmann/json.hpp>

#include "fuzz/fuzz_input.h"
#include "phonofilm/weights/torch_archive.h"

using phonofilm::weights::TorchArchive;

// The tensors of an archive, and the configuration that some hold beside them, which is read from the same pickle by other code.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  phonofilm::fuzz::parse<TorchArchive>(data, size);
  try {
    TorchArchive::read_dictionary(phonofilm::fuzz::file_of(data, size), "model_config");
  } catch (const phonofilm::CheckpointError&) {
  }
  return 0;
}

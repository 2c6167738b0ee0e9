#include "phonofilm/weights/stored_config.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/weights/strict_json.h"
#include "phonofilm/weights/tensor_file.h"
#include "phonofilm/weights/torch_archive.h"

namespace phonofilm::weights {

nlohmann::json read_stored_config(const std::string& path, const std::string& key) {
  const Metadata metadata = open_tensors(path).metadata;
  if (const auto text = metadata.find(key); text != metadata.end()) {
    return parse_strict_json(concat(path, ": the metadata ", in_quotes(key)), text->second);
  }
  const FileBytes file = FileBytes::map(path);
  PF_CHECK(TorchArchive::recognises(file.bytes()), CheckpointError, "load", path, ": its metadata holds no ", in_quotes(key),
           ", the configuration that the model is built from");
  return TorchArchive::read_dictionary(file, key);
}

}  // namespace phonofilm::weights

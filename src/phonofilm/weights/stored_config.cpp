#include "phonofilm/weights/stored_config.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/weights/strict_json.h"
#include "phonofilm/weights/torch_archive.h"

namespace phonofilm::weights {

nlohmann::json read_stored_config(const FileBytes& file, const Metadata& metadata, const std::string& key) {
  if (const auto text = metadata.find(key); text != metadata.end()) {
    return parse_strict_json(concat(file.path(), ": the metadata ", in_quotes(key)), text->second);
  }
  PF_CHECK(TorchArchive::recognises(file.bytes()), CheckpointError, "load", file.path(), ": its metadata holds no ",
           in_quotes(key), ", the configuration that the model is built from");
  return TorchArchive::read_dictionary(file, key);
}

}  // namespace phonofilm::weights

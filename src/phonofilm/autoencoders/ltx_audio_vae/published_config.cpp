#include "phonofilm/autoencoders/ltx_audio_vae/published_config.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/fields.h"
#include "phonofilm/base/untrusted_text.h"

namespace phonofilm::autoencoders {

using nlohmann::json;

json read_ltx_audio_metadata(const weights::SafetensorsFile& file) {
  const auto entry = file.metadata().find("config");
  PF_CHECK(entry != file.metadata().end(), CheckpointError, "load", file.path(),
           ": expected the publisher's configuration in the metadata entry \"config\", got none; ",
           "converting a file may have dropped it");
  const std::string where = file.path() + ": config";
  json config = parse_json(entry->second, where);
  PF_CHECK(config.is_object(), InvalidRequest, "config", where, ": must be a JSON object");
  return config;
}

const json& ltx_section(const json& parent, const char* key, std::string_view where) {
  const bool there = parent.is_object() && parent.contains(key) && parent[key].is_object();
  PF_CHECK(there, InvalidRequest, "config", where, ": \"", key, "\" must be there and be an object");
  return parent[key];
}

void ltx_require(const json& section, const char* key, const json& value, std::string_view where) {
  const bool fits = !section.contains(key) || section[key] == value;
  PF_CHECK(fits, InvalidRequest, "config", where, ": ", key, " must be ", value.dump(), ", got ",
           excerpt(section[key].dump()));
}

}  // namespace phonofilm::autoencoders

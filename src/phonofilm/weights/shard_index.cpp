#include "phonofilm/weights/shard_index.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/weights/strict_json.h"

namespace phonofilm::weights {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMaxBytes = 100'000'000;
constexpr std::size_t kLongestName = 1024;

// The folder may hold symbolic links that lead elsewhere (download caches are built so); the index itself may not.
bool stays_inside(const std::string& name) {
  const std::filesystem::path path(name);
  const bool fit_for_messages = printable(name) == name && name.size() <= kLongestName;
  return !name.empty() && fit_for_messages && path.is_relative() && std::find(path.begin(), path.end(), "..") == path.end();
}

}  // namespace

ShardIndex parse_shard_index(const FileBytes& file) {
  PF_CHECK(file.size() <= kMaxBytes, CheckpointError, "load", file.path(), ": ", file.size(), " bytes are no index of shards");
  const Json json = parse_strict_json(file.path() + ": the index", file.bytes());
  const auto map = json.find("weight_map");
  PF_CHECK(map != json.end() && map->is_object(), CheckpointError, "load", file.path(),
           ": is JSON, but no index of shards: it has no object \"weight_map\"");
  ShardIndex index;
  for (const auto& [tensor, shard] : map->items()) {
    PF_CHECK(shard.is_string() && stays_inside(shard.get<std::string>()), CheckpointError, "load", file.path(), ": weight_map places tensor ",
             in_quotes(tensor), " in ", in_quotes(shard.dump()), "; expected the name of a file in the index's own folder");
    index.shard_of[tensor] = shard.get<std::string>();
  }
  const Json metadata = json.value("metadata", Json::object());
  if (!metadata.is_object()) return index;
  for (const auto& [key, value] : metadata.items()) index.metadata[key] = value.is_string() ? value.get<std::string>() : value.dump();
  return index;
}

}  // namespace phonofilm::weights

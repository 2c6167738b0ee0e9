// The index of a checkpoint that is split over several files, as Hugging Face's libraries write it.
#pragma once

#include <map>
#include <string>

#include "phonofilm/weights/file_bytes.h"
#include "phonofilm/weights/tensor_map.h"

namespace phonofilm::weights {

struct ShardIndex {
  std::map<std::string, std::string> shard_of;  // tensor -> file name, relative to the folder of the index
  Metadata metadata;
};

// Throws CheckpointError if the file is not such an index, names a tensor twice, or leaves its own folder.
ShardIndex parse_shard_index(const FileBytes& file);

}  // namespace phonofilm::weights

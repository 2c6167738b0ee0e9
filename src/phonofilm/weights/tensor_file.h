// Opens a file of weights, whichever of the known formats it is in.
#pragma once

#include <string>

#include "phonofilm/weights/file_bytes.h"
#include "phonofilm/weights/tensor_map.h"

namespace phonofilm::weights {

struct TensorFile {
  std::string path;  // for messages
  TensorMap tensors;
  Metadata metadata;
};

// The format is recognised by the file's content, not by its name:
// - safetensors (safetensors.h),
// - an archive of torch.save (torch_archive.h),
// - the index of a sharded checkpoint (model.safetensors.index.json): a JSON object whose "weight_map" says for every
//   tensor which file of the index's folder holds it. All shards are opened; they may be of either format.
// Throws CheckpointError if a file is missing, damaged or of another format. An index is strict: one error lists every
// shard that cannot be read and every tensor that is missing, unexpected, or in another shard than the index says; file
// names that lead out of the index's folder are refused.
TensorFile open_tensors(const std::string& path);
TensorFile open_tensors(const FileBytes& file);  // that is mapped already; an index's shards lie beside its path

}  // namespace phonofilm::weights

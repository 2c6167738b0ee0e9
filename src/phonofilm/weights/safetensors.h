// Reader and writer of the safetensors format: an 8-byte little-endian header length, a JSON header
// {name: {dtype, shape, data_offsets}, "__metadata__": {string: string}}, then the raw tensors.
// Untrusted input: every length and offset is checked before use.
#pragma once

#include <string>

#include "phonofilm/weights/file_bytes.h"
#include "phonofilm/weights/tensor_map.h"

namespace phonofilm::weights {

// A memory-mapped file. Tensors are views of the mapping and keep it alive, so loading costs no memory until a
// value is read; they must not be written to (copy first). Only tensors that do not lie at a multiple of their element
// size, which published files do not have, are copied when the file is opened.
class SafetensorsFile {
 public:
  // Throws CheckpointError if the file is missing, truncated or malformed (also where a name stands twice, or metadata are
  // not strings), naming the file and the tensor.
  static SafetensorsFile open(const std::string& path);
  static SafetensorsFile parse(const FileBytes& file);
  const std::string& path() const { return path_; }
  const TensorMap& tensors() const { return tensors_; }
  const Metadata& metadata() const { return metadata_; }
  // Throws CheckpointError naming the file and, for a near miss, the likely name.
  const Tensor& at(const std::string& name) const;

 private:
  std::string path_;
  TensorMap tensors_;
  Metadata metadata_;
};

// The format's name of a dtype, e.g. "BF16". Throws CheckpointError for one that it cannot store.
std::string dtype_name(at::ScalarType type);

// For people: the same, or LibTorch's own name for what safetensors cannot store.
std::string dtype_label(at::ScalarType type);

// Writes atomically: `path` appears whole or not at all. Tensors are stored contiguous, in name order. Throws CheckpointError
// for a dtype or name that the format lacks, ResourceError where the file cannot be written.
void save_safetensors(const std::string& path, const TensorMap& tensors, const Metadata& metadata = {});

}  // namespace phonofilm::weights

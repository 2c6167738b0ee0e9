// Reader of PyTorch's .pt and .pth files: the zip archives that torch.save writes since PyTorch 1.6.
//
// An archive holds data.pkl, a pickle that describes nested dictionaries of tensors, and the bytes of every storage as an
// uncompressed entry data/<key>. The pickle is read as data by a reader that knows nothing but tensors and dictionaries
// (pickle_reader.h): nothing in the file is imported, called or executed. Untrusted input: every size, offset, count, shape
// and stride is checked before use; zip checksums are not, because that would read all of the file.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "phonofilm/weights/file_bytes.h"
#include "phonofilm/weights/tensor_map.h"

namespace phonofilm::weights {

// A memory-mapped archive. Tensors are views of the mapping and keep it alive, so loading costs no memory until a value is
// read; they must not be written to (copy first), and may be strided. Tensors that shared a storage still share memory.
class TorchArchive {
 public:
  // Whether a file that begins so is one of torch.save; also in its formats before PyTorch 1.6, which are refused with a cure.
  static bool recognises(std::string_view bytes);

  // Nested dictionaries are flattened with dots between the keys: {"generator": {"conv_pre.bias": t}} has the tensor
  // generator.conv_pre.bias (torch_state_dict.h says what becomes of other values).
  // Throws CheckpointError, naming the file and the tensor, if the file is missing, truncated, malformed, big-endian, of
  // torch.save's older formats, a TorchScript program, or asks for anything but tensors.
  static TorchArchive open(const std::string& path);
  static TorchArchive parse(const FileBytes& file);

  // The dictionary of plain values that the root dictionary holds under `key`, for example the configuration of a
  // network, as a JSON object (pickle_json.h); tensors are not looked at. Throws CheckpointError as open() does, and where
  // there is no such dictionary, more than one, or one with other values in it.
  static nlohmann::json read_dictionary(const FileBytes& file, std::string_view key);

  const std::string& path() const { return path_; }
  const TensorMap& tensors() const { return tensors_; }
  const Metadata& metadata() const { return metadata_; }

 private:
  std::string path_;
  TensorMap tensors_;
  Metadata metadata_;
};

}  // namespace phonofilm::weights

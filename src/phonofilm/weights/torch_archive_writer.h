// Streaming writer of PyTorch's .pt and .pth files (torch_archive.h): the zip archive that torch.save writes, which
// torch.load(weights_only=True) reads.
#pragma once

#include <string>

#include "phonofilm/weights/tensor_stream.h"
#include "phonofilm/weights/zip_writer.h"

namespace phonofilm::weights {

struct TorchArchiveOptions {
  // The top-level key that the dictionary of tensors stands under ("generator"); empty: the dictionary is the whole file.
  std::string under{};
  Zip64 zip64 = Zip64::where_needed;
};

// Writes a dictionary of contiguous tensors in the order of `specs`, asking `source` for each when its turn comes and
// letting go of it before the next. `path` appears whole or not at all. Throws ResourceError where the disk has no room for
// all of them, before the first value is asked for; CheckpointError for a dtype without a storage class (float8 has none),
// a name that stands twice, or a value that is not what its spec announced.
void write_torch_archive(const std::string& path, const std::vector<TensorSpec>& specs, const TensorSource& source,
                         const TorchArchiveOptions& options = {});

}  // namespace phonofilm::weights

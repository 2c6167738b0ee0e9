// The few classes and functions of PyTorch that the pickle of a state dict mentions, and what they say about a tensor.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "phonofilm/weights/pickle_value.h"
#include "phonofilm/weights/tensor_layout.h"

namespace phonofilm::weights {

// The white list for read_pickle: OrderedDict, torch.Size, torch.Tensor, the functions that rebuild tensors and parameters,
// storage classes, and dtypes.
std::span<const std::string_view> torch_globals();

// The storage class of a dtype, e.g. "torch.BFloat16Storage"; empty for one that has none of its own (float8).
std::string_view torch_storage_class(at::ScalarType dtype);

// A tensor as its archive describes it: a layout within an entry of the archive.
struct TensorRecord {
  TensorLayout layout;
  std::string_view storage;         // name of the entry under data/
  std::uint64_t storage_bytes = 0;  // as claimed by the pickle
};

// Whether `value` rebuilds a tensor or a parameter, with or without Python attributes (which are not read).
bool describes_tensor(const PickleValue& value);

// Throws CheckpointError, beginning with `where`, if the arguments are not those that PyTorch writes. The layout is not yet
// checked against the storage.
TensorRecord tensor_record(const std::string& where, const PickleValue& value);

}  // namespace phonofilm::weights

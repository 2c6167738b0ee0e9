// What a pickle describes, as inert data: calls are recorded and never made.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace phonofilm::weights {

struct PickleValue;

struct PickleNone {};
struct PickleBigInteger {};  // wider than 64 bits; no state dict needs its value
struct PickleTuple {
  std::vector<const PickleValue*> items;
};
struct PickleList {
  std::vector<const PickleValue*> items;
};
struct PickleDict {  // dict or OrderedDict; keys in the order of the file, not yet checked for duplicates
  std::vector<std::pair<const PickleValue*, const PickleValue*>> items;
};
struct PickleGlobal {  // one of the names that the reader was told to accept, e.g. "torch._utils._rebuild_tensor_v2"
  std::string_view name;
};
struct PickleCall {  // what Python would compute by calling `function` with the tuple `arguments`
  const PickleValue* function;
  const PickleValue* arguments;
};
struct PicklePersistent {  // an object stored beside the pickle, for PyTorch a tensor's storage
  const PickleValue* id;
};

struct PickleValue {
  std::variant<PickleNone, bool, std::int64_t, double, std::string_view, PickleBigInteger, PickleTuple, PickleList, PickleDict,
               PickleGlobal, PickleCall, PicklePersistent>
      content;

  template <class Kind>
  const Kind* as() const {
    return std::get_if<Kind>(&content);
  }
};

// Owns all values; they refer to each other (and, in a hostile file, to themselves) by plain pointers. Strings are views of
// the pickle's bytes.
struct PickleDocument {
  std::deque<PickleValue> values;
  const PickleValue* root = nullptr;
};

}  // namespace phonofilm::weights

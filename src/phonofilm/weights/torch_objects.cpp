#include "phonofilm/weights/torch_objects.h"

#include <algorithm>
#include <array>

#include "phonofilm/base/error.h"

namespace phonofilm::weights {
namespace {

constexpr std::string_view kTensor2 = "torch._utils._rebuild_tensor_v2", kTensor3 = "torch._utils._rebuild_tensor_v3";
constexpr std::string_view kParameter = "torch._utils._rebuild_parameter";
// What PyTorch writes for parameters and tensors that carry Python attributes; these say nothing about the values.
constexpr std::string_view kParameterWithState = "torch._utils._rebuild_parameter_with_state";
constexpr std::string_view kFromType = "torch._tensor._rebuild_from_type_v2", kTensorClass = "torch.Tensor";

struct DtypeNames {
  std::string_view storage, dtype;  // float8 has no storage class of its own; it lies in untyped storages
  at::ScalarType type;
};
constexpr DtypeNames kDtypes[] = {
    {"torch.DoubleStorage", "torch.float64", at::kDouble},
    {"torch.FloatStorage", "torch.float32", at::kFloat},
    {"torch.HalfStorage", "torch.float16", at::kHalf},
    {"torch.BFloat16Storage", "torch.bfloat16", at::kBFloat16},
    {"torch.LongStorage", "torch.int64", at::kLong},
    {"torch.IntStorage", "torch.int32", at::kInt},
    {"torch.ShortStorage", "torch.int16", at::kShort},
    {"torch.CharStorage", "torch.int8", at::kChar},
    {"torch.ByteStorage", "torch.uint8", at::kByte},
    {"torch.BoolStorage", "torch.bool", at::kBool},
    {"torch.ComplexFloatStorage", "torch.complex64", at::kComplexFloat},
    {"torch.ComplexDoubleStorage", "torch.complex128", at::kComplexDouble},
    {"torch.storage.UntypedStorage", "torch.float8_e4m3fn", at::kFloat8_e4m3fn},
    {"torch.storage.UntypedStorage", "torch.float8_e5m2", at::kFloat8_e5m2}};
constexpr std::string_view kUntyped = "torch.storage.UntypedStorage";

constexpr auto kGlobals = [] {
  constexpr std::array kOthers{std::string_view("collections.OrderedDict"), std::string_view("torch.Size"), kTensor2, kTensor3,
                               kParameter, kParameterWithState, kFromType, kTensorClass};
  std::array<std::string_view, kOthers.size() + 2 * std::size(kDtypes)> names{};
  std::size_t count = 0;
  for (const std::string_view name : kOthers) names[count++] = name;
  for (const DtypeNames& dtype : kDtypes) {
    names[count++] = dtype.storage;
    names[count++] = dtype.dtype;
  }
  return names;
}();

[[noreturn]] void refuse(const std::string& where, const std::string& message) {
  throw CheckpointError("load", concat(where, ": ", message));
}

template <class Kind>
const Kind& expect(const std::string& where, const PickleValue& value, const char* what) {
  const Kind* content = value.as<Kind>();
  if (content == nullptr) refuse(where, concat("malformed in the pickle: expected ", what));
  return *content;
}

std::int64_t whole_number(const std::string& where, const PickleValue& value, const char* what) {
  const std::int64_t number = expect<std::int64_t>(where, value, what);
  if (number < 0) refuse(where, concat("malformed in the pickle: ", what, " is ", number));
  return number;
}

Shape whole_numbers(const std::string& where, const PickleValue& value, const char* what) {
  const auto& items = expect<PickleTuple>(where, value, what).items;
  if (items.size() > kMaxRank) refuse(where, concat("impossible shape: ", items.size(), " axes"));
  Shape numbers;
  for (const PickleValue* item : items) numbers.push_back(whole_number(where, *item, what));
  return numbers;
}

std::string_view called_function(const PickleValue& value) {
  const PickleCall* call = value.as<PickleCall>();
  return call == nullptr ? std::string_view() : call->function->as<PickleGlobal>()->name;
}

using Arguments = std::vector<const PickleValue*>;

const Arguments& arguments(const PickleValue& value) {
  return value.as<PickleCall>()->arguments->as<PickleTuple>()->items;
}

bool rebuilds_plain_tensor(std::string_view function) { return function == kTensor2 || function == kTensor3; }

at::ScalarType dtype_of(const std::string& where, std::string_view name, std::string_view DtypeNames::*column) {
  for (const DtypeNames& dtype : kDtypes) {
    if (dtype.*column == name) return dtype.type;
  }
  refuse(where, concat("malformed in the pickle: ", name, " where a dtype or storage class belongs"));
}

struct StorageRecord {
  std::string_view class_name, key;
  std::int64_t elements;  // bytes, for an untyped storage
};

// The tuple ("storage", class, key, device, elements); the device is where the tensor once was.
StorageRecord storage_record(const std::string& where, const PickleValue& value) {
  const auto& id = expect<PicklePersistent>(where, value, "a storage");
  const auto& parts = expect<PickleTuple>(where, *id.id, "a storage's description").items;
  if (parts.size() != 5) refuse(where, concat("malformed in the pickle: a storage described by ", parts.size(), " values instead of 5"));
  if (expect<std::string_view>(where, *parts[0], "the word storage") != "storage") refuse(where, "malformed in the pickle: not a storage");
  return {expect<PickleGlobal>(where, *parts[1], "a storage class").name, expect<std::string_view>(where, *parts[2], "a storage's key"),
          whole_number(where, *parts[4], "a storage's size")};
}

// Values of a conjugated or negated view are not those that its storage holds.
void require_plain(const std::string& where, const PickleValue& metadata) {
  const PickleDict* dict = metadata.as<PickleDict>();
  const bool plain = metadata.as<PickleNone>() != nullptr || (dict != nullptr && dict->items.empty());
  if (!plain) refuse(where, "is a conjugated or negated view; store it with .resolve_conj().resolve_neg()");
}

// (storage, offset, shape, strides, requires_grad, hooks[, dtype in version 3][, metadata])
TensorRecord plain_tensor_record(const std::string& where, std::string_view function, const Arguments& given) {
  if (!rebuilds_plain_tensor(function)) refuse(where, concat("malformed in the pickle: ", function, " where a plain tensor is rebuilt"));
  const bool has_dtype = function == kTensor3;
  const std::size_t needed = has_dtype ? 7 : 6;
  if (given.size() != needed && given.size() != needed + 1) {
    refuse(where, concat("malformed in the pickle: a tensor described by ", given.size(), " values"));
  }
  if (given.size() == needed + 1) require_plain(where, *given.back());
  const StorageRecord storage = storage_record(where, *given[0]);
  const bool untyped = storage.class_name == kUntyped;
  if (untyped != has_dtype) refuse(where, concat("malformed in the pickle: ", storage.class_name, " does not go with ", function));
  const at::ScalarType dtype = has_dtype ? dtype_of(where, expect<PickleGlobal>(where, *given[6], "a dtype").name, &DtypeNames::dtype)
                                         : dtype_of(where, storage.class_name, &DtypeNames::storage);
  const TensorLayout layout{dtype, whole_numbers(where, *given[2], "a shape"), whole_numbers(where, *given[3], "strides"),
                            whole_number(where, *given[1], "an offset")};
  return {layout, storage.key, byte_count(concat(where, ": storage"), untyped ? at::kByte : dtype, {storage.elements})};
}

// (tensor, requires_grad, hooks[, attributes])
TensorRecord parameter_record(const std::string& where, const Arguments& given, std::size_t needed) {
  const bool wraps_tensor = given.size() == needed && rebuilds_plain_tensor(called_function(*given[0]));
  if (!wraps_tensor) refuse(where, "malformed in the pickle: a parameter without its tensor");
  return plain_tensor_record(where, called_function(*given[0]), arguments(*given[0]));
}

// (function, class, the function's arguments, attributes): a tensor that somebody gave attributes, a buffer for example.
TensorRecord attributed_record(const std::string& where, const Arguments& given) {
  if (given.size() != 4) refuse(where, concat("malformed in the pickle: a tensor with attributes described by ", given.size(), " values"));
  const std::string_view function = expect<PickleGlobal>(where, *given[0], "the function that rebuilds the tensor").name;
  const std::string_view type = expect<PickleGlobal>(where, *given[1], "a tensor's class").name;
  if (type != kTensorClass) refuse(where, concat("is of the class ", type, "; only plain tensors are read"));
  return plain_tensor_record(where, function, expect<PickleTuple>(where, *given[2], "a tensor's description").items);
}

}  // namespace

std::string_view torch_storage_class(at::ScalarType dtype) {
  for (const DtypeNames& names : kDtypes) {
    if (names.type == dtype && names.storage != kUntyped) return names.storage;
  }
  return {};
}

std::span<const std::string_view> torch_globals() { return kGlobals; }

bool describes_tensor(const PickleValue& value) {
  const std::string_view function = called_function(value);
  return rebuilds_plain_tensor(function) || function == kParameter || function == kParameterWithState || function == kFromType;
}

TensorRecord tensor_record(const std::string& where, const PickleValue& value) {
  const std::string_view function = called_function(value);
  const Arguments& given = arguments(value);
  if (function == kParameter) return parameter_record(where, given, 3);
  if (function == kParameterWithState) return parameter_record(where, given, 4);
  if (function == kFromType) return attributed_record(where, given);
  return plain_tensor_record(where, function, given);
}

}  // namespace phonofilm::weights

#include "phonofilm/weights/safetensors.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/weights/safetensors_writer.h"
#include "phonofilm/weights/strict_json.h"
#include "phonofilm/weights/tensor_layout.h"

namespace phonofilm::weights {
namespace {

using Json = nlohmann::json;

struct DtypeName {
  const char* name;
  at::ScalarType type;
};
constexpr DtypeName kDtypes[] = {{"F64", at::kDouble},  {"F32", at::kFloat},         {"F16", at::kHalf},
                                 {"BF16", at::kBFloat16}, {"I64", at::kLong},        {"I32", at::kInt},
                                 {"I16", at::kShort},   {"I8", at::kChar},           {"U8", at::kByte},
                                 {"BOOL", at::kBool},   {"F8_E4M3", at::kFloat8_e4m3fn}, {"F8_E5M2", at::kFloat8_e5m2}};
constexpr std::uint64_t kMaxHeader = 100'000'000;  // the limit that the format's own reader sets
constexpr const char* kMetadataKey = "__metadata__";
constexpr std::uint64_t kLargestSize = std::numeric_limits<std::int64_t>::max();

[[noreturn]] void refuse(const std::string& path, const std::string& message) {
  throw CheckpointError("load", concat(path, ": ", message));
}

std::uint64_t header_length(const FileBytes& file) {
  if (file.size() < 8) refuse(file.path(), concat("not a safetensors file: only ", file.size(), " bytes long"));
  std::uint64_t length = 0;
  std::memcpy(&length, file.bytes().data(), 8);
  if (length > kMaxHeader || length > file.size() - 8) {
    refuse(file.path(), concat("header claims ", length, " bytes but the file has ", file.size(),
                               ": truncated (an incomplete download?) or not safetensors"));
  }
  return length;
}

at::ScalarType parse_dtype(const std::string& where, const std::string& name) {
  for (const DtypeName& dtype : kDtypes) {
    if (name == dtype.name) return dtype.type;
  }
  refuse(where, concat("unknown dtype ", in_quotes(name)));
}

struct Entry {
  at::ScalarType dtype;
  Shape shape;
  std::uint64_t begin, end;
};

// A list of whole numbers from 0 on; JSON's conversions would accept fractions and wrap negative numbers.
std::vector<std::int64_t> parse_sizes(const std::string& where, const Json& entry, const char* key) {
  const Json& list = entry.contains(key) ? entry[key] : Json();
  const bool fits = list.is_array() && std::all_of(list.begin(), list.end(), [](const Json& number) {
    return number.is_number_unsigned() && number.get<std::uint64_t>() <= kLargestSize;
  });
  PF_CHECK(fits, CheckpointError, "load", where, ": ", key, " must be a list of sizes, got ", in_quotes(list.dump()));
  return list.get<std::vector<std::int64_t>>();
}

Entry parse_entry(const std::string& where, const Json& json, std::uint64_t data_size) {
  PF_CHECK(json.is_object() && json.contains("dtype") && json["dtype"].is_string(), CheckpointError, "load", where,
           ": malformed header entry: ", in_quotes(json.dump()));
  const std::vector<std::int64_t> offsets = parse_sizes(where, json, "data_offsets");
  PF_CHECK(offsets.size() == 2, CheckpointError, "load", where, ": data_offsets must be two numbers");
  const Entry entry{parse_dtype(where, json["dtype"].get<std::string>()), parse_sizes(where, json, "shape"),
                    std::uint64_t(offsets[0]), std::uint64_t(offsets[1])};
  const std::uint64_t expected = byte_count(where, entry.dtype, entry.shape);
  PF_CHECK(entry.begin <= entry.end && entry.end <= data_size, CheckpointError, "load", where, ": bytes ", entry.begin,
           " to ", entry.end, " lie outside the file's ", data_size, " (truncated?)");
  PF_CHECK(entry.end - entry.begin == expected, CheckpointError, "load", where, ": ", shape_text(entry.shape), " needs ",
           expected, " bytes, the header gives ", entry.end - entry.begin);
  return entry;
}

// The format allows neither holes nor overlaps nor bytes that belong to no tensor.
void check_order(const std::string& path, const std::map<std::string, Entry>& entries, std::uint64_t data_size) {
  std::vector<std::pair<std::string, Entry>> order(entries.begin(), entries.end());
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second.begin, a.second.end) < std::pair(b.second.begin, b.second.end);
  });
  std::uint64_t expected = 0;
  for (const auto& [name, entry] : order) {
    if (entry.begin != expected) {
      refuse(path, concat("tensor ", in_quotes(name), " begins at byte ", entry.begin, " of the data where ", expected,
                          " is expected: tensors overlap or leave a hole"));
    }
    expected = entry.end;
  }
  if (expected != data_size) refuse(path, concat(data_size - expected, " bytes at the end belong to no tensor"));
}

Tensor tensor_of(const FileBytes& file, std::string_view data, const Entry& entry) {
  const auto bytes = aligned_bytes(file, data.substr(entry.begin, entry.end - entry.begin), c10::elementSize(entry.dtype));
  return view_of(bytes, {entry.dtype, entry.shape, contiguous_strides(entry.shape), /*offset=*/0});
}

Metadata parse_metadata(const std::string& path, const Json& json) {
  if (!json.is_object()) refuse(path, "__metadata__ is not an object");
  Metadata metadata;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) refuse(path, concat("__metadata__ gives ", in_quotes(key), " as ", in_quotes(value.dump()), ", not as a string"));
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

}  // namespace

std::string dtype_name(at::ScalarType type) {
  for (const DtypeName& dtype : kDtypes) {
    if (dtype.type == type) return dtype.name;
  }
  throw CheckpointError("save", concat("dtype ", c10::toString(type), " has no safetensors name"));
}

std::string dtype_label(at::ScalarType type) {
  for (const DtypeName& dtype : kDtypes) {
    if (dtype.type == type) return dtype.name;
  }
  return c10::toString(type);
}

SafetensorsFile SafetensorsFile::open(const std::string& path) { return parse(FileBytes::map(path)); }

SafetensorsFile SafetensorsFile::parse(const FileBytes& file) {
  const std::uint64_t length = header_length(file);
  const Json header = parse_strict_json(file.path() + ": the header", file.bytes().substr(8, length));
  const std::string_view data = file.bytes().substr(8 + length);

  SafetensorsFile result;
  result.path_ = file.path();
  std::map<std::string, Entry> entries;
  for (const auto& [name, json] : header.items()) {
    if (name == kMetadataKey) {
      result.metadata_ = parse_metadata(file.path(), json);
    } else {
      entries[name] = parse_entry(concat(file.path(), ": tensor ", in_quotes(name)), json, data.size());
    }
  }
  check_order(file.path(), entries, data.size());
  for (const auto& [name, entry] : entries) result.tensors_[name] = tensor_of(file, data, entry);
  return result;
}

const Tensor& SafetensorsFile::at(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found != tensors_.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, tensor] : tensors_) names.push_back(known);
  throw CheckpointError("load", concat(path_, ": no tensor ", in_quotes(name), did_you_mean(name, names)));
}

void save_safetensors(const std::string& path, const TensorMap& tensors, const Metadata& metadata) {
  std::vector<TensorSpec> specs;
  for (const auto& [name, tensor] : tensors) specs.push_back({name, tensor.scalar_type(), tensor.sizes().vec()});
  write_safetensors(path, specs, [&](const TensorSpec& spec) { return tensors.at(spec.name); }, metadata);
}

}  // namespace phonofilm::weights

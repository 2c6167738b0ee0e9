#include "phonofilm/weights/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

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
constexpr std::uint64_t kMaxBytes = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kMaxRank = 16;

class Mapping {
 public:
  explicit Mapping(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    PF_CHECK(file >= 0, CheckpointError, "load", path, ": cannot be opened: ", std::strerror(errno));
    struct stat info {};
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
      close(file);
      throw CheckpointError("load", concat(path, ": is not a file"));
    }
    size_ = std::uint64_t(info.st_size);
    if (size_ > 0) data_ = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    PF_CHECK(data_ != MAP_FAILED, CheckpointError, "load", path, ": cannot be mapped: ", std::strerror(errno));
  }
  ~Mapping() {
    if (data_ != nullptr && data_ != MAP_FAILED) munmap(data_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  char* data() const { return static_cast<char*>(data_); }
  std::uint64_t size() const { return size_; }

 private:
  void* data_ = nullptr;
  std::uint64_t size_ = 0;
};

[[noreturn]] void refuse(const std::string& path, const std::string& message) {
  throw CheckpointError("load", concat(path, ": ", message));
}

Json parse_header(const std::string& path, const Mapping& file) {
  if (file.size() < 8) refuse(path, concat("not a safetensors file: only ", file.size(), " bytes long"));
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  if (length > kMaxHeader || length > file.size() - 8) {
    refuse(path, concat("header claims ", length, " bytes but the file has ", file.size(),
                        ": truncated (an incomplete download?) or not safetensors"));
  }
  Json header = Json::parse(file.data() + 8, file.data() + 8 + length, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) refuse(path, "the header is not a JSON object");
  return header;
}

at::ScalarType parse_dtype(const std::string& where, const std::string& name) {
  for (const DtypeName& dtype : kDtypes) {
    if (name == dtype.name) return dtype.type;
  }
  throw CheckpointError("load", concat(where, ": unknown dtype '", name, "'"));
}

struct Entry {
  at::ScalarType dtype;
  Shape shape;
  std::uint64_t begin, end;
};

// Bytes that `entry` must occupy; refuses sizes whose product overflows, even where a zero would hide it.
std::uint64_t byte_count(const std::string& where, const Entry& entry) {
  std::uint64_t bytes = c10::elementSize(entry.dtype);
  bool possible = entry.shape.size() <= kMaxRank, empty = false;
  for (const std::int64_t size : entry.shape) {
    empty = empty || size == 0;
    possible = possible && size >= 0 && !__builtin_mul_overflow(bytes, std::uint64_t(std::max<std::int64_t>(size, 1)), &bytes);
  }
  PF_CHECK(possible && bytes <= kMaxBytes, CheckpointError, "load", where, ": impossible shape ", shape_text(entry.shape));
  return empty ? 0 : bytes;
}

// A list of whole numbers from 0 on; JSON's conversions would accept fractions and wrap negative numbers.
std::vector<std::int64_t> parse_sizes(const std::string& where, const Json& entry, const char* key) {
  const Json& list = entry.contains(key) ? entry[key] : Json();
  const bool fits = list.is_array() && std::all_of(list.begin(), list.end(), [](const Json& number) {
    return number.is_number_unsigned() && number.get<std::uint64_t>() <= kMaxBytes;
  });
  PF_CHECK(fits, CheckpointError, "load", where, ": ", key, " must be a list of sizes, got ", list.dump());
  return list.get<std::vector<std::int64_t>>();
}

Entry parse_entry(const std::string& where, const Json& json, std::uint64_t data_size) {
  PF_CHECK(json.is_object() && json.contains("dtype") && json["dtype"].is_string(), CheckpointError, "load", where,
           ": malformed header entry: ", json.dump());
  const std::vector<std::int64_t> offsets = parse_sizes(where, json, "data_offsets");
  PF_CHECK(offsets.size() == 2, CheckpointError, "load", where, ": data_offsets must be two numbers");
  const Entry entry{parse_dtype(where, json["dtype"].get<std::string>()), parse_sizes(where, json, "shape"),
                    std::uint64_t(offsets[0]), std::uint64_t(offsets[1])};
  const std::uint64_t expected = byte_count(where, entry);
  PF_CHECK(entry.begin <= entry.end && entry.end <= data_size, CheckpointError, "load", where, ": bytes ", entry.begin,
           " to ", entry.end, " lie outside the file's ", data_size, " (truncated?)");
  PF_CHECK(entry.end - entry.begin == expected, CheckpointError, "load", where, ": ", shape_text(entry.shape), " needs ",
           expected, " bytes, the header gives ", entry.end - entry.begin);
  return entry;
}

// The format allows neither holes nor overlaps nor bytes that belong to no tensor.
void check_layout(const std::string& path, const std::map<std::string, Entry>& entries, std::uint64_t data_size) {
  std::vector<std::pair<std::string, Entry>> order(entries.begin(), entries.end());
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second.begin, a.second.end) < std::pair(b.second.begin, b.second.end);
  });
  std::uint64_t expected = 0;
  for (const auto& [name, entry] : order) {
    if (entry.begin != expected) {
      refuse(path, concat("tensor \"", name, "\" begins at byte ", entry.begin, " of the data where ", expected,
                          " is expected: tensors overlap or leave a hole"));
    }
    expected = entry.end;
  }
  if (expected != data_size) refuse(path, concat(data_size - expected, " bytes at the end belong to no tensor"));
}

Tensor view_of(const std::shared_ptr<Mapping>& file, std::uint64_t data_start, const Entry& entry) {
  char* data = file->data() + data_start + entry.begin;
  const auto options = at::TensorOptions().dtype(entry.dtype);
  if (reinterpret_cast<std::uintptr_t>(data) % c10::elementSize(entry.dtype) != 0) {
    Tensor copy = at::empty(entry.shape, options);  // a misaligned view would be undefined behaviour
    std::memcpy(copy.data_ptr(), data, entry.end - entry.begin);
    return copy;
  }
  return at::from_blob(data, entry.shape, [file](void*) {}, options);
}

}  // namespace

std::string dtype_name(at::ScalarType type) {
  for (const DtypeName& dtype : kDtypes) {
    if (dtype.type == type) return dtype.name;
  }
  throw CheckpointError("save", concat("dtype ", c10::toString(type), " has no safetensors name"));
}

SafetensorsFile SafetensorsFile::open(const std::string& path) {
  const auto file = std::make_shared<Mapping>(path);
  const Json header = parse_header(path, *file);
  std::uint64_t length = 0;
  std::memcpy(&length, file->data(), 8);
  const std::uint64_t data_start = 8 + length;

  SafetensorsFile result;
  result.path_ = path;
  std::map<std::string, Entry> entries;
  for (const auto& [name, json] : header.items()) {
    const std::string where = concat(path, ": tensor \"", name, "\"");
    if (name == "__metadata__") {
      if (!json.is_object()) refuse(path, "__metadata__ is not an object");
      for (const auto& [key, value] : json.items()) {
        result.metadata_[key] = value.is_string() ? value.get<std::string>() : value.dump();
      }
      continue;
    }
    entries[name] = parse_entry(where, json, file->size() - data_start);
  }
  check_layout(path, entries, file->size() - data_start);
  for (const auto& [name, entry] : entries) result.tensors_[name] = view_of(file, data_start, entry);
  return result;
}

const Tensor& SafetensorsFile::at(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found != tensors_.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, tensor] : tensors_) names.push_back(known);
  throw CheckpointError("load", concat(path_, ": no tensor \"", name, "\"", did_you_mean(name, names)));
}

void save_safetensors(const std::string& path, const TensorMap& tensors, const Metadata& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const std::uint64_t bytes = tensor.nbytes();
    header[name] = {{"dtype", dtype_name(tensor.scalar_type())}, {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // tensors start aligned
  require_disk_space(path, double(offset + text.size()));
  with_temporary_file(path, [&](const std::string& temporary) {
    std::ofstream file(temporary, std::ios::binary);
    PF_CHECK(file, ResourceError, "save", path, ": cannot be created: ", std::strerror(errno));
    const std::uint64_t length = text.size();
    file.write(reinterpret_cast<const char*>(&length), 8).write(text.data(), std::streamsize(text.size()));
    for (const auto& [name, tensor] : tensors) {
      const Tensor data = tensor.detach().cpu().contiguous();
      file.write(static_cast<const char*>(data.data_ptr()), std::streamsize(data.nbytes()));
    }
    file.close();
    PF_CHECK(file, ResourceError, "save", path, ": writing failed (disk full?)");
  });
}

}  // namespace phonofilm::weights

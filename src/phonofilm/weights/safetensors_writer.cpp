#include "phonofilm/weights/safetensors_writer.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/file_sink.h"
#include "phonofilm/weights/safetensors.h"

namespace phonofilm::weights {
namespace {

constexpr const char* kMetadataKey = "__metadata__";

struct Header {
  std::string text;
  std::uint64_t data_bytes = 0;
};

Header make_header(const std::string& path, const std::vector<TensorSpec>& specs, const Metadata& metadata) {
  Header header;
  nlohmann::json entries = nlohmann::json::object();
  if (!metadata.empty()) entries[kMetadataKey] = metadata;
  for (const TensorSpec& spec : specs) {
    const bool storable = spec.name != kMetadataKey && is_utf8(spec.name);
    PF_CHECK(storable, CheckpointError, "save", path, ": the format has no tensor named ", in_quotes(spec.name));
    const std::uint64_t begin = header.data_bytes, end = begin + byte_count(path, spec);
    entries[spec.name] = {{"dtype", dtype_name(spec.dtype)}, {"shape", spec.shape}, {"data_offsets", {begin, end}}};
    header.data_bytes = end;
  }
  header.text = entries.dump();
  header.text.resize((header.text.size() + 7) / 8 * 8, ' ');  // tensors start aligned
  return header;
}

}  // namespace

void write_safetensors(const std::string& path, const std::vector<TensorSpec>& specs, const TensorSource& source,
                       const Metadata& metadata) {
  require_distinct_names(path, specs);
  const Header header = make_header(path, specs, metadata);
  require_disk_space(path, double(8 + header.text.size() + header.data_bytes));
  with_temporary_file(path, [&](const std::string& temporary) {
    FileSink file(temporary, path);
    const std::uint64_t length = header.text.size();
    file.write({reinterpret_cast<const char*>(&length), sizeof length});
    file.write(header.text);
    for (const TensorSpec& spec : specs) {
      const Tensor value = take(path, spec, source);
      file.write({static_cast<const char*>(value.data_ptr()), value.nbytes()});
    }
    file.close();
  });
}

}  // namespace phonofilm::weights

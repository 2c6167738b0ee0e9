#include "phonofilm/weights/torch_archive_writer.h"

#include <limits>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/little_endian.h"
#include "phonofilm/weights/tensor_layout.h"
#include "phonofilm/weights/torch_objects.h"

namespace phonofilm::weights {
namespace {

constexpr std::uint64_t kAlignment = 64;      // of torch.save since PyTorch 1.6
constexpr const char* kFolder = "archive/";   // any name does; torch.save takes the file's
constexpr const char* kFormatVersion = "3\n";

// Pickle opcodes of protocol 2 (Python's pickletools names them) for what a state dict is made of.
class Pickle {
 public:
  std::string finish() && { return "\x80\x02" + std::move(text_) + "."; }

  void open_dictionary(bool ordered) {
    if (ordered) {
      global("collections.OrderedDict");
      text_ += ")R";  // called with no argument
    } else {
      text_ += "}";
    }
    text_ += "(";
  }
  void close_dictionary() { text_ += "u"; }

  void text(std::string_view value) {
    text_ += "X" + little(value.size(), 4);
    text_ += value;
  }

  void tensor(const TensorSpec& spec, std::string_view storage_class, std::size_t key) {
    global("torch._utils._rebuild_tensor_v2");
    text_ += "(";
    storage(storage_class, key, c10::multiply_integers(spec.shape));
    number(0);  // offset
    numbers(spec.shape);
    numbers(contiguous_strides(spec.shape));
    text_ += "\x89";  // requires no gradient
    global("collections.OrderedDict");
    text_ += ")R";  // no hooks
    text_ += "tR";
  }

 private:
  void global(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    text_ += concat("c", name.substr(0, dot), "\n", name.substr(dot + 1), "\n");
  }

  void number(std::int64_t value) {
    const bool fits = value <= std::numeric_limits<std::int32_t>::max();
    text_ += fits ? "J" + little(std::uint64_t(value), 4) : "\x8a\x08" + little(std::uint64_t(value), 8);
  }

  void numbers(const Shape& values) {
    text_ += "(";
    for (const std::int64_t value : values) number(value);
    text_ += "t";
  }

  void storage(std::string_view storage_class, std::size_t key, std::int64_t elements) {
    text_ += "(";
    text("storage");
    global(storage_class);
    text(std::to_string(key));
    text("cpu");
    number(elements);
    text_ += "tQ";
  }

  std::string text_;
};

std::string_view storage_class(const std::string& path, const TensorSpec& spec) {
  const std::string_view name = torch_storage_class(spec.dtype);
  PF_CHECK(!name.empty(), CheckpointError, "save", path, ": tensor \"", spec.name, "\": ", c10::toString(spec.dtype),
           " cannot be stored in a PyTorch archive by this program; use safetensors");
  return name;
}

std::string make_pickle(const std::string& path, const std::vector<TensorSpec>& specs, const std::string& under) {
  Pickle pickle;
  if (!under.empty()) {
    pickle.open_dictionary(/*ordered=*/false);
    pickle.text(under);
  }
  pickle.open_dictionary(/*ordered=*/true);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    pickle.text(specs[i].name);
    pickle.tensor(specs[i], storage_class(path, specs[i]), i);
  }
  pickle.close_dictionary();
  if (!under.empty()) pickle.close_dictionary();
  return std::move(pickle).finish();
}

double file_bytes(const std::string& path, const std::vector<TensorSpec>& specs, std::size_t pickle_bytes) {
  constexpr double kPerEntry = 300;  // headers and padding, at most
  double bytes = double(pickle_bytes) + 4 * kPerEntry;
  for (const TensorSpec& spec : specs) bytes += double(byte_count(path, spec)) + kPerEntry;
  return bytes;
}

}  // namespace

void write_torch_archive(const std::string& path, const std::vector<TensorSpec>& specs, const TensorSource& source,
                         const TorchArchiveOptions& options) {
  require_distinct_names(path, specs);
  const std::string pickle = make_pickle(path, specs, options.under);
  require_disk_space(path, file_bytes(path, specs, pickle.size()));
  with_temporary_file(path, [&](const std::string& temporary) {
    FileSink file(temporary, path);
    ZipWriter zip(file, kAlignment, options.zip64);
    const auto entry = [&](const std::string& name, std::string_view content) { zip.add(kFolder + name, content); };
    entry("data.pkl", pickle);
    entry("byteorder", "little");
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const Tensor value = take(path, specs[i], source);
      entry("data/" + std::to_string(i), {static_cast<const char*>(value.data_ptr()), value.nbytes()});
    }
    entry("version", kFormatVersion);
    zip.finish();
    file.close();
  });
}

}  // namespace phonofilm::weights

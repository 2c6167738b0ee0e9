#include "phonofilm/weights/torch_archive.h"

#include <utility>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/weights/pickle_reader.h"
#include "phonofilm/weights/tensor_layout.h"
#include "phonofilm/weights/torch_objects.h"
#include "phonofilm/weights/torch_state_dict.h"
#include "phonofilm/weights/zip_directory.h"

namespace phonofilm::weights {
namespace {

constexpr std::string_view kPickle = "data.pkl";
constexpr std::uint64_t kTarMagicOffset = 257;

[[noreturn]] void refuse(const std::string& path, const std::string& message) {
  throw CheckpointError("load", concat(path, ": ", message));
}

bool is_zip(std::string_view bytes) { return bytes.starts_with("PK"); }
// Before version 1.6 torch.save wrote a sequence of pickles, before 0.1.10 a tar archive.
bool is_plain_pickle(std::string_view bytes) { return bytes.size() >= 2 && bytes[0] == '\x80' && bytes[1] <= 5; }
bool is_tar(std::string_view bytes) { return bytes.size() > kTarMagicOffset && bytes.substr(kTarMagicOffset).starts_with("ustar"); }

void require_zip(const FileBytes& file) {
  if (is_zip(file.bytes())) return;
  if (TorchArchive::recognises(file.bytes())) {
    refuse(file.path(), concat("is in ", is_tar(file.bytes()) ? "the tar" : "the plain pickle", " format of PyTorch before 1.6, which is not read; ",
                               "open it with torch.load(path, weights_only=True) and store it again with torch.save"));
  }
  refuse(file.path(), "is not a PyTorch file: it is no zip archive");
}

// torch.jit.save writes programs into the same kind of archive, their code compressed.
void require_no_program(const FileBytes& file) {
  for (const std::string_view name : read_zip_names(file)) {
    const bool program = name.ends_with("/constants.pkl") || name.find("/code/__torch__") != std::string_view::npos;
    if (program) {
      refuse(file.path(), concat("is a TorchScript program (it holds ", in_quotes(name), "), not a state dict, and programs are never run; ",
                                 "open it with torch.jit.load in PyTorch and store its state_dict() with torch.save"));
    }
  }
}

// All entries lie in one folder, named after the file that was first written: "archive/".
std::string find_folder(const FileBytes& file, const ZipEntries& entries) {
  std::string folder;
  for (const auto& [name, content] : entries) {
    const std::size_t slash = name.find('/');
    if (slash == std::string_view::npos || name.substr(slash + 1) != kPickle) continue;
    if (!folder.empty()) refuse(file.path(), "has more than one data.pkl");
    folder = name.substr(0, slash + 1);
  }
  if (folder.empty()) refuse(file.path(), "is a zip archive, but not of PyTorch: it has no data.pkl");
  return folder;
}

void require_little_endian(const FileBytes& file, const ZipEntries& entries, const std::string& folder) {
  const auto order = entries.find(folder + "byteorder");
  if (order == entries.end() || order->second == "little") return;
  refuse(file.path(), concat("is in byte order ", in_quotes(order->second), ", only \"little\" is read; store it again on a common machine"));
}

// The storages of an archive, as tensors view them. A misaligned one is copied, once.
class Storages {
 public:
  Storages(const FileBytes& file, const ZipEntries& entries, const std::string& folder)
      : file_(file), entries_(entries), folder_(folder) {}

  Tensor view(const std::string& where, const TensorRecord& record) {
    const std::string_view bytes = find(where, record);
    check_layout(where, record.layout, bytes.size());
    auto& storage = aligned_[record.storage];
    if (storage == nullptr) storage = aligned_bytes(file_, bytes, kAlignment);
    return view_of(storage, record.layout);
  }

 private:
  static constexpr std::size_t kAlignment = 16;  // fits every dtype

  std::string_view find(const std::string& where, const TensorRecord& record) const {
    const auto found = entries_.find(concat(folder_, "data/", record.storage));
    if (found == entries_.end()) refuse(where, concat("its storage ", in_quotes(record.storage), " is not in the archive"));
    if (found->second.size() != record.storage_bytes) {
      refuse(where, concat("its storage ", in_quotes(record.storage), " claims ", record.storage_bytes, " bytes, the archive holds ",
                           found->second.size()));
    }
    return found->second;
  }

  const FileBytes& file_;
  const ZipEntries& entries_;
  const std::string& folder_;
  std::map<std::string_view, std::shared_ptr<const char>> aligned_;
};

}  // namespace

bool TorchArchive::recognises(std::string_view bytes) { return is_zip(bytes) || is_plain_pickle(bytes) || is_tar(bytes); }

TorchArchive TorchArchive::open(const std::string& path) { return parse(FileBytes::map(path)); }

TorchArchive TorchArchive::parse(const FileBytes& file) {
  require_zip(file);
  require_no_program(file);
  const ZipEntries entries = read_zip_directory(file);
  const std::string folder = find_folder(file, entries);
  require_little_endian(file, entries, folder);
  const std::string_view pickle = entries.at(folder + std::string(kPickle));
  const PickleDocument document = read_pickle(file.path() + ": data.pkl", pickle, torch_globals());
  StateDict state = flatten_state_dict(file.path(), *document.root, pickle.size());

  TorchArchive archive;
  archive.path_ = file.path();
  archive.metadata_ = std::move(state.metadata);
  Storages storages(file, entries, folder);
  for (const auto& [name, record] : state.tensors) {
    archive.tensors_[name] = storages.view(concat(file.path(), ": tensor ", in_quotes(name)), record);
  }
  return archive;
}

}  // namespace phonofilm::weights

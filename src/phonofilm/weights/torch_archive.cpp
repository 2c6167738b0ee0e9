#include "phonofilm/weights/torch_archive.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/weights/pickle_json.h"
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

// What an archive says before any tensor is looked at. The document's strings are views of the file.
struct Contents {
  ZipEntries entries;
  std::string folder;
  std::string_view pickle;
  PickleDocument document;
};

Contents read_contents(const FileBytes& file) {
  require_zip(file);
  require_no_program(file);
  Contents contents;
  contents.entries = read_zip_directory(file);
  contents.folder = find_folder(file, contents.entries);
  require_little_endian(file, contents.entries, contents.folder);
  contents.pickle = contents.entries.at(contents.folder + std::string(kPickle));
  contents.document = read_pickle(file.path() + ": data.pkl", contents.pickle, torch_globals());
  return contents;
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
  const Contents contents = read_contents(file);
  StateDict state = flatten_state_dict(file.path(), *contents.document.root, contents.pickle.size());

  TorchArchive archive;
  archive.path_ = file.path();
  archive.metadata_ = std::move(state.metadata);
  Storages storages(file, contents.entries, contents.folder);
  for (const auto& [name, record] : state.tensors) {
    archive.tensors_[name] = storages.view(concat(file.path(), ": tensor ", in_quotes(name)), record);
  }
  return archive;
}

nlohmann::json TorchArchive::read_dictionary(const FileBytes& file, std::string_view key) {
  const Contents contents = read_contents(file);
  const PickleDict* root = contents.document.root->as<PickleDict>();
  if (root == nullptr) refuse(file.path(), "holds something else than a dictionary");
  const PickleValue* found = nullptr;
  for (const auto& [name, value] : root->items) {
    const auto* text = name->as<std::string_view>();
    if (text == nullptr || *text != key) continue;
    if (found != nullptr) refuse(file.path(), concat("the name ", in_quotes(key), " appears twice"));
    found = value;
  }
  const bool is_dictionary = found != nullptr && found->as<PickleDict>() != nullptr;
  if (!is_dictionary) refuse(file.path(), concat("holds no dictionary ", in_quotes(key)));
  return plain_json(concat(file.path(), ": ", in_quotes(key)), *found);
}

}  // namespace phonofilm::weights

#include "phonofilm/weights/tensor_file.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>
#include <vector>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/weights/safetensors.h"
#include "phonofilm/weights/shard_index.h"
#include "phonofilm/weights/torch_archive.h"

namespace phonofilm::weights {
namespace {

constexpr std::size_t kMostProblems = 100;  // listed in one message

// A header length of text would be beyond 2^56, so that no JSON file passes for safetensors.
bool is_safetensors(std::string_view bytes) {
  std::uint64_t length = 0;
  if (bytes.size() < 9) return false;
  std::memcpy(&length, bytes.data(), 8);
  return bytes[8] == '{' && length < (std::uint64_t{1} << 32);
}

bool is_json_object(std::string_view bytes) {
  const std::size_t first = bytes.substr(0, 64).find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && bytes[first] == '{';
}

[[noreturn]] void refuse_unknown(const FileBytes& file) {
  const std::string_view bytes = file.bytes();
  PF_CHECK(!bytes.starts_with("version https://git-lfs"), CheckpointError, "load", file.path(),
           ": is a Git LFS pointer, not the file itself; fetch it with 'git lfs pull'");
  PF_CHECK(!bytes.empty(), CheckpointError, "load", file.path(), ": is empty (an incomplete download?)");
  PF_CHECK(!is_json_object(bytes), CheckpointError, "load", file.path(),
           ": is JSON, not weights; an index of shards may only name files that hold tensors");
  throw CheckpointError(
      "load", concat(file.path(), ": is neither safetensors, nor a PyTorch archive, nor an index of shards; it begins ",
                     in_quotes(bytes.substr(0, 16))));
}

TensorFile open_one(const FileBytes& file) {
  if (is_safetensors(file.bytes())) {
    const SafetensorsFile opened = SafetensorsFile::parse(file);
    return {file.path(), opened.tensors(), opened.metadata()};
  }
  if (!TorchArchive::recognises(file.bytes())) refuse_unknown(file);
  const TorchArchive opened = TorchArchive::parse(file);
  return {file.path(), opened.tensors(), opened.metadata()};
}

// Collects the tensors of all shards and everything that is wrong with them.
class Shards {
 public:
  explicit Shards(const FileBytes& file)
      : index_(parse_shard_index(file)), folder_(std::filesystem::path(file.path()).parent_path()) {
    result_.path = file.path();
    result_.metadata = index_.metadata;
  }

  TensorFile open() && {
    std::set<std::string> shards;
    for (const auto& [tensor, shard] : index_.shard_of) shards.insert(shard);
    for (const std::string& shard : shards) add(shard);
    for (const auto& [tensor, shard] : index_.shard_of) {
      const bool missing = !result_.tensors.contains(tensor) && !unreadable_.contains(shard);
      if (missing) problem(concat("missing ", in_quotes(tensor), " in ", shard));
    }
    report();
    return std::move(result_);
  }

 private:
  void add(const std::string& shard) {
    try {
      for (auto& [name, tensor] : open_one(FileBytes::map((folder_ / shard).string())).tensors)
        add_tensor(shard, name, tensor);
    } catch (const CheckpointError& error) {  // reported with the other problems
      unreadable_.insert(shard);
      problem(error.what());
    }
  }

  void add_tensor(const std::string& shard, const std::string& name, const Tensor& tensor) {
    const auto expected = index_.shard_of.find(name);
    if (expected == index_.shard_of.end()) {
      problem(concat("unexpected ", in_quotes(name), " in ", shard, ": the index does not name it"));
    } else if (expected->second != shard) {
      problem(concat(in_quotes(name), " is in ", shard, ", the index says ", expected->second));
    } else {
      result_.tensors[name] = tensor;
    }
  }

  void problem(const std::string& text) {
    if (++problem_count_ <= kMostProblems) problems_.push_back(text);
  }

  void report() {
    if (problem_count_ > kMostProblems) problems_.push_back(concat("and ", problem_count_ - kMostProblems, " more"));
    PF_CHECK(problems_.empty(), CheckpointError, "load", result_.path, ": ", problem_count_,
             " problems with its shards:\n  ", join(problems_, "\n  "));
  }

  ShardIndex index_;
  std::filesystem::path folder_;
  TensorFile result_;
  std::set<std::string> unreadable_;
  std::vector<std::string> problems_;
  std::size_t problem_count_ = 0;
};

}  // namespace

TensorFile open_tensors(const std::string& path) { return open_tensors(FileBytes::map(path)); }

TensorFile open_tensors(const FileBytes& file) {
  const bool is_index = !is_safetensors(file.bytes()) && is_json_object(file.bytes());
  return is_index ? Shards(file).open() : open_one(file);
}

}  // namespace phonofilm::weights

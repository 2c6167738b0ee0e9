// The bytes of a weights file: shared by all copies of this object and by every tensor that views them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace phonofilm::weights {

class FileBytes {
 public:
  // Maps the file read-only: nothing is read before it is touched, and clean pages can be dropped by the system again.
  // Throws CheckpointError if there is no such file or it cannot be read.
  static FileBytes map(const std::string& path);
  // Bytes in memory; `name` stands for the path in messages.
  FileBytes(std::string name, std::shared_ptr<const char> data, std::uint64_t size);

  const std::string& path() const { return path_; }
  std::string_view bytes() const { return {data_.get(), size_}; }
  std::uint64_t size() const { return size_; }
  const std::shared_ptr<const char>& owner() const { return data_; }

 private:
  std::string path_;
  std::shared_ptr<const char> data_;
  std::uint64_t size_;
};

}  // namespace phonofilm::weights

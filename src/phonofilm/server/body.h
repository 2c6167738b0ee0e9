// The bytes of a request's body: in memory while they are few, in a nameless file beyond that.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace phonofilm::server {

inline constexpr std::size_t kBodyInMemory = 256 << 10;  // bytes; what is larger goes to a file

class Body {
 public:
  // folder: where a large body lies, in a file that has no name and goes with the object.
  explicit Body(std::string folder = "/tmp") : folder_(std::move(folder)) {}
  // Throws ResourceError where the disk is full.
  void append(std::string_view bytes);
  std::int64_t size() const { return size_; }
  // Valid until the next append(). Maps the file.
  std::string_view view() const;

 private:
  class File;
  std::string folder_, memory_;
  std::int64_t size_ = 0;
  std::shared_ptr<File> file_;
};

}  // namespace phonofilm::server

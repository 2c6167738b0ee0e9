#include "phonofilm/weights/file_bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "phonofilm/base/error.h"

namespace phonofilm::weights {
namespace {

class Descriptor {
 public:
  // Without O_NONBLOCK, opening a named pipe would wait for its writer for ever.
  explicit Descriptor(const std::string& path) : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

FileBytes::FileBytes(std::string name, std::shared_ptr<const char> data, std::uint64_t size)
    : path_(std::move(name)), data_(std::move(data)), size_(size) {}

FileBytes FileBytes::map(const std::string& path) {
  const Descriptor file(path);
  PF_CHECK(file.number() >= 0, CheckpointError, "load", path, ": cannot be opened: ", std::strerror(errno));
  struct stat info {};
  const bool is_file = fstat(file.number(), &info) == 0 && S_ISREG(info.st_mode);
  PF_CHECK(is_file, CheckpointError, "load", path, ": is not a file");
  const std::size_t size = std::size_t(info.st_size);
  if (size == 0) return {path, nullptr, 0};  // an empty file cannot be mapped
  void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number(), 0);
  PF_CHECK(data != MAP_FAILED, CheckpointError, "load", path, ": cannot be mapped: ", std::strerror(errno));
  const auto unmap = [size](const char* mapped) { munmap(const_cast<char*>(mapped), size); };
  return {path, std::shared_ptr<const char>(static_cast<const char*>(data), unmap), size};
}

}  // namespace phonofilm::weights

#include "phonofilm/server/body.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "phonofilm/base/error.h"

namespace phonofilm::server {

class Body::File {
 public:
  explicit File(const std::string& folder) : file_(open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
    PF_CHECK(file_ >= 0, ResourceError, "serve", folder, ": cannot keep the body of a request: ", std::strerror(errno));
  }
  ~File() {
    unmap();
    close(file_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  void append(std::string_view bytes) {
    unmap();
    while (!bytes.empty()) {
      const ssize_t written = write(file_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      PF_CHECK(written > 0, ResourceError, "serve", "cannot keep the body of a request: ", std::strerror(errno));
      bytes.remove_prefix(std::size_t(written));
    }
  }
  // Nobody else can reach the file, so that it cannot become shorter under the mapping.
  std::string_view view(std::int64_t size) {
    if (!mapped_) {
      void* mapped = mmap(nullptr, std::size_t(size), PROT_READ, MAP_PRIVATE, file_, 0);
      PF_CHECK(mapped != MAP_FAILED, ResourceError, "serve",
               "cannot map the body of a request: ", std::strerror(errno));
      mapped_ = mapped;
      mapped_size_ = std::size_t(size);
    }
    return {static_cast<const char*>(mapped_), mapped_size_};
  }

 private:
  void unmap() {
    if (mapped_) munmap(mapped_, mapped_size_);
    mapped_ = nullptr;
  }
  int file_;
  void* mapped_ = nullptr;
  std::size_t mapped_size_ = 0;
};

void Body::append(std::string_view bytes) {
  size_ += std::int64_t(bytes.size());
  if (!file_ && memory_.size() + bytes.size() <= kBodyInMemory) {
    memory_ += bytes;
    return;
  }
  if (!file_) {
    file_ = std::make_shared<File>(folder_);
    file_->append(memory_);
    memory_ = {};
  }
  file_->append(bytes);
}

std::string_view Body::view() const { return file_ ? file_->view(size_) : std::string_view(memory_); }

}  // namespace phonofilm::server

#include "phonofilm/weights/file_sink.h"

#include <cerrno>
#include <cstring>

#include "phonofilm/base/error.h"

namespace phonofilm::weights {

FileSink::FileSink(const std::string& file, std::string path) : path_(std::move(path)), stream_(file, std::ios::binary) {
  PF_CHECK(stream_, ResourceError, "save", path_, ": cannot be created: ", std::strerror(errno));
}

void FileSink::write(std::string_view bytes) {
  stream_.write(bytes.data(), std::streamsize(bytes.size()));
  require_good();
  position_ += bytes.size();
}

void FileSink::close() {
  stream_.close();
  require_good();
}

void FileSink::require_good() {
  PF_CHECK(stream_, ResourceError, "save", path_, ": writing failed (disk full?): ", std::strerror(errno));
}

}  // namespace phonofilm::weights

#include "phonofilm/base/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "phonofilm/base/error.h"

namespace fs = std::filesystem;

namespace phonofilm {
namespace {

std::string reason() { return std::strerror(errno); }

std::string temporary_name(const std::string& path) {
  const fs::path target(path);
  const std::string name = concat(".", target.stem().string(), ".", getpid(), ".tmp", target.extension().string());
  return (target.parent_path() / name).string();
}

// Some file systems cannot flush (EINVAL) and some folders cannot be opened for reading; every other failure means
// that the data may not be there.
void flush_to_disk(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  const bool flushed = fsync(file) == 0 || errno == EINVAL;
  const std::string why = reason();
  close(file);
  PF_CHECK(flushed, ResourceError, "write", path, ": cannot be flushed to disk: ", why);
}

std::string folder_of(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

void write_all(const std::string& path, std::string_view content) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  PF_CHECK(file >= 0, ResourceError, "write", path, ": cannot be created: ", reason());
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const std::string why = reason();
      close(file);
      throw ResourceError("write", concat(path, ": ", why));
    }
    content.remove_prefix(size_t(written));
  }
  PF_CHECK(close(file) == 0, ResourceError, "write", path, ": ", reason());
}

}  // namespace

void with_temporary_file(const std::string& path, const std::function<void(const std::string&)>& write) {
  const std::string temporary = temporary_name(path);
  try {
    write(temporary);
    flush_to_disk(temporary);
    std::error_code failed;
    fs::rename(temporary, path, failed);
    PF_CHECK(!failed, ResourceError, "write", path, ": ", failed.message());
    flush_to_disk(folder_of(path));  // the rename itself
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
}

void write_file_atomically(const std::string& path, std::string_view content) {
  with_temporary_file(path, [&](const std::string& temporary) { write_all(temporary, content); });
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  PF_CHECK(file, InvalidRequest, "read", path, ": cannot be opened: ", reason());
  std::ostringstream content;
  file.peek();  // fails for a folder, which opens like a file
  if (file.good()) content << file.rdbuf();
  PF_CHECK(!file.bad() && !content.fail(), InvalidRequest, "read", path, ": cannot be read: ", reason());
  return content.str();
}

bool is_file(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::is_regular_file(path, unknown);
}

void make_folder(const std::string& path) {
  if (path.empty()) return;
  std::error_code failed;
  fs::create_directories(path, failed);
  PF_CHECK(!failed, ResourceError, "write", path, ": cannot create the folder: ", failed.message());
}

void require_disk_space(const std::string& path, double bytes) {
  std::error_code failed;
  const fs::space_info space = fs::space(folder_of(path), failed);
  if (failed) return;
  PF_CHECK(double(space.available) >= bytes, ResourceError, "write", path, ": the disk has ",
           human_bytes(double(space.available)), " free, ", human_bytes(bytes), " are needed");
}

}  // namespace phonofilm

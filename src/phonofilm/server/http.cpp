#include "phonofilm/server/http.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "phonofilm/base/error.h"
#include "phonofilm/base/text.h"

namespace phonofilm::server {

const std::string* RequestHead::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const HeaderField& f) { return f.name == name; });
  return found == headers.end() ? nullptr : &found->value;
}

const std::string* Response::header(std::string_view name) const {
  const std::string wanted = to_lower(name);
  for (const HeaderField& field : headers) {
    if (to_lower(field.name) == wanted) return &field.value;
  }
  return nullptr;
}

std::string_view status_text(int status) {
  static const std::map<int, std::string_view> kTexts{{200, "OK"},
                                                      {201, "Created"},
                                                      {204, "No Content"},
                                                      {206, "Partial Content"},
                                                      {304, "Not Modified"},
                                                      {400, "Bad Request"},
                                                      {401, "Unauthorized"},
                                                      {403, "Forbidden"},
                                                      {404, "Not Found"},
                                                      {405, "Method Not Allowed"},
                                                      {408, "Request Timeout"},
                                                      {409, "Conflict"},
                                                      {413, "Content Too Large"},
                                                      {415, "Unsupported Media Type"},
                                                      {416, "Range Not Satisfiable"},
                                                      {429, "Too Many Requests"},
                                                      {431, "Request Header Fields Too Large"},
                                                      {500, "Internal Server Error"},
                                                      {503, "Service Unavailable"}};
  const auto found = kTexts.find(status);
  return found == kTexts.end() ? "Unknown" : found->second;
}

OpenFile::OpenFile(const std::string& path) : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) {
  PF_CHECK(file_ >= 0, ResourceError, "serve", path, ": cannot be opened: ", std::strerror(errno));
  struct stat found {};
  if (fstat(file_, &found) != 0 || !S_ISREG(found.st_mode)) {
    close(file_);
    throw ResourceError("serve", concat(path, ": is no file"));
  }
  size_ = found.st_size;
  modified_ns_ = std::int64_t(found.st_mtim.tv_sec) * 1'000'000'000 + found.st_mtim.tv_nsec;
}

OpenFile::~OpenFile() { close(file_); }

std::string OpenFile::read(std::int64_t offset, std::size_t count) const {
  std::string bytes(count, '\0');
  std::size_t got = 0;
  while (got < count) {
    const ssize_t now = pread(file_, bytes.data() + got, count - got, offset + std::int64_t(got));
    if (now < 0 && errno == EINTR) continue;
    PF_CHECK(now >= 0, ResourceError, "serve", "a file cannot be read: ", std::strerror(errno));
    if (now == 0) break;
    got += std::size_t(now);
  }
  bytes.resize(got);
  return bytes;
}

}  // namespace phonofilm::server

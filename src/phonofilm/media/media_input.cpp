#include "phonofilm/media/media_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace phonofilm::media {
namespace {

std::string first_bytes(int file, size_t count) {
  std::string head(count, '\0');
  size_t got = 0;
  for (ssize_t more = 1; more > 0 && got < count; got += size_t(more)) {
    more = pread(file, head.data() + got, count - got, off_t(got));
    if (more < 0) break;
  }
  head.resize(got);
  return head;
}

}  // namespace

std::string head_of(const MediaInput& input, size_t count) {
  if (!input.is_path()) return first_bytes(input.descriptor, count);
  const int file = open(input.name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // which no pipe keeps waiting
  if (file < 0) return {};
  struct stat status = {};
  const bool is_file = fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  std::string head = is_file ? first_bytes(file, count) : std::string();
  close(file);
  return head;
}

}  // namespace phonofilm::media

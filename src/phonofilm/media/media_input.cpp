#include "phonofilm/media/media_input.h"

#include <unistd.h>

#include <fstream>

namespace phonofilm::media {

std::string head_of(const MediaInput& input, size_t count) {
  std::string head(count, '\0');
  if (input.is_path()) {
    std::ifstream file(input.name, std::ios::binary);
    file.read(head.data(), std::streamsize(count));
    head.resize(size_t(file.gcount()));
    return head;
  }
  size_t got = 0;
  for (ssize_t more = 1; more > 0 && got < count; got += size_t(more)) {
    more = pread(input.descriptor, head.data() + got, count - got, off_t(got));
    if (more < 0) break;
  }
  head.resize(got);
  return head;
}

}  // namespace phonofilm::media

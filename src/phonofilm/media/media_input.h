// Where a reader of media takes its bytes from: a file by its path, or one that somebody has opened already.
#pragma once

#include <string>

namespace phonofilm::media {

struct MediaInput {
  std::string name;     // for messages; of a path: the path
  int descriptor = -1;  // an open regular file, read from its start and left open; -1: `name` is a path
  MediaInput(const std::string& path) : name(path) {}
  MediaInput(const char* path) : name(path) {}
  // Read in this thread, by reading and seeking alone: nothing is opened and no thread started, as a sandbox wants it.
  MediaInput(const std::string& name_, int descriptor_) : name(name_), descriptor(descriptor_) {}
  bool is_path() const { return descriptor < 0; }
};

// Its first bytes, at most `count`; none of what cannot be read.
std::string head_of(const MediaInput& input, size_t count);

}  // namespace phonofilm::media

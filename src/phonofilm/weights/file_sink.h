// A file that is written from its beginning to its end.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

namespace phonofilm::weights {

class FileSink {
 public:
  // Creates `file`; errors speak of `path`, the name that it will have in the end.
  // Throws ResourceError, as do the other functions, where the disk refuses.
  FileSink(const std::string& file, std::string path);
  void write(std::string_view bytes);
  std::uint64_t position() const { return position_; }
  void close();

 private:
  void require_good();
  std::string path_;
  std::ofstream stream_;
  std::uint64_t position_ = 0;
};

}  // namespace phonofilm::weights

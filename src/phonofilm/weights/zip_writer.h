// Writer of zip archives whose entries are stored uncompressed and aligned, so that a reader may map them, as torch.save
// writes them. Formats: PKWARE's APPNOTE.TXT 6.3, section 4.3.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "phonofilm/weights/file_sink.h"

namespace phonofilm::weights {

// 64-bit sizes and offsets where the 32-bit ones do not suffice, or everywhere (so that they can be tested on small files).
enum class Zip64 { where_needed, always };

class ZipWriter {
 public:
  // Entries' bytes begin at multiples of `alignment`, at most 1024. The sink must outlive the writer.
  ZipWriter(FileSink& sink, std::uint64_t alignment, Zip64 zip64 = Zip64::where_needed);
  // Names must differ and be shorter than 64 kB. Throws ResourceError where the disk refuses.
  void add(const std::string& name, std::string_view content);
  // The directory; without it the file is no archive.
  void finish();

 private:
  struct Entry {
    std::string name;
    std::uint32_t crc;
    std::uint64_t size, header;
  };
  bool wide(std::uint64_t value) const;
  std::string local_header(const Entry& entry) const;
  std::string directory_entry(const Entry& entry) const;
  std::string end_records(std::uint64_t directory, std::uint64_t bytes) const;

  FileSink& sink_;
  std::uint64_t alignment_;
  Zip64 zip64_;
  std::vector<Entry> entries_;
};

}  // namespace phonofilm::weights

// The directory of a zip archive as torch.save writes it: entries stored without compression, zip64 where needed.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "phonofilm/weights/file_bytes.h"

namespace phonofilm::weights {

// Entry name -> its bytes. Both are views of the file and die with it.
using ZipEntries = std::map<std::string_view, std::string_view>;

// Reads the central directory (which knows the sizes that data descriptors would tell only later) and checks that every
// entry has its local header, lies before the directory and shares no byte with another. Checksums are not verified: that
// would read the whole file, and PyTorch can be told not to write them.
// Throws CheckpointError for archives that are truncated, damaged, split, encrypted, compressed, name an entry twice, or by a
// path that leads out of the archive.
ZipEntries read_zip_directory(const FileBytes& file);

// The names alone, in the order of the central directory, also of entries that read_zip_directory would refuse.
std::vector<std::string_view> read_zip_names(const FileBytes& file);

}  // namespace phonofilm::weights

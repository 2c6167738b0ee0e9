// The directory of a zip archive as torch.save writes it: entries stored without compression, zip64 where needed.
#pragma once

#include <map>
#include <string_view>

#include "phonofilm/weights/file_bytes.h"

namespace phonofilm::weights {

// Entry name -> its bytes. Both are views of the file and die with it.
using ZipEntries = std::map<std::string_view, std::string_view>;

// Reads the central directory (which knows the sizes that data descriptors would tell only later) and checks that every
// entry has its local header, lies before the directory and shares no byte with another. Checksums are not verified: that
// would read the whole file, and PyTorch can be told not to write them.
// Throws CheckpointError for archives that are truncated, damaged, split, encrypted, compressed, or name an entry twice.
ZipEntries read_zip_directory(const FileBytes& file);

}  // namespace phonofilm::weights

// Files that appear whole or not at all.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace phonofilm {

// Writes `path` through a temporary neighbour, flushed to disk and renamed, so that a reader or a crash never
// sees half a file. Throws ResourceError (disk full, no permission) and leaves an existing file untouched.
void write_file_atomically(const std::string& path, std::string_view content);

// The same for writers that need a path: calls write(temporary_path), then renames. The temporary keeps the
// extension of `path` (".film.1234.tmp.mp4"), because some writers choose a format by it.
void with_temporary_file(const std::string& path, const std::function<void(const std::string&)>& write);

// Throws InvalidRequest for what cannot be opened or read to its end (a folder, a damaged disk).
std::string read_file(const std::string& path);

// Whether there is a file, through links too; false also where that cannot be found out.
bool is_file(const std::string& path);

// Creates the folder and its parents; throws ResourceError where that fails.
void make_folder(const std::string& path);

// Throws ResourceError when less than `bytes` are free where `path` would be written.
void require_disk_space(const std::string& path, double bytes);

}  // namespace phonofilm

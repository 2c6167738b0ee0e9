// What a folder in NAVA's published layout holds.
#pragma once

#include <optional>
#include <string>

#include "phonofilm/families/folder_report.h"

namespace phonofilm::nava {

// Empty for a folder that is not NAVA's. Reads headers, and of the sound's and the voices' small files all.
std::optional<families::FolderReport> inspect_folder(const std::string& root);

}  // namespace phonofilm::nava

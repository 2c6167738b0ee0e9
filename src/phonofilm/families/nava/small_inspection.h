// What a folder of the embedded model (small_model.h) holds and lacks.
#pragma once

#include <optional>

#include "phonofilm/families/folder_report.h"

namespace phonofilm::nava {

// None where the folder has no model.json. Maps the weights and reads no value.
std::optional<families::FolderReport> inspect_small_folder(const std::string& root);

}  // namespace phonofilm::nava

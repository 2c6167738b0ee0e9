// What a folder of Ovi's holds and lacks.
#pragma once

#include <optional>

#include "phonofilm/families/folder_report.h"

namespace phonofilm::ovi {

// Reads headers only. None where the folder holds no file of Ovi's own (the towers or MMAudio's); the text encoder and the
// video autoencoder also belong to other models.
std::optional<families::FolderReport> inspect_folder(const std::string& root);

}  // namespace phonofilm::ovi

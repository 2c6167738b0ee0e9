// What a film says of its own making: text of unknown origin.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "phonofilm/media/film.h"

namespace phonofilm::cli {

// null where it says nothing, discarded where what it says is damaged.
nlohmann::json embedded_settings(const media::Metadata& metadata);

// Seconds at which the segments of a film were joined, or none. Throws MediaError, naming the file, where these are no
// numbers.
std::vector<double> embedded_joints(const nlohmann::json& settings, const std::string& file);

}  // namespace phonofilm::cli

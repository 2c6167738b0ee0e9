// JSON of files that may be damaged or hostile.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace phonofilm::weights {

// An object in which no key stands twice at any level (a lenient parser would silently keep one of the two) and which nests
// at most 16 levels deep. Throws CheckpointError otherwise; `where` begins the message, e.g. "model.safetensors: the header".
nlohmann::json parse_strict_json(const std::string& where, std::string_view text);

}  // namespace phonofilm::weights

// JSON as text that can always be written.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace phonofilm {

// On one line, or with `indent` spaces a level where it is not negative. Strings need not be UTF-8 (names of files, metadata of
// films): bytes that are not become U+FFFD, where nlohmann's own dump() throws.
std::string json_text(const nlohmann::json& value, int indent = -1);

}  // namespace phonofilm

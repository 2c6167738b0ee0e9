// What an eye and an ear find in a finished film, for its description: the same for `generate` and for workers.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "phonofilm/families/generator.h"

namespace phonofilm::cli {

// Of a film with picture and sound whose model shows strikes (families::ModelInfo): puts eval::to_json(SyncResult) into
// the description as "measured", and returns ", 3 strikes seen, 3 heard, median offset 4 ms" for people; nothing where none
// is seen. Of all others nothing is known: the description stays as it is, and the text is empty. clip: the whole film.
std::string describe_strikes(const families::ModelInfo& model, const Clip& clip, nlohmann::json& description);

}  // namespace phonofilm::cli

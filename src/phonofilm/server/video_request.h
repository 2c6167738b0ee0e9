// A request of /v1/videos in the words of the field list.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "phonofilm/server/api.h"

namespace phonofilm::server {

// The call's body, JSON or form, as an object of fields; files and data URLs of it are kept as uploads. Throws Problem.
nlohmann::json video_fields(Call& call);

}  // namespace phonofilm::server

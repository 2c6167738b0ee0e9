// A request of /v1/videos in the words of the field list.
#pragma once

#include <cstddef>

#include "phonofilm/server/api.h"

namespace phonofilm::server {

inline constexpr std::size_t kMaxDataUrl = 20'971'520;  // characters of input_reference.image_url

// Submits what the call's body asks for, JSON or form. Throws Problem, and as submit_film() does.
jobs::Job submit_video(Call& call);

}  // namespace phonofilm::server

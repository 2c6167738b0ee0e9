// What the server is told of the films that this program makes (server/film_format.h).
#pragma once

#include <string>

#include "phonofilm/server/film_format.h"

namespace phonofilm::cli {

// Requests are those of pipeline/film_job.h. model: the folder that the workers load, of which clients see the last
// name; variant: which of its models, empty for the first. Reads headers only.
server::FilmFormat film_format(const std::string& model, const std::string& variant);

}  // namespace phonofilm::cli

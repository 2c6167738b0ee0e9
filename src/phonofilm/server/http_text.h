// Responses as they go over the wire.
#pragma once

#include <string>

#include "phonofilm/server/http.h"

namespace phonofilm::server {

// Status line and header fields, up to the empty line.
std::string head_text(const Response& response, bool keep_alive);
// One chunk of a body whose length is not known.
std::string chunk_text(const std::string& bytes);

}  // namespace phonofilm::server

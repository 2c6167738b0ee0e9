// Bytes of a file as a response: whole, in part, or not at all when the client has them.
#pragma once

#include <string>

#include "phonofilm/server/http.h"

namespace phonofilm::server {

struct FileAnswer {
  std::string path{}, type{};
  std::string tag{};         // what the entity tag says beside size and time of change
  std::string attachment{};  // name under which the client saves it; empty: shown in place
};

// ETag, Range, If-Range, If-None-Match as RFC 9110 has them. Throws Problem: 404 for a file that is gone, 416.
Response file_response(const RequestHead& head, const FileAnswer& answer);

}  // namespace phonofilm::server

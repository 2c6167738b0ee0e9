// A job in /api/v1's words, and which of its files a client may fetch.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "phonofilm/server/api.h"

namespace phonofilm::server {

// position: 0 leaves it out.
nlohmann::json job_json(const Api& api, const jobs::Job& job, std::int64_t position = 0);
Response job_response(const Api& api, const jobs::JobView& view, int status = 200);

struct JobFile {
  std::string path{}, type{};
  std::string run{};      // under which it lies
  bool is_input = false;  // somebody's upload
};

// A result, a preview or an input. Throws Problem(404).
JobFile job_file(const Api& api, const jobs::Job& job, const std::string& name);

}  // namespace phonofilm::server

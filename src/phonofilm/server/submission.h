// A film as a client asks for it, from its fields and files to a job in the queue. Both interfaces end here.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/server/api.h"

namespace phonofilm::server {

// A file that goes with a request: a part of a form, or bytes from elsewhere.
struct InputFile {
  std::string field, type;
  std::string_view bytes{};
};

struct Terms {
  std::int64_t priority = 0;
  std::optional<std::int64_t> retention{};  // milliseconds
};

// Checks names, types and bounds of the fields, their files and uploads; publishes the files under the job's id and
// submits it, under the Idempotency-Key of the call if there is one. In fields that take files a value is the id of an
// upload of the caller, or "<job id>/<artifact>" for what an earlier job of the caller was given or became. Throws
// Problem, naming the field, and as Queue::submit does.
jobs::Job submit_film(Call& call, nlohmann::json fields, const std::vector<InputFile>& files, const Terms& terms);

// The text to be stored for new fields of a waiting job. Its files stay: fields that take them may keep or drop the
// artifacts that the job has. Throws Problem.
std::string edited_request(Call& call, const nlohmann::json& fields, const jobs::Job& before);

// Throws Problem(415) for a content type that inputs of this kind ("": any) do not have, 400 for no bytes, and
// ResourceError where the disk is nearly full.
void check_file(const Api& api, const std::string& kind, const InputFile& file);

}  // namespace phonofilm::server

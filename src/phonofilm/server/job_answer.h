// A job in /api/v1's words, and the request of a job as both interfaces read it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "phonofilm/server/api.h"
#include "phonofilm/server/multipart.h"

namespace phonofilm::server {

// position: 0 leaves it out.
nlohmann::json job_json(const Api& api, const jobs::Job& job, std::int64_t position = 0);
Response job_response(const Api& api, const jobs::JobView& view, int status = 200);

// A job's file or preview that a client may fetch, and its path. Throws Problem(404).
std::string job_file_path(const Api& api, const jobs::Job& job, const std::string& name);

// Checks an object of fields: names, types, bounds, that inputs are uploads of the caller (which count as used now), the
// length of the prompt. Returns the text that is stored. Throws Problem, naming the field.
std::string checked_request(Call& call, const nlohmann::json& fields);

// Keeps a part of a form as an upload of the caller; returns its id. kind: as InputField::kind. Throws Problem(415) for
// another content type.
std::string keep_upload(Call& call, const std::string& kind, const std::string& field, const std::string& type,
                        const std::string& name, std::string_view bytes);

// The parts of the call's body. Throws Problem.
std::vector<Part> form_parts(const Call& call);
bool has_form(const Call& call);  // multipart, by its content type

// Puts files into the fields that they are named by: a list field takes several.
void add_files(Call& call, const std::vector<Part>& parts, nlohmann::json& fields);

// Texts of a form: JSON's spelling of a number, a truth value or a list. Throws Problem(invalid_value).
nlohmann::json value_from_text(const std::string& name, std::string_view text);
// The same for a field, where texts stand for themselves; so do those of fields that are not there.
nlohmann::json field_from_text(const Api& api, const std::string& name, std::string_view text);

// Submits under the Idempotency-Key of the call, if there is one. Throws as Queue::submit does.
jobs::Job submit(Call& call, const std::string& request, std::int64_t priority = 0,
                 std::optional<std::int64_t> retention = {});

}  // namespace phonofilm::server

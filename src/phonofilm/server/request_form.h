// Requests that come as multipart/form-data: their parts, and what their texts mean as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "phonofilm/server/multipart.h"
#include "phonofilm/server/submission.h"

namespace phonofilm::server {

// The parts of the call's body, and those of them that are files. Throw Problem.
bool has_form(const Call& call);  // multipart, by its content type
std::vector<Part> form_parts(const Call& call);
std::vector<InputFile> form_files(const std::vector<Part>& parts);

// Texts of a form: JSON's spelling of a number, a truth value or a list. Throws Problem(invalid_value).
nlohmann::json value_from_text(const std::string& name, std::string_view text);
// The same for a field, where texts stand for themselves; so do those of fields that are not there.
nlohmann::json field_from_text(const Api& api, const std::string& name, std::string_view text);

}  // namespace phonofilm::server

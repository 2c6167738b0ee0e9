// JSON on its way in and out.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "phonofilm/server/http.h"

namespace phonofilm::server {

// Text that is no UTF-8 is shown with replacement characters.
Response json_response(const nlohmann::json& value, int status = 200);

// An object whose members are all among `known`. Throws Problem: invalid_json, unknown_field. JSON in requests has no
// comments and no member twice.
nlohmann::json parse_object(std::string_view text, const std::vector<std::string>& known);
// The same of any object.
nlohmann::json parse_object(std::string_view text);

// The member as a string or an integer; the fallback where it is missing or null. Throw Problem(invalid_value).
std::string string_member(const nlohmann::json& object, const std::string& name, const std::string& fallback);
std::int64_t integer_member(const nlohmann::json& object, const std::string& name, std::int64_t fallback,
                            std::int64_t min, std::int64_t max);

// 0 is null: "not yet".
nlohmann::json time_or_null(std::int64_t time);

}  // namespace phonofilm::server

// Field lists in JSON: what a form is built from, and the same as JSON Schema.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "phonofilm/base/fields.h"

namespace phonofilm::server {

// [{"name", "type", "default", "min", "max", "choices", "help"}, ...]
nlohmann::json fields_json(const Fields& fields);
// {"name": {"type": "integer", "minimum": 0, ...}, ...}
nlohmann::json fields_properties(const Fields& fields);

bool is_list_field(const Fields& fields, const std::string& name);  // of strings

}  // namespace phonofilm::server

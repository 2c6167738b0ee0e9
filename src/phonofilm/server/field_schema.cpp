#include "phonofilm/server/field_schema.h"

#include <nlohmann/json.hpp>

namespace phonofilm::server {
namespace {

using Json = nlohmann::json;

constexpr const char* kTypes[] = {"boolean",          "integer",         "number",         "string",
                                  "list of integers", "list of numbers", "list of strings"};
constexpr const char* kItems[] = {"integer", "number", "string"};
constexpr std::size_t kFirstList = 4;  // in the order of FieldTarget

}  // namespace

Json fields_json(const Fields& fields) {
  const Json defaults = write_json(fields);
  Json list = Json::array();
  for (const Field& field : fields) {
    list.push_back({{"name", field.name},
                    {"type", kTypes[field.target.index()]},
                    {"default", defaults.at(field.name)},
                    {"min", field.min ? Json(*field.min) : Json()},
                    {"max", field.max ? Json(*field.max) : Json()},
                    {"choices", field.choices.empty() ? Json() : Json(field.choices)},
                    {"help", field.help}});
  }
  return list;
}

Json fields_properties(const Fields& fields) {
  const Json defaults = write_json(fields);
  Json properties = Json::object();
  for (const Field& field : fields) {
    const std::size_t index = field.target.index();
    Json value{{"type", index < kFirstList ? kTypes[index] : kItems[index - kFirstList]}};
    if (field.min) value["minimum"] = *field.min;
    if (field.max) value["maximum"] = *field.max;
    if (!field.choices.empty()) value["enum"] = field.choices;
    Json schema = index < kFirstList ? value : Json{{"type", "array"}, {"items", value}};
    schema["description"] = field.help;
    schema["default"] = defaults.at(field.name);
    properties[field.name] = std::move(schema);
  }
  return properties;
}

bool is_list_field(const Fields& fields, const std::string& name) {
  for (const Field& field : fields) {
    if (field.name == name) return std::holds_alternative<std::vector<std::string>*>(field.target);
  }
  return false;
}

}  // namespace phonofilm::server

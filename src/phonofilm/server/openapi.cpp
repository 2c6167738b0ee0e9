// /openapi.json, from the table of routes and the field list: what is not there cannot be described, and nothing that
// is there can be forgotten.
#include <nlohmann/json.hpp>

#include "phonofilm/server/field_schema.h"
#include "phonofilm/server/handlers.h"
#include "phonofilm/server/json_answer.h"

namespace phonofilm::server {
namespace {

using Json = nlohmann::json;

Json type(const char* name) { return {{"type", name}}; }
Json nullable(const char* name) { return {{"type", {name, "null"}}}; }
Json reference(const std::string& schema) { return {{"$ref", "#/components/schemas/" + schema}}; }
Json list_of(const Json& items) { return {{"type", "array"}, {"items", items}}; }
Json choice(const std::vector<std::string>& values) { return {{"type", "string"}, {"enum", values}}; }

Json object(const Json& properties) {
  std::vector<std::string> required;
  for (const auto& [name, schema] : properties.items()) required.push_back(name);
  return {{"type", "object"}, {"properties", properties}, {"required", required}};
}

Json job_schema() {
  Json job = object({{"id", type("string")},
                     {"owner", type("string")},
                     {"state", choice({"queued", "running", "succeeded", "failed", "cancelled"})},
                     {"request", reference("FilmRequest")},
                     {"priority", type("integer")},
                     {"created_ms", type("integer")},
                     {"started_ms", nullable("integer")},
                     {"finished_ms", nullable("integer")},
                     {"expires_ms", nullable("integer")},
                     {"progress", object({{"stage", nullable("string")},
                                          {"step", type("integer")},
                                          {"steps", type("integer")},
                                          {"eta_ms", nullable("integer")}})},
                     {"attempts", type("integer")},
                     {"failure", nullable("string")},
                     {"worker", nullable("string")},
                     {"files", list_of(reference("File"))},
                     {"inputs", list_of(reference("File"))},
                     {"preview", nullable("object")}});
  job["properties"]["position"] = nullable("integer");
  return job;
}

Json video_schema() {
  return object({{"id", type("string")},
                 {"object", choice({"video"})},
                 {"model", type("string")},
                 {"status", choice({"queued", "in_progress", "completed", "failed"})},
                 {"progress", type("integer")},
                 {"created_at", type("integer")},
                 {"completed_at", nullable("integer")},
                 {"expires_at", nullable("integer")},
                 {"prompt", nullable("string")},
                 {"size", type("string")},
                 {"seconds", type("string")},
                 {"remixed_from_video_id", nullable("string")},
                 {"error", nullable("object")}});
}

Json error_schema() {
  return object({{"error", object({{"message", type("string")},
                                   {"type", type("string")},
                                   {"param", nullable("string")},
                                   {"code", type("string")}})}});
}

Json schemas(const Fields& fields) {
  return {{"FilmRequest", {{"type", "object"}, {"properties", fields_properties(fields)}, {"required", {"prompt"}}}},
          {"File", object({{"name", type("string")},
                           {"type", type("string")},
                           {"bytes", nullable("integer")},
                           {"url", type("string")}})},
          {"Job", job_schema()},
          {"JobPage",
           object({{"jobs", list_of(reference("Job"))}, {"next", nullable("string")}, {"sequence", type("integer")}})},
          {"Upload", object({{"id", type("string")},
                             {"type", type("string")},
                             {"bytes", type("integer")},
                             {"name", type("string")},
                             {"created_ms", type("integer")}})},
          {"Models", object({{"models", list_of(type("object"))}})},
          {"RequestSchema", object({{"fields", list_of(type("object"))},
                                    {"inputs", list_of(type("object"))},
                                    {"groups", list_of(type("object"))}})},
          {"Video", video_schema()},
          {"VideoList", object({{"object", choice({"list"})},
                                {"data", list_of(reference("Video"))},
                                {"first_id", nullable("string")},
                                {"last_id", nullable("string")},
                                {"has_more", type("boolean")}})},
          {"DeletedVideo",
           object({{"id", type("string")}, {"object", choice({"video.deleted"})}, {"deleted", type("boolean")}})},
          {"Object", type("object")},
          {"Error", error_schema()}};
}

Json parameter_json(const Parameter& parameter) {
  const bool one_of = parameter.type.find('|') != std::string::npos;
  return {{"name", parameter.name},
          {"in", "query"},
          {"description", parameter.help},
          {"schema", one_of ? choice(split(parameter.type, '|')) : type(parameter.type.c_str())}};
}

Json parameters_json(const Route& route) {
  Json list = Json::array();
  for (const std::string& segment : split(route.pattern, '/')) {
    if (!segment.starts_with('{')) continue;
    list.push_back({{"name", segment.substr(1, segment.size() - 2)},
                    {"in", "path"},
                    {"required", true},
                    {"schema", type("string")}});
  }
  for (const Parameter& parameter : route.parameters) list.push_back(parameter_json(parameter));
  return list;
}

Json content_of(const Route& route) {
  const bool film = route.pattern == "/v1/videos" || route.pattern == "/api/v1/jobs";
  const Json schema = film && route.method == "POST" ? reference("FilmRequest") : type("object");
  if (route.body == BodyKind::bytes) {
    Json content = Json::object();
    for (const std::string& type_name : accepted_types())
      content[type_name] = {{"schema", {{"type", "string"}, {"format", "binary"}}}};
    return content;
  }
  const Json body =
      route.pattern == "/api/v1/jobs"
          ? Json{{"type", "object"},
                 {"properties",
                  {{"request", schema}, {"priority", type("integer")}, {"retention_hours", type("integer")}}},
                 {"required", {"request"}}}
          : schema;
  Json content{{"application/json", {{"schema", body}}}};
  if (route.body == BodyKind::json_or_form) content["multipart/form-data"] = {{"schema", type("object")}};
  return content;
}

Json operation(const Route& route) {
  const char* success = route.method == "DELETE" && route.answer.empty() ? "204"
                        : route.answer == "Upload" || (route.method == "POST" && route.pattern == "/api/v1/jobs")
                            ? "201"
                            : "200";
  Json answer{{"description", route.summary}};
  if (!route.answer.empty()) answer["content"] = {{"application/json", {{"schema", reference(route.answer)}}}};
  Json described{
      {"summary", route.summary},
      {"parameters", parameters_json(route)},
      {"responses",
       {{success, answer},
        {"default",
         {{"description", "Error"}, {"content", {{"application/json", {{"schema", reference("Error")}}}}}}}}},
      {"x-scope", scope_name(route.scope)}};
  if (route.body != BodyKind::none) described["requestBody"] = {{"required", true}, {"content", content_of(route)}};
  if (route.scope == Scope::none) described["security"] = Json::array();
  return described;
}

}  // namespace

Response openapi(Call& call) {
  Json paths = Json::object();
  for (const Route& route : routes()) paths[route.pattern][to_lower(route.method)] = operation(route);
  const auto form = call.api.format.blank();
  return json_response({{"openapi", "3.1.0"},
                        {"info", {{"title", "phonofilm"}, {"version", call.api.version}}},
                        {"paths", paths},
                        {"components",
                         {{"schemas", schemas(form->fields())},
                          {"securitySchemes", {{"key", {{"type", "http"}, {"scheme", "bearer"}}}}}}},
                        {"security", Json::array({{{"key", Json::array()}}})}});
}

}  // namespace phonofilm::server

// What the server says about itself.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/server/field_schema.h"
#include "phonofilm/server/handlers.h"
#include "phonofilm/server/json_answer.h"

namespace phonofilm::server {
namespace {

using Json = nlohmann::json;

template <class Value>
Json optional_json(const std::optional<Value>& value) {
  return value ? Json(*value) : Json();
}

bool store_answers(const Api& api) {
  try {
    api.check_store();
    return true;
  } catch (const Error&) {
    return false;
  }
}

bool has_disk(const Api& api) {
  std::error_code unknown;
  const auto space = std::filesystem::space(api.disk, unknown);
  return !unknown && std::int64_t(space.available) >= api.options.min_free_disk;
}

}  // namespace

Response list_models(Call& call) {
  Json models = Json::array();
  for (const ModelCard& model : call.api.format.models) {
    models.push_back({{"id", model.id},
                      {"family", model.family},
                      {"width", optional_json(model.width)},
                      {"height", optional_json(model.height)},
                      {"fps", optional_json(model.fps)},
                      {"seconds", optional_json(model.seconds)},
                      {"takes", model.takes},
                      {"default", models.empty()}});
  }
  return json_response({{"models", models}});
}

Response request_schema(Call& call) {
  Json inputs = Json::array();
  const auto form = call.api.format.blank();
  const Fields fields = form->fields();
  for (const InputField& input : call.api.format.inputs) {
    inputs.push_back({{"name", input.name},
                      {"title", input.title.empty() ? Json() : Json(input.title)},
                      {"accept", accepted_types(input.kind)},
                      {"many", is_list_field(fields, input.name)},
                      {"max", input.artifacts.size()},
                      {"help", input.help}});
  }
  Json groups = Json::array();
  for (const FieldGroup& group : call.api.format.groups) {
    groups.push_back({{"title", group.title}, {"names", group.names}});
  }
  return json_response({{"fields", fields_json(fields)}, {"inputs", inputs}, {"groups", groups}});
}

Response capabilities(Call& call) {
  std::vector<std::string> scopes;
  for (const Scope scope : {Scope::read, Scope::submit, Scope::admin}) {
    if (scope <= call.scope) scopes.emplace_back(scope_name(scope));
  }
  return json_response({{"api", "v1"},
                        {"version", call.api.version},
                        {"keys", call.api.keys != nullptr},
                        {"uploads", !call.api.format.inputs.empty()},
                        {"previews", true},
                        {"videos_api", true},
                        {"scopes", scopes},
                        {"owner", call.caller.owner}});
}

Response show_limits(Call& call) {
  const ApiOptions& options = call.api.options;
  const jobs::Limits& limits = call.api.limits;
  return json_response({{"max_json_bytes", options.max_json},
                        {"max_upload_bytes", options.max_upload},
                        {"max_prompt_characters", options.max_prompt},
                        {"max_queued", limits.max_queued},
                        {"max_queued_per_owner", limits.max_queued_per_owner},
                        {"max_disk_per_owner_bytes",
                         options.max_disk_per_owner > 0 ? Json(options.max_disk_per_owner) : Json()},
                        {"max_page", 100},
                        {"requests_per_second", options.requests_per_second},
                        {"burst", options.burst},
                        {"retention_hours", double(limits.retention) / 3'600'000}});
}

Response livez(Call&) { return json_response({{"status", "ok"}}); }

Response readyz(Call& call) {
  const bool store = store_answers(call.api), disk = has_disk(call.api), stopping = call.api.is_stopping();
  const bool ready = store && disk && !stopping;
  return json_response({{"status", ready ? "ok" : "not ready"},
                        {"store", store ? "ok" : "unreachable"},
                        {"disk", disk ? "ok" : "full"},
                        {"stopping", stopping}},
                       ready ? 200 : 503);
}

Response metrics_text(Call& call) {
  const OwnerBytes owners = call.api.quota ? call.api.quota->bytes() : OwnerBytes{};
  Response response{.body = call.api.metrics.text(call.api.queue.counts(), owners, call.api.clock())};
  response.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

}  // namespace phonofilm::server

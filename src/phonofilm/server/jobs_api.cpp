// /api/v1/jobs
#include <nlohmann/json.hpp>

#include "phonofilm/server/handlers.h"
#include "phonofilm/server/job_answer.h"
#include "phonofilm/server/json_answer.h"
#include "phonofilm/server/problem.h"
#include "phonofilm/server/request_form.h"
#include "phonofilm/server/submission.h"

namespace phonofilm::server {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kHour = 3600 * 1000;
constexpr std::int64_t kMaxHours = 24 * 366;

const Json& object_member(const Json& body, const std::string& name) {
  const auto found = body.find(name);
  if (found == body.end()) throw Problem(400, "missing_value", concat(name, " is missing"), name);
  if (!found->is_object()) throw Problem(400, "invalid_value", concat(name, " must be an object"), name);
  return *found;
}

std::int64_t priority_of(const Call& call, const Json& body, std::int64_t fallback) {
  const std::int64_t priority = integer_member(body, "priority", fallback, -100, 100);
  if (priority > 0 && priority != fallback && call.scope != Scope::admin) {
    throw Problem(403, "insufficient_scope", "a priority above 0 needs the scope admin", "priority");
  }
  return priority;
}

Terms terms_of(const Call& call, const Json& body) {
  Terms terms{.priority = priority_of(call, body, 0)};
  if (body.contains("retention_hours")) {
    terms.retention = kHour * integer_member(body, "retention_hours", 0, 0, kMaxHours);
  }
  return terms;
}

jobs::Job submit_json(Call& call) {
  const Json body = parse_object(call.request.body.view(), {"request", "priority", "retention_hours"});
  return submit_film(call, object_member(body, "request"), {}, terms_of(call, body));
}

// Every part that is no file is a member of what the body would be in JSON.
jobs::Job submit_form(Call& call) {
  const std::vector<Part> parts = form_parts(call);
  Json body = Json::object();
  std::vector<InputFile> files;
  for (const Part& part : parts) {
    if (part.is_file && part.name != "request") {
      files.push_back({part.name, part.type, part.content});
    } else if (body.contains(part.name) ||
               (part.name != "request" && part.name != "priority" && part.name != "retention_hours")) {
      throw Problem(400, "unknown_field", "a part of the form is unknown or stands twice", safe_name(part.name));
    } else {
      body[part.name] = part.name == "request" ? parse_object(part.content) : value_from_text(part.name, part.content);
    }
  }
  return submit_film(call, object_member(body, "request"), files, terms_of(call, body));
}

std::optional<jobs::State> state_filter(const Call& call) {
  const std::string name = call.query("state");
  if (name.empty()) return {};
  for (const auto state : {jobs::State::queued, jobs::State::running, jobs::State::succeeded, jobs::State::failed,
                           jobs::State::cancelled}) {
    if (jobs::state_name(state) == name) return state;
  }
  throw Problem(400, "invalid_value", "state must be queued, running, succeeded, failed or cancelled", "state");
}

jobs::ListOrder order_of(const Call& call) {
  const std::string order = call.query("order", "desc");
  if (order == "asc") return jobs::ListOrder::oldest_first;
  if (order == "desc") return jobs::ListOrder::newest_first;
  if (order != "place") throw Problem(400, "invalid_value", "order must be asc, desc or place", "order");
  if (call.query("state") != "queued") {
    throw Problem(400, "invalid_value", "only waiting jobs have places: order=place goes with state=queued", "order");
  }
  return jobs::ListOrder::by_place;
}

Response job_answer(Call& call, const jobs::Job& job) {
  return job_response(call.api, call.api.queue.get(call.caller, job.id));
}

}  // namespace

Response submit_job(Call& call) {
  const jobs::Job job = has_form(call) ? submit_form(call) : submit_json(call);
  Response response = json_response(job_json(call.api, job), 201);
  response.set("Location", "/api/v1/jobs/" + job.id);
  return response;
}

Response list_jobs(Call& call) {
  const std::int64_t limit = call.query_integer("limit", 20, 1, 100);
  const std::int64_t sequence = call.api.events.sequence();  // before the list, which is then no older
  const jobs::Page page =
      call.api.queue.list(call.caller, state_filter(call), call.query("cursor"), limit, order_of(call));
  Json list = Json::array();
  for (const jobs::Job& job : page.jobs) list.push_back(job_json(call.api, job));
  return json_response(
      {{"jobs", list}, {"next", page.next.empty() ? Json() : Json(page.next)}, {"sequence", sequence}});
}

Response get_job(Call& call) { return job_response(call.api, call.api.queue.get(call.caller, call.path["id"])); }

Response edit_job(Call& call) {
  const Json body = parse_object(call.request.body.view(), {"request", "priority"});
  if (body.empty()) throw Problem(400, "missing_value", "nothing to change: give request or priority");
  const jobs::Job before = call.api.queue.get(call.caller, call.path["id"]).job;
  jobs::Edit edit;
  if (body.contains("request")) edit.request = edited_request(call, object_member(body, "request"), before);
  if (body.contains("priority")) edit.priority = priority_of(call, body, before.priority);
  return job_answer(call, call.api.queue.edit(call.caller, before.id, edit));
}

Response delete_job(Call& call) {
  call.api.queue.remove(call.caller, call.path["id"]);
  return {.status = 204};
}

Response cancel_job(Call& call) { return job_answer(call, call.api.queue.cancel(call.caller, call.path["id"])); }

Response move_job(Call& call) {
  const Json body = parse_object(call.request.body.view(), {"before"});
  if (!body.contains("before")) throw Problem(400, "missing_value", "before is missing", "before");
  return job_answer(call, call.api.queue.move(call.caller, call.path["id"], string_member(body, "before", "")));
}

}  // namespace phonofilm::server

#include "phonofilm/server/api.h"

#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/server/handlers.h"
#include "phonofilm/server/problem.h"
#include "phonofilm/server/video_request.h"

namespace phonofilm::server {
namespace {

std::vector<std::string> segments_of(const std::string& pattern) {
  return pattern == "/" ? std::vector<std::string>{} : split(pattern.substr(1), '/');
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
          std::map<std::string, std::string>& values) {
  if (pattern.size() != path.size()) return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool is_name = pattern[i].starts_with('{');
    if (is_name) values[pattern[i].substr(1, pattern[i].size() - 2)] = path[i];
    if (!is_name && pattern[i] != path[i]) return false;
  }
  return true;
}

const std::vector<Parameter> kPage{{"limit", "integer", "1 to 100; 20 unless given"},
                                   {"order", "asc|desc", "by time of submission; desc unless given"}};

std::vector<Parameter> page_with(const Parameter& parameter) {
  std::vector<Parameter> parameters = kPage;
  parameters.push_back(parameter);
  return parameters;
}

std::vector<Route> native_routes() {
  const Parameter after{"after", "integer", "number of the event to go on behind"};
  const Parameter download{"download", "0|1", "1: as an attachment"};
  std::vector<Parameter> list = page_with({"cursor", "string", "next of the page before"});
  list[1] = {"order", "asc|desc|place", "by time of submission, or waiting jobs by their place; desc unless given"};
  list.push_back({"state", "queued|running|succeeded|failed|cancelled", "only jobs in this state"});
  return {
      {"POST", "/api/v1/jobs", Scope::submit, BodyKind::json_or_form, submit_job, "Submit a job", "Job"},
      {"GET", "/api/v1/jobs", Scope::read, BodyKind::none, list_jobs, "List jobs", "JobPage", list},
      {"GET", "/api/v1/jobs/{id}", Scope::read, BodyKind::none, get_job, "A job", "Job"},
      {"PATCH", "/api/v1/jobs/{id}", Scope::submit, BodyKind::json, edit_job, "Change a waiting job", "Job"},
      {"DELETE", "/api/v1/jobs/{id}", Scope::submit, BodyKind::none, delete_job, "Delete a job and its files", ""},
      {"POST", "/api/v1/jobs/{id}/cancel", Scope::submit, BodyKind::none, cancel_job, "Cancel a job", "Job"},
      {"POST", "/api/v1/jobs/{id}/move", Scope::submit, BodyKind::json, move_job, "Change the place of a waiting job",
       "Job"},
      {"GET", "/api/v1/jobs/{id}/events", Scope::read, BodyKind::none, job_events, "Events of one job", "", {after}},
      {"GET",
       "/api/v1/jobs/{id}/files/{name}",
       Scope::read,
       BodyKind::none,
       get_job_file,
       "A file of a job",
       "",
       {download}},
      {"GET", "/api/v1/events", Scope::read, BodyKind::none, all_events, "Events of all jobs", "", {after}},
      {"POST", "/api/v1/uploads", Scope::submit, BodyKind::bytes, add_upload, "Upload a file", "Upload"},
      {"GET", "/api/v1/uploads/{id}", Scope::read, BodyKind::none, get_upload, "The bytes of an upload", ""},
      {"DELETE", "/api/v1/uploads/{id}", Scope::submit, BodyKind::none, delete_upload, "Delete an upload", ""},
      {"GET", "/api/v1/models", Scope::read, BodyKind::none, list_models, "Models", "Models"},
      {"GET", "/api/v1/schema", Scope::read, BodyKind::none, request_schema, "Fields of a request", "RequestSchema"},
      {"GET", "/api/v1/capabilities", Scope::read, BodyKind::none, capabilities, "What this server can do", "Object"},
      {"GET", "/api/v1/limits", Scope::read, BodyKind::none, show_limits, "Bounds of this server", "Object"},
  };
}

std::vector<Route> other_routes() {
  const Parameter variant{"variant", "video|thumbnail|spritesheet", "which file; video unless given"};
  return {
      {"POST", "/v1/videos", Scope::submit, BodyKind::json_or_form, create_video, "Create a video", "Video",
       /*parameters=*/{}, std::int64_t(kMaxDataUrl)},
      {"GET", "/v1/videos", Scope::read, BodyKind::none, list_videos, "List videos", "VideoList",
       page_with({"after", "string", "id of the last video of the page before"})},
      {"GET", "/v1/videos/{id}", Scope::read, BodyKind::none, get_video, "A video", "Video"},
      {"DELETE", "/v1/videos/{id}", Scope::submit, BodyKind::none, delete_video, "Delete a video", "DeletedVideo"},
      {"GET",
       "/v1/videos/{id}/content",
       Scope::read,
       BodyKind::none,
       video_content,
       "The bytes of a video",
       "",
       {variant}},
      {"GET", "/v1/models", Scope::read, BodyKind::none, list_openai_models, "Models", "Object"},
      {"GET", "/livez", Scope::none, BodyKind::none, livez, "Whether the process answers", "Object"},
      {"GET", "/readyz", Scope::none, BodyKind::none, readyz, "Whether the server can work", "Object"},
      {"GET", "/metrics", Scope::admin, BodyKind::none, metrics_text, "Figures for Prometheus", ""},
      {"GET", "/openapi.json", Scope::none, BodyKind::none, openapi, "This description", "Object"},
  };
}

}  // namespace

const std::vector<Route>& routes() {
  static const std::vector<Route> kRoutes = [] {
    std::vector<Route> all = native_routes();
    for (Route& route : other_routes()) all.push_back(std::move(route));
    return all;
  }();
  return kRoutes;
}

Match match_route(const std::string& method, const std::vector<std::string>& segments) {
  const std::string wanted = method == "HEAD" ? "GET" : method;
  Match match;
  for (const Route& route : routes()) {
    std::map<std::string, std::string> values;
    if (!fits(segments_of(route.pattern), segments, values)) continue;
    match.methods.insert(route.method);
    if (route.method != wanted) continue;
    match.route = &route;
    match.path = std::move(values);
  }
  return match;
}

std::string Call::query(const std::string& name, const std::string& fallback) const {
  const auto found = target.query.find(name);
  return found == target.query.end() ? fallback : found->second;
}

std::int64_t Call::query_integer(const std::string& name, std::int64_t fallback, std::int64_t min,
                                 std::int64_t max) const {
  const auto found = target.query.find(name);
  if (found == target.query.end()) return fallback;
  const auto value = parse_digits(found->second, max);
  if (value && *value >= min) return *value;
  throw Problem(400, "invalid_value", concat(name, " must be a number from ", min, " to ", max), name);
}

Fields ApiOptions::fields() {
  return {
      {"max_json", &max_json, "bytes of a JSON body", 1024.0, 1e9},
      {"max_upload", &max_upload, "bytes of an upload", 1024.0, 1e12},
      {"max_prompt", &max_prompt, "characters of a prompt", 1.0, 1e6},
      {"max_disk_per_owner", &max_disk_per_owner, "bytes of films, inputs and uploads; 0: no limit", 0.0},
      {"min_free_disk", &min_free_disk, "bytes; with less the server is not ready and takes no uploads", 0.0},
      {"requests_per_second", &requests_per_second,
       "of one key, or of one address where there are no keys; 0: any number", 0.0, 1e6},
      {"burst", &burst, "requests that may come at once", 1.0, 1e6},
      {"allow_host", &allowed_hosts, "further names under which browsers may reach this server"},
      {"allow_origin", &allowed_origins, "further origins whose pages may use this server (https://studio.example)"},
      {"log_prompts", &log_prompts, "write prompts to the log"}};
}

}  // namespace phonofilm::server

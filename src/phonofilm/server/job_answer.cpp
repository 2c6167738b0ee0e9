#include "phonofilm/server/job_answer.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "phonofilm/server/json_answer.h"
#include "phonofilm/server/problem.h"

namespace phonofilm::server {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 2> kPreviews{"preview.jpg", "preview_sound.jpg"};

// What browsers may be told about the bytes of an input: pictures by their first bytes, everything else is just bytes.
std::string input_type(const OpenFile& file) {
  const std::string head = file.read(0, 12);
  if (head.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (head.starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (head.size() == 12 && head.starts_with("RIFF") && head.ends_with("WEBP")) return "image/webp";
  return "application/octet-stream";
}

// Nothing where the file is not there, or is just going.
void add_file(const Api& api, const jobs::Job& job, std::string_view name, Json& files) {
  try {
    const JobFile found = job_file(api, job, std::string(name));
    files.push_back({{"name", name},
                     {"type", found.type},
                     {"bytes", OpenFile(found.path).size()},
                     {"url", concat("/api/v1/jobs/", job.id, "/files/", name)}});
  } catch (const Error&) {
  }
}

Json files_json(const Api& api, const jobs::Job& job) {
  Json files = Json::array();
  for (const std::string& name : job.artifacts) add_file(api, job, name, files);
  return files;
}

Json preview_json(const Api& api, const jobs::Job& job) {
  if (job.state != jobs::State::running || job.progress.preview == 0) return {};
  Json files = Json::array();
  for (const std::string_view name : kPreviews) add_file(api, job, name, files);
  return {{"sequence", job.progress.preview}, {"files", files}};
}

Json inputs_json(const Api& api, const jobs::Job& job, const Json& request) {
  Json files = Json::array();
  for (const InputField& input : api.format.inputs) {
    const auto value = request.find(input.name);
    if (value == request.end()) continue;
    const Json names = value->is_array() ? *value : Json::array({*value});
    for (const Json& name : names) {
      if (name.is_string() && name != "") add_file(api, job, name.get<std::string>(), files);
    }
  }
  return files;
}

Json progress_json(const jobs::Progress& progress) {
  return {{"stage", progress.stage.empty() ? Json() : Json(progress.stage)},
          {"step", progress.step},
          {"steps", progress.steps},
          {"eta_ms", progress.eta < 0 ? Json() : Json(progress.eta)}};
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

bool is_input_name(const Api& api, const std::string& name) {
  return std::any_of(api.format.inputs.begin(), api.format.inputs.end(), [&](const InputField& input) {
    return std::find(input.artifacts.begin(), input.artifacts.end(), name) != input.artifacts.end();
  });
}

}  // namespace

JobFile job_file(const Api& api, const jobs::Job& job, const std::string& name) {
  const auto is_in = [&](const auto& names) { return std::find(names.begin(), names.end(), name) != names.end(); };
  std::string run;
  if (is_in(job.artifacts)) run = job.result;
  // A page that was told of a preview may ask for it when the film is just finished.
  if (is_in(kPreviews)) run = job.state == jobs::State::running ? job.lease.token : job.result;
  const bool is_input = run.empty() && is_input_name(api, name);
  if (is_input) run = jobs::kUploads;
  if (run.empty() || !api.artifacts.has(job.id, run, name)) {
    throw Problem(404, jobs::is_finished(job.state) ? "not_found" : "not_ready", "the job has no such file");
  }
  const std::string path = api.artifacts.path(job.id, run, name);
  return {path, is_input ? input_type(OpenFile(path)) : content_type_of(name), run, is_input};
}

Json job_json(const Api& api, const jobs::Job& job, std::int64_t position) {
  const Json request = Json::parse(job.request, nullptr, /*allow_exceptions=*/false);
  Json json{{"id", job.id},
            {"owner", job.owner},
            {"state", jobs::state_name(job.state)},
            {"request", request},
            {"priority", job.priority},
            {"created_ms", job.created},
            {"started_ms", time_or_null(job.started)},
            {"finished_ms", time_or_null(job.finished)},
            {"expires_ms", time_or_null(job.expires)},
            {"progress", progress_json(job.progress)},
            {"attempts", job.attempts},
            {"failure", text_or_null(job.failure)},
            {"worker", text_or_null(job.lease.worker)},
            {"files", files_json(api, job)},
            {"inputs", inputs_json(api, job, request)},
            {"preview", preview_json(api, job)}};
  if (position > 0) json["position"] = position;
  return json;
}

Response job_response(const Api& api, const jobs::JobView& view, int status) {
  Json json = job_json(api, view.job, view.position);
  if (!json.contains("position")) json["position"] = nullptr;
  return json_response(json, status);
}

}  // namespace phonofilm::server

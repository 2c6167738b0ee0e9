#include "phonofilm/server/job_answer.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/files.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/server/digest.h"
#include "phonofilm/server/field_schema.h"
#include "phonofilm/server/json_answer.h"
#include "phonofilm/server/problem.h"

namespace phonofilm::server {
namespace {

using Json = nlohmann::json;

Json file_json(const jobs::Job& job, const std::string& name, const std::string& path) {
  std::error_code missing;
  const auto bytes = std::filesystem::file_size(path, missing);
  return {{"name", name},
          {"type", content_type_of(name)},
          {"bytes", missing ? Json() : Json(bytes)},
          {"url", concat("/api/v1/jobs/", job.id, "/files/", name)}};
}

Json files_json(const Api& api, const jobs::Job& job) {
  Json files = Json::array();
  for (const std::string& name : job.artifacts) {
    files.push_back(file_json(job, name, api.artifacts.path(job.id, job.result, name)));
  }
  return files;
}

Json preview_json(const Api& api, const jobs::Job& job) {
  if (job.state != jobs::State::running || !api.format.preview) return {};
  const Preview preview = api.format.preview(job);
  if (preview.sequence == 0) return {};
  Json files = Json::array();
  for (const std::string& name : preview.names) files.push_back(file_json(job, name, api.format.preview_path(job, name)));
  return {{"sequence", preview.sequence}, {"files", files}};
}

Json progress_json(const jobs::Progress& progress) {
  return {{"stage", progress.stage.empty() ? Json() : Json(progress.stage)},
          {"step", progress.step},
          {"steps", progress.steps},
          {"eta_ms", progress.eta < 0 ? Json() : Json(progress.eta)}};
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

// Code points of UTF-8 text.
std::int64_t characters(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
}

void expect_upload(Call& call, const std::string& field, const std::string& id) {
  try {
    const jobs::Upload upload = call.api.uploads.get(id);
    if (call.caller.admin || upload.owner == call.caller.owner) return call.api.uploads.touch(id);
  } catch (const jobs::Refused&) {  // answered below, like an upload of somebody else
  }
  throw Problem(400, "invalid_value", concat(field, " names no upload of yours: ", in_quotes(id)), field);
}

void check_inputs(Call& call, const Json& request) {
  for (const InputField& input : call.api.format.inputs) {
    const auto found = request.find(input.name);
    if (found == request.end()) continue;
    const Json ids = found->is_array() ? *found : Json::array({*found});
    for (const Json& id : ids) {
      if (!id.get_ref<const std::string&>().empty()) expect_upload(call, input.name, id);
    }
  }
}

void read_field(const Fields& fields, const std::string& name, const Json& value) {
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back(field.name);
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    throw Problem(400, "unknown_field", concat("unknown field ", in_quotes(name), did_you_mean(name, names)),
                  excerpt(name));
  }
  try {
    read_json({{name, value}}, fields, "request");
  } catch (const InvalidRequest& error) {
    throw Problem(400, "invalid_value", error.what(), name);
  }
}

void check_prompt(const Call& call, const Json& request) {
  const auto prompt = request.find("prompt");
  if (prompt == request.end() || prompt->get_ref<const std::string&>().empty()) {
    throw Problem(400, "missing_value", "prompt is missing or empty", "prompt");
  }
  if (characters(*prompt) > call.api.options.max_prompt) {
    throw Problem(400, "invalid_value", concat("prompt is longer than ", call.api.options.max_prompt, " characters"),
                  "prompt");
  }
}

const InputField* input_named(const Api& api, const std::string& name) {
  const auto& inputs = api.format.inputs;
  const auto found = std::find_if(inputs.begin(), inputs.end(), [&](const InputField& i) { return i.name == name; });
  return found == inputs.end() ? nullptr : &*found;
}

bool takes_several(const Api& api, const std::string& name) {
  const auto form = api.format.blank();
  return is_list_field(form->fields(), name);
}

}  // namespace

Json job_json(const Api& api, const jobs::Job& job, std::int64_t position) {
  Json json{{"id", job.id},
            {"owner", job.owner},
            {"state", jobs::state_name(job.state)},
            {"request", Json::parse(job.request, nullptr, /*allow_exceptions=*/false)},
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
            {"preview", preview_json(api, job)}};
  if (position > 0) json["position"] = position;
  return json;
}

Response job_response(const Api& api, const jobs::JobView& view, int status) {
  Json json = job_json(api, view.job, view.position);
  if (!json.contains("position")) json["position"] = nullptr;
  return json_response(json, status);
}

std::string job_file_path(const Api& api, const jobs::Job& job, const std::string& name) {
  if (std::find(job.artifacts.begin(), job.artifacts.end(), name) != job.artifacts.end()) {
    return api.artifacts.path(job.id, job.result, name);
  }
  if (job.state == jobs::State::running && api.format.preview) {
    const Preview preview = api.format.preview(job);
    const bool known = std::find(preview.names.begin(), preview.names.end(), name) != preview.names.end();
    if (known) return api.format.preview_path(job, name);
  }
  throw Problem(404, jobs::is_finished(job.state) ? "not_found" : "not_ready", "the job has no such file");
}

std::string checked_request(Call& call, const Json& request) {
  const auto form = call.api.format.blank();
  const Fields fields = form->fields();
  for (const auto& [name, value] : request.items()) read_field(fields, name, value);
  check_prompt(call, request);
  try {
    form->check();
  } catch (const InvalidRequest& error) {
    throw Problem(400, "invalid_value", error.what());
  }
  check_inputs(call, request);
  if (call.api.options.log_prompts) call.note = request.at("prompt");
  return request.dump();
}

std::string keep_upload(Call& call, const std::string& kind, const std::string& field, const std::string& type,
                        const std::string& name, std::string_view bytes) {
  const std::vector<std::string> accepted = accepted_types(kind);
  if (std::find(accepted.begin(), accepted.end(), type) == accepted.end()) {
    throw Problem(415, "unsupported_media_type", concat("expected one of ", join(accepted, ", "), ", got ", in_quotes(type)),
                  field);
  }
  if (bytes.empty()) throw Problem(400, "invalid_value", "the file is empty", field);
  require_disk_space(call.api.disk + "/upload", double(call.api.options.min_free_disk) + double(bytes.size()));
  jobs::Upload upload{.owner = call.caller.owner, .type = type, .name = name};
  // Sent again under the same key, the same file has the same id, so that the request is the same, too.
  if (const std::string* key = call.header("idempotency-key")) {
    upload.id = sha256_hex(concat(call.caller.owner, "\n", *key, "\n", field, "\n", sha256_hex(bytes))).substr(0, 32);
  }
  return call.api.uploads
      .add(upload, [&](const std::string& path) { write_file_atomically(path, bytes); })
      .id;
}

bool has_form(const Call& call) {
  const std::string* type = call.header("content-type");
  return type && to_lower(*type).starts_with("multipart/form-data");
}

std::vector<Part> form_parts(const Call& call) {
  const auto type = parse_media_type(*call.header("content-type"));
  if (!type || !type->parameters.contains("boundary")) {
    throw Problem(400, "invalid_multipart", "the content type has no boundary");
  }
  return parse_multipart(call.request.body.view(), type->parameters.at("boundary"));
}

void add_files(Call& call, const std::vector<Part>& parts, Json& fields) {
  for (const Part& part : parts) {
    if (!part.is_file) continue;
    const InputField* input = input_named(call.api, part.name);
    if (!input) throw Problem(400, "unknown_field", concat("no field takes a file named ", in_quotes(part.name)), excerpt(part.name));
    const bool list = takes_several(call.api, part.name);
    if (fields.contains(part.name) && !(list && fields[part.name].is_array())) {
      throw Problem(400, "invalid_value", concat(part.name, " is given twice"), part.name);
    }
    const std::string id = keep_upload(call, input->kind, part.name, part.type, part.file_name, part.content);
    if (list) {
      fields[part.name].push_back(id);
    } else {
      fields[part.name] = id;
    }
  }
}

Json value_from_text(const std::string& name, std::string_view text) {
  const Json value = text.size() <= 4096 ? Json::parse(text, nullptr, /*allow_exceptions=*/false) : Json();
  if (value.is_discarded() || value.is_object() || value.is_null()) {
    throw Problem(400, "invalid_value", concat(name, " cannot be read: ", in_quotes(text)), name);
  }
  return value;
}

Json field_from_text(const Api& api, const std::string& name, std::string_view text) {
  const auto form = api.format.blank();
  const Fields fields = form->fields();
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
  const bool plain = found == fields.end() || std::holds_alternative<std::string*>(found->target);
  if (!plain) return value_from_text(name, text);
  if (!is_utf8(text)) throw Problem(400, "invalid_value", concat(name, " is not UTF-8 text"), name);
  return std::string(text);
}

jobs::Job submit(Call& call, const std::string& request, std::int64_t priority, std::optional<std::int64_t> retention) {
  const std::string* key = call.header("idempotency-key");
  if (key && (key->empty() || key->size() > 200)) {
    throw Problem(400, "invalid_value", "Idempotency-Key must have 1 to 200 bytes");
  }
  return call.api.queue.submit({.owner = call.caller.owner,
                                .key = key ? *key : "",
                                .request = request,
                                .priority = priority,
                                .retention = retention});
}

}  // namespace phonofilm::server

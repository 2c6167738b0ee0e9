#include "phonofilm/server/submission.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "phonofilm/base/files.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/jobs/refused.h"
#include "phonofilm/server/field_schema.h"
#include "phonofilm/server/problem.h"

namespace phonofilm::server {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

// Where the bytes of one artifact come from: an upload, a file, or memory.
struct Source {
  std::string artifact, upload{}, path{};
  std::string_view bytes{};
};

// Code points of UTF-8 text.
std::int64_t characters(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
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

std::unique_ptr<FilmForm> filled_form(const Call& call, const Json& request) {
  auto form = call.api.format.blank();
  const Fields fields = form->fields();
  for (const auto& [name, value] : request.items()) read_field(fields, name, value);
  check_prompt(call, request);
  return form;
}

// The text that is stored: a request whose fields that take files name artifacts.
std::string checked_text(Call& call, const Json& request) {
  try {
    filled_form(call, request)->check();
  } catch (const Problem&) {
    throw;
  } catch (const InvalidRequest& error) {
    throw Problem(400, "invalid_value", error.what());
  }
  if (call.api.options.log_prompts) call.note = request.at("prompt");
  return request.dump();
}

Source from_upload(Call& call, const std::string& field, const std::string& id) {
  const jobs::Upload upload = call.api.uploads.get(id);
  if (!call.caller.admin && upload.owner != call.caller.owner) {
    throw Problem(400, "invalid_value", concat(field, " names no upload of yours: ", in_quotes(id)), field);
  }
  return {.artifact = {}, .upload = id};
}

// "<job id>/<artifact>": what the job was given, or what came of it.
Source from_job(Call& call, const std::string& value) {
  const std::size_t slash = value.find('/');
  const jobs::Job job = call.api.queue.get(call.caller, value.substr(0, slash)).job;
  const std::string name = value.substr(slash + 1);
  const bool result = std::find(job.artifacts.begin(), job.artifacts.end(), name) != job.artifacts.end();
  const std::string path = call.api.artifacts.path(job.id, result ? job.result : std::string(jobs::kUploads), name);
  if (!is_file(path)) throw jobs::Refused(jobs::Refusal::not_found, "input", "there is no such input or result");
  return {.artifact = {}, .path = path};
}

Source source_of(Call& call, const InputField& input, const std::string& value) {
  try {
    return value.find('/') == value.npos ? from_upload(call, input.name, value) : from_job(call, value);
  } catch (const jobs::Refused&) {
    throw Problem(400, "invalid_value", concat(input.name, " names no upload or input of yours: ", in_quotes(value)),
                  input.name);
  }
}

// What a field that takes files was given: values, of which an empty one means "none here".
std::vector<std::string> values_of(const Json& request, const std::string& field) {
  const auto found = request.find(field);
  if (found == request.end()) return {};
  if (found->is_array()) return found->get<std::vector<std::string>>();
  return found->get_ref<const std::string&>().empty() ? std::vector<std::string>{}
                                                      : std::vector{found->get<std::string>()};
}

void expect_room_for(const InputField& input, std::size_t count) {
  if (count <= input.artifacts.size()) return;
  throw Problem(400, "invalid_value", concat(input.name, " takes at most ", input.artifacts.size(), " files"),
                input.name);
}

// Replaces the values of one field by the names of the artifacts that they become.
void take_input(Call& call, const InputField& input, const std::vector<InputFile>& files, Json& request,
                std::vector<Source>& sources) {
  const std::vector<std::string> values = values_of(request, input.name);
  std::vector<Source> taken;
  for (const std::string& value : values) {
    taken.push_back(value.empty() ? Source{} : source_of(call, input, value));
  }
  for (const InputFile& file : files) {
    if (file.field != input.name) continue;
    if (!values.empty())
      throw Problem(400, "invalid_value", input.name + " is given as a value and as a file", input.name);
    check_file(call.api, input.kind, file);
    taken.push_back({.artifact = {}, .bytes = file.bytes});
  }
  if (taken.empty()) return;
  expect_room_for(input, taken.size());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const bool none = taken[i].upload.empty() && taken[i].path.empty() && taken[i].bytes.empty();
    names.push_back(none ? "" : input.artifacts[i]);
    taken[i].artifact = names.back();
    if (!none) sources.push_back(taken[i]);
  }
  const auto form = call.api.format.blank();
  request[input.name] = is_list_field(form->fields(), input.name) ? Json(names) : Json(names.front());
}

void expect_known(const Api& api, const std::vector<InputFile>& files) {
  for (const InputFile& file : files) {
    const bool known = std::any_of(api.format.inputs.begin(), api.format.inputs.end(),
                                   [&](const InputField& input) { return input.name == file.field; });
    if (!known) {
      throw Problem(400, "unknown_field", concat("no field takes a file named ", in_quotes(file.field)),
                    excerpt(file.field));
    }
  }
}

// One copy on the disk where the file system can give a file two names.
void copy_file(const std::string& from, const std::string& to) {
  std::error_code failed;
  fs::create_hard_link(from, to, failed);
  if (failed) fs::copy_file(from, to, failed);
  PF_CHECK(!failed, ResourceError, "submit", to, ": ", failed.message());
}

void publish(Call& call, const std::string& job, const Source& source) {
  call.api.artifacts.publish(job, std::string(jobs::kUploads), source.artifact, [&](const std::string& path) {
    if (!source.upload.empty()) {
      call.api.uploads.use(source.upload, [&](const std::string& from) { copy_file(from, path); });
    } else if (!source.path.empty()) {
      copy_file(source.path, path);
    } else {
      write_file_atomically(path, source.bytes);
    }
  });
}

bool same_bytes(const std::string& a, const std::string& b) {
  if (fs::equivalent(a, b)) return true;
  if (fs::file_size(a) != fs::file_size(b)) return false;
  std::ifstream first(a, std::ios::binary), second(b, std::ios::binary);
  using Bytes = std::istreambuf_iterator<char>;
  return std::equal(Bytes(first), Bytes(), Bytes(second), Bytes());
}

// The request's text only names the files: the same key with other bytes is another request.
void expect_same_files(Call& call, const std::string& key, const jobs::Job& job, const std::string& sent,
                       const std::vector<Source>& sources) {
  const std::string run(jobs::kUploads);
  for (const Source& source : sources) {
    const std::string before = call.api.artifacts.path(job.id, run, source.artifact);
    const std::string now = call.api.artifacts.path(sent, run, source.artifact);
    if (is_file(before) && same_bytes(before, now)) continue;
    throw jobs::Refused(jobs::Refusal::conflict, "submit",
                        concat("the idempotency key ", in_quotes(key), " was used with other files (job ", job.id,
                               "); use a new key, or send the same files"));
  }
}

// What cannot be removed now is swept later; the client is to hear the first fault.
void withdraw(Call& call, const std::string& job) {
  try {
    call.api.artifacts.remove(job);
  } catch (const ResourceError&) {
  }
}

// Those that came with the request; uploads and files of jobs have their room already.
std::int64_t new_bytes(const std::vector<Source>& sources) {
  std::int64_t bytes = 0;
  for (const Source& source : sources) bytes += std::int64_t(source.bytes.size());
  return bytes;
}

// Files first: a job that is in the queue has all that it needs. They go again unless they became the files of this
// job, or may have: a store that failed may still have taken it, and what it did not take is swept.
jobs::Job submit_with_files(Call& call, const jobs::Submission& submission, const std::vector<Source>& sources) {
  try {
    for (const Source& source : sources) publish(call, submission.id, source);
    const jobs::Job job = call.api.queue.submit(submission);
    if (job.id == submission.id) {
      if (call.api.quota) call.api.quota->add(job.owner, new_bytes(sources));
      return job;
    }
    expect_same_files(call, submission.key, job, submission.id, sources);
    withdraw(call, submission.id);
    return job;
  } catch (const jobs::StoreError&) {
    throw;
  } catch (...) {
    withdraw(call, submission.id);
    throw;
  }
}

std::string idempotency_key(const Call& call) {
  const std::string* key = call.header("idempotency-key");
  if (key && (key->empty() || key->size() > 200)) {
    throw Problem(400, "invalid_value", "Idempotency-Key must have 1 to 200 bytes");
  }
  return key ? *key : "";
}

// A job that is there already, under its key, is given again whatever its owner has on the disk.
void hold_to_quota(const Call& call, std::int64_t bytes, jobs::Submission& submission) {
  OwnerQuota& quota = *call.api.quota;
  quota.look(submission.owner, bytes);
  submission.admit = [&quota, owner = submission.owner, bytes] { quota.expect_room(owner, bytes); };
}

}  // namespace

void check_file(const Api& api, const std::string& kind, const InputFile& file) {
  const std::vector<std::string> accepted = accepted_types(kind);
  if (std::find(accepted.begin(), accepted.end(), file.type) == accepted.end()) {
    throw Problem(415, "unsupported_media_type",
                  concat("expected one of ", join(accepted, ", "), ", got ", in_quotes(file.type)), file.field);
  }
  if (file.bytes.empty()) throw Problem(400, "invalid_value", "the file is empty", file.field);
  require_disk_space(api.disk + "/upload", double(api.options.min_free_disk) + double(file.bytes.size()));
}

jobs::Job submit_film(Call& call, Json fields, const std::vector<InputFile>& files, const Terms& terms) {
  filled_form(call, fields);  // the types of all values, before they are used
  expect_known(call.api, files);
  std::vector<Source> sources;
  for (const InputField& input : call.api.format.inputs) take_input(call, input, files, fields, sources);
  jobs::Submission submission{.owner = call.caller.owner,
                              .key = idempotency_key(call),
                              .request = checked_text(call, fields),
                              .priority = terms.priority,
                              .retention = terms.retention};
  if (call.api.quota) hold_to_quota(call, new_bytes(sources), submission);
  if (sources.empty()) return call.api.queue.submit(submission);
  submission.id = jobs::random_id();
  return submit_with_files(call, submission, sources);
}

std::string edited_request(Call& call, const Json& fields, const jobs::Job& before) {
  const std::string text = checked_text(call, fields);
  const Json old = Json::parse(before.request, nullptr, /*allow_exceptions=*/false);
  for (const InputField& input : call.api.format.inputs) {
    const std::vector<std::string> had = values_of(old, input.name);
    for (const std::string& value : values_of(fields, input.name)) {
      if (value.empty() || std::find(had.begin(), had.end(), value) != had.end()) continue;
      throw Problem(400, "invalid_value",
                    concat("the files of a job cannot be changed: ", input.name,
                           " may keep what it has, or be left out; submit a new job instead"),
                    input.name);
    }
  }
  return text;
}

}  // namespace phonofilm::server

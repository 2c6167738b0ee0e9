// Files of jobs and uploads.
#include <nlohmann/json.hpp>

#include "phonofilm/base/files.h"
#include "phonofilm/server/file_answer.h"
#include "phonofilm/server/handlers.h"
#include "phonofilm/server/job_answer.h"
#include "phonofilm/server/json_answer.h"
#include "phonofilm/server/problem.h"
#include "phonofilm/server/submission.h"

namespace phonofilm::server {
namespace {

jobs::Upload own_upload(Call& call) {
  jobs::Upload upload = call.api.uploads.get(call.path["id"]);
  if (call.caller.admin || upload.owner == call.caller.owner) return upload;
  throw Problem(404, "not_found", "there is no such upload; it may have been removed");
}

std::string upload_name(const Call& call) {
  const std::string* field = call.header("x-upload-name");
  if (!field) return "";
  const std::optional<std::string> name = percent_decode(*field);
  if (!name) throw Problem(400, "invalid_value", "X-Upload-Name is not percent-encoded text");
  return *name;
}

// Nobody has looked at these bytes: a browser shows them, if at all, as an attachment in a sandbox.
void distrust(Response& response) { response.set("Content-Security-Policy", "default-src 'none'; sandbox"); }

}  // namespace

Response get_job_file(Call& call) {
  const jobs::Job job = call.api.queue.get(call.caller, call.path["id"]).job;
  const std::string name = call.path["name"];
  const JobFile file = job_file(call.api, job, name);
  const bool download = file.is_input || call.query("download") == "1";
  Response response =
      file_response(call.request.head, {.path = file.path,
                                        .type = file.type,
                                        .tag = file.run,
                                        .attachment = download ? concat(job.id.substr(0, 8), "-", name) : ""});
  if (file.is_input) distrust(response);
  return response;
}

Response add_upload(Call& call) {
  const auto type = parse_media_type(*call.header("content-type"));
  const InputFile file{"", type ? type->type : "", call.request.body.view()};
  check_file(call.api, "", file);
  const std::int64_t bytes = std::int64_t(file.bytes.size());
  if (call.api.quota) {
    call.api.quota->look(call.caller.owner, bytes);
    call.api.quota->expect_room(call.caller.owner, bytes);
  }
  const jobs::Upload upload =
      call.api.uploads.add({.owner = call.caller.owner, .type = file.type, .name = upload_name(call)},
                           [&](const std::string& path) { write_file_atomically(path, file.bytes); });
  if (call.api.quota) call.api.quota->add(upload.owner, upload.bytes);
  Response response = json_response({{"id", upload.id},
                                     {"type", upload.type},
                                     {"bytes", upload.bytes},
                                     {"name", upload.name},
                                     {"created_ms", upload.created}},
                                    201);
  response.set("Location", "/api/v1/uploads/" + upload.id);
  return response;
}

Response get_upload(Call& call) {
  const jobs::Upload upload = own_upload(call);
  Response response = file_response(call.request.head, {.path = call.api.uploads.path(upload.id),
                                                        .type = upload.type,
                                                        .tag = upload.id,
                                                        .attachment = upload.name.empty() ? upload.id : upload.name});
  distrust(response);
  return response;
}

Response delete_upload(Call& call) {
  call.api.uploads.remove(own_upload(call).id);
  return {.status = 204};
}

}  // namespace phonofilm::server

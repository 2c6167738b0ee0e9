// Files of jobs and uploads.
#include <nlohmann/json.hpp>

#include "phonofilm/server/file_answer.h"
#include "phonofilm/server/handlers.h"
#include "phonofilm/server/job_answer.h"
#include "phonofilm/server/json_answer.h"
#include "phonofilm/server/problem.h"

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

}  // namespace

Response job_file(Call& call) {
  const jobs::Job job = call.api.queue.get(call.caller, call.path["id"]).job;
  const std::string name = call.path["name"];
  const bool download = call.query("download") == "1";
  return file_response(call.request.head, {.path = job_file_path(call.api, job, name),
                                           .type = content_type_of(name),
                                           .tag = job.result,
                                           .attachment = download ? concat(job.id.substr(0, 8), "-", name) : ""});
}

Response add_upload(Call& call) {
  const auto type = parse_media_type(*call.header("content-type"));
  const std::string id =
      keep_upload(call, "", "", type ? type->type : "", upload_name(call), call.request.body.view());
  const jobs::Upload upload = call.api.uploads.get(id);
  Response response = json_response({{"id", upload.id},
                                     {"type", upload.type},
                                     {"bytes", upload.bytes},
                                     {"name", upload.name},
                                     {"created_ms", upload.created}},
                                    201);
  response.set("Location", "/api/v1/uploads/" + upload.id);
  return response;
}

// Always as an attachment, and in a sandbox where a browser shows it all the same: nobody has looked at these bytes.
Response get_upload(Call& call) {
  const jobs::Upload upload = own_upload(call);
  Response response = file_response(call.request.head, {.path = call.api.uploads.path(upload.id),
                                                        .type = upload.type,
                                                        .tag = upload.id,
                                                        .attachment = upload.name.empty() ? upload.id : upload.name});
  response.set("Content-Security-Policy", "default-src 'none'; sandbox");
  return response;
}

Response delete_upload(Call& call) {
  call.api.uploads.remove(own_upload(call).id);
  return {.status = 204};
}

}  // namespace phonofilm::server

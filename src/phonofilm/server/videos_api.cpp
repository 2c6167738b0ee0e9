// /v1/videos: the shape that other servers and their clients share.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "phonofilm/server/file_answer.h"
#include "phonofilm/server/handlers.h"
#include "phonofilm/server/json_answer.h"
#include "phonofilm/server/problem.h"
#include "phonofilm/server/video_request.h"

namespace phonofilm::server {
namespace {

using Json = nlohmann::json;
using jobs::State;

constexpr std::string_view kPrefix = "video_";

std::string video_id(const jobs::Job& job) { return concat(kPrefix, job.id); }

// Without the prefix it is no id of a video; the queue then finds no such job.
std::string job_id(const std::string& video) { return video.starts_with(kPrefix) ? video.substr(kPrefix.size()) : ""; }

const char* status_of(State state) {
  switch (state) {
    case State::queued:
      return "queued";
    case State::running:
      return "in_progress";
    case State::succeeded:
      return "completed";
    default:
      return "failed";
  }
}

// 100 only when the film is there; nothing while it waits, even if an earlier worker had begun.
std::int64_t percent_of(const jobs::Job& job) {
  if (job.state == State::succeeded) return 100;
  if (job.state == State::queued || job.progress.steps <= 0) return 0;
  return std::clamp<std::int64_t>(job.progress.step * 100 / job.progress.steps, 0, 99);
}

Json error_of(const jobs::Job& job) {
  if (job.state == State::cancelled) return {{"code", "cancelled"}, {"message", "the video was cancelled"}};
  if (job.state == State::failed) return {{"code", "generation_failed"}, {"message", job.failure}};
  return {};
}

Json seconds_or_null(jobs::Time time) { return time == 0 ? Json() : Json(time / 1000); }

const ModelCard& model_of(const FilmFormat& format, const Json& request) {
  const std::vector<ModelCard>& models = format.models;
  const std::string name = request.value("model", "");
  const auto found = std::find_if(models.begin(), models.end(), [&](const ModelCard& card) { return card.id == name; });
  return found == models.end() ? models.front() : *found;
}

bool has_image(const FilmFormat& format, const Json& request) {
  return std::any_of(format.inputs.begin(), format.inputs.end(), [&](const InputField& input) {
    const auto given = request.find(input.name);
    return input.kind == "image" && given != request.end() && !given->empty() && *given != "";
  });
}

// What was asked for, else what the model makes by itself; "auto" where that follows from something else.
std::string size_of(const FilmFormat& format, const Json& request, const ModelCard& model) {
  const std::int64_t width = request.value("width", std::int64_t(0)), height = request.value("height", std::int64_t(0));
  if (width > 0 && height > 0) return concat(width, "x", height);
  const bool known = model.width && model.height && !(model.follows_image && has_image(format, request));
  return known ? concat(*model.width, "x", *model.height) : "auto";
}

std::string length_of(const Json& request, const ModelCard& model) {
  const double seconds = request.value("seconds", 0.0);
  if (seconds > 0) return concat(seconds);
  const bool known = model.seconds && request.value("latent_frames", std::int64_t(0)) == 0;
  return known ? concat(*model.seconds) : "auto";
}

Json video_json(const Api& api, const jobs::Job& job) {
  const Json request = Json::parse(job.request, nullptr, /*allow_exceptions=*/false);
  const ModelCard& model = model_of(api.format, request);
  return {{"id", video_id(job)},
          {"object", "video"},
          {"model", request.value("model", model.id)},
          {"status", status_of(job.state)},
          {"progress", percent_of(job)},
          {"created_at", job.created / 1000},
          {"completed_at", job.state == State::succeeded ? seconds_or_null(job.finished) : Json()},
          {"expires_at", seconds_or_null(job.expires)},
          {"prompt", request.value("prompt", "")},
          {"size", size_of(api.format, request, model)},
          {"seconds", length_of(request, model)},
          {"remixed_from_video_id", nullptr},
          {"error", error_of(job)}};
}

jobs::Job own_job(Call& call) { return call.api.queue.get(call.caller, job_id(call.path["id"])).job; }

// The number of the job that the page goes on behind.
std::string cursor_of(const Call& call) {
  const std::string after = call.query("after");
  if (after.empty()) return "";
  try {
    return std::to_string(call.api.queue.get(call.caller, job_id(after)).job.number);
  } catch (const jobs::Refused&) {
    throw Problem(400, "invalid_value", "after names no video of yours", "after");
  }
}

std::string artifact_of(const jobs::Job& job, const std::string& variant) {
  const auto is_wanted = [&](const std::string& name) {
    if (variant == "thumbnail") return name.starts_with("poster") || name.starts_with("thumbnail");
    if (variant == "spritesheet") return name.starts_with("sprite");
    return name.starts_with("film.") || name.starts_with("sound.");
  };
  const auto found = std::find_if(job.artifacts.begin(), job.artifacts.end(), is_wanted);
  if (found == job.artifacts.end()) throw Problem(404, "not_found", concat("this video has no ", variant), "variant");
  return *found;
}

}  // namespace

Response create_video(Call& call) { return json_response(video_json(call.api, submit_video(call))); }

Response list_videos(Call& call) {
  const std::int64_t limit = call.query_integer("limit", 20, 1, 100);
  const std::string order = call.query("order", "desc");
  if (order != "asc" && order != "desc") throw Problem(400, "invalid_value", "order must be asc or desc", "order");
  const auto by = order == "asc" ? jobs::ListOrder::oldest_first : jobs::ListOrder::newest_first;
  const jobs::Page page = call.api.queue.list(call.caller, {}, cursor_of(call), limit, by);
  Json data = Json::array();
  for (const jobs::Job& job : page.jobs) data.push_back(video_json(call.api, job));
  const Json first = data.empty() ? Json() : data.front()["id"], last = data.empty() ? Json() : data.back()["id"];
  return json_response(
      {{"object", "list"}, {"data", data}, {"first_id", first}, {"last_id", last}, {"has_more", !page.next.empty()}});
}

Response get_video(Call& call) { return json_response(video_json(call.api, own_job(call))); }

Response delete_video(Call& call) {
  const std::string id = call.path["id"];
  call.api.queue.remove(call.caller, job_id(id));
  return json_response({{"id", id}, {"object", "video.deleted"}, {"deleted", true}});
}

Response video_content(Call& call) {
  const std::string variant = call.query("variant", "video");
  if (variant != "video" && variant != "thumbnail" && variant != "spritesheet") {
    throw Problem(400, "invalid_value", "variant must be video, thumbnail or spritesheet", "variant");
  }
  const jobs::Job job = own_job(call);
  if (job.state != State::succeeded) {
    throw Problem(404, "not_ready", concat("the video is not completed; its status is ", status_of(job.state)));
  }
  const std::string name = artifact_of(job, variant);
  return file_response(
      call.request.head,
      {.path = call.api.artifacts.path(job.id, job.result, name), .type = content_type_of(name), .tag = job.result});
}

Response list_openai_models(Call& call) {
  Json data = Json::array();
  for (const ModelCard& model : call.api.format.models) {
    data.push_back({{"id", model.id}, {"object", "model"}, {"created", 0}, {"owned_by", "phonofilm"}});
  }
  return json_response({{"object", "list"}, {"data", data}});
}

}  // namespace phonofilm::server

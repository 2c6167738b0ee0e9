// Server-sent events of /api/v1.
#include <limits>
#include <nlohmann/json.hpp>

#include "phonofilm/base/json_text.h"
#include "phonofilm/server/handlers.h"
#include "phonofilm/server/job_answer.h"
#include "phonofilm/server/problem.h"

namespace phonofilm::server {
namespace {

constexpr const char* kRetry = "retry: 2000\n\n";  // milliseconds after which a browser comes back

// The event behind which the client goes on; none where it begins anew.
std::optional<std::int64_t> resume_at(const Call& call) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (const std::string* last = call.header("last-event-id")) {
    const auto sequence = parse_digits(*last, kMax);
    if (!sequence) throw Problem(400, "invalid_value", "Last-Event-ID must be a number that an event had");
    return sequence;
  }
  if (!call.target.query.contains("after")) return {};
  return call.query_integer("after", 0, 0, kMax);
}

// Where the stream begins, and its first words: a reset where events were missed.
EventStream::Start start_of(const Call& call, const std::string& job) {
  EventStream::Start start{call.caller, job, call.api.events.index(), kRetry};
  if (call.api.keys) start.allowed = [keys = call.api.keys, key = call.key] { return keys->holds(key); };
  const std::optional<std::int64_t> resumed = resume_at(call);
  if (!resumed) return start;
  if (const auto index = call.api.events.index_behind(*resumed)) {
    start.index = *index;
  } else {
    const std::int64_t sequence = call.api.events.sequence();
    start.first += event_text("reset", concat("{\"sequence\":", sequence, "}"), sequence);
  }
  return start;
}

Response stream_response(Call& call, EventStream::Start start) {
  Response response;
  response.set("Content-Type", "text/event-stream; charset=utf-8");
  response.set("X-Accel-Buffering", "no");  // for proxies that would hold events back
  if (call.request.head.method == "HEAD") return response;
  response.stream =
      std::make_shared<EventStream>(call.api.events, call.api.metrics, std::move(start), call.api.seconds);
  return response;
}

}  // namespace

Response all_events(Call& call) { return stream_response(call, start_of(call, "")); }

Response job_events(Call& call) {
  // Before the job is read, which is then no older. The snapshot has a number, too, so that browsers come back with it.
  const std::int64_t number = resume_at(call).value_or(call.api.events.sequence());
  EventStream::Start start = start_of(call, call.path["id"]);
  const jobs::JobView view = call.api.queue.get(call.caller, start.job);
  const bool finished = jobs::is_finished(view.job.state);
  const bool news = !call.api.events.behind(start.index, call.caller, start.job, 1).messages.empty();
  // Only of a listener whose place is known is it sure that it heard the end.
  const bool knows = resume_at(call) && call.api.events.index_behind(number);
  if (finished && !news && knows) return {.status = 204};
  nlohmann::json job = job_json(call.api, view.job);
  job["position"] = view.position > 0 ? nlohmann::json(view.position) : nlohmann::json();
  start.first += event_text("snapshot", json_text(job), number);
  Response response = stream_response(call, start);
  // A job that was finished before anybody listened has no last event to wait for.
  if (finished && !news && response.stream) {
    response.body = response.stream->next();
    response.stream = nullptr;
  }
  return response;
}

}  // namespace phonofilm::server

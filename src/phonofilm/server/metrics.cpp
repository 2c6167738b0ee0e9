#include "phonofilm/server/metrics.h"

#include "phonofilm/base/text.h"

namespace phonofilm::server {
namespace {

std::string head(const char* name, const char* type, const char* help) {
  return concat("# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n");
}

std::string plain(const char* name, const char* type, const char* help, double value) {
  return concat(head(name, type, help), name, " ", value, "\n");
}

}  // namespace

void Metrics::count_request(const std::string& method, const std::string& route, int status, double seconds) {
  const std::lock_guard lock(mutex_);
  ++requests_[{method, route, status}];
  Durations& durations = durations_[route];
  for (std::size_t i = 0; i < kDurationBounds.size(); ++i) durations.buckets[i] += seconds <= kDurationBounds[i];
  ++durations.count;
  durations.sum += seconds;
}

void Metrics::count_finished(jobs::State state) {
  const std::lock_guard lock(mutex_);
  ++finished_[state];
}

void Metrics::add_bytes(std::int64_t received, std::int64_t sent) {
  received_ += received;
  sent_ += sent;
}

std::string Metrics::requests_text() const {
  std::string text = head("phonofilm_http_requests_total", "counter", "Requests answered.");
  for (const auto& [label, count] : requests_) {
    const auto& [method, route, status] = label;
    text += concat("phonofilm_http_requests_total{method=\"", method, "\",route=\"", route, "\",status=\"", status,
                   "\"} ", count, "\n");
  }
  return text;
}

std::string Metrics::durations_text() const {
  constexpr const char* kName = "phonofilm_http_request_seconds";
  std::string text = head(kName, "histogram", "Time from the whole request to the answer's first byte.");
  for (const auto& [route, durations] : durations_) {
    for (std::size_t i = 0; i < kDurationBounds.size(); ++i) {
      text +=
          concat(kName, "_bucket{route=\"", route, "\",le=\"", kDurationBounds[i], "\"} ", durations.buckets[i], "\n");
    }
    text += concat(kName, "_bucket{route=\"", route, "\",le=\"+Inf\"} ", durations.count, "\n");
    text += concat(kName, "_sum{route=\"", route, "\"} ", durations.sum, "\n");
    text += concat(kName, "_count{route=\"", route, "\"} ", durations.count, "\n");
  }
  return text;
}

std::string Metrics::text(const jobs::QueueCounts& counts, const std::map<std::string, std::int64_t>& owners,
                          jobs::Time now) const {
  const std::lock_guard lock(mutex_);
  std::string text = requests_text() + durations_text();
  text += head("phonofilm_jobs", "gauge", "Jobs in the store by state.");
  for (const auto& [state, count] : counts.jobs) {
    text += concat("phonofilm_jobs{state=\"", jobs::state_name(state), "\"} ", count, "\n");
  }
  text += head("phonofilm_jobs_finished_total", "counter", "Jobs that ended since the server started.");
  for (const jobs::State state : {jobs::State::succeeded, jobs::State::failed, jobs::State::cancelled}) {
    const auto found = finished_.find(state);
    text += concat("phonofilm_jobs_finished_total{state=\"", jobs::state_name(state), "\"} ",
                   found == finished_.end() ? 0 : found->second, "\n");
  }
  if (!owners.empty()) text += head("phonofilm_owner_bytes", "gauge", "Bytes of films and uploads, at the last look.");
  for (const auto& [owner, bytes] : owners) {
    text += concat("phonofilm_owner_bytes{owner=\"", owner, "\"} ", bytes, "\n");
  }
  const double waited = counts.oldest_queued == 0 ? 0 : double(now - counts.oldest_queued) / 1000;
  text += plain("phonofilm_oldest_queued_seconds", "gauge", "Age of the oldest waiting job.", waited);
  text += plain("phonofilm_event_streams", "gauge", "Event streams that are open.", double(streams_));
  text += plain("phonofilm_http_received_bytes_total", "counter", "Bytes of bodies received.", double(received_));
  text += plain("phonofilm_http_sent_bytes_total", "counter", "Bytes of answers sent.", double(sent_));
  return text;
}

}  // namespace phonofilm::server

// Figures of a running server as Prometheus' text format.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "phonofilm/jobs/job.h"
#include "phonofilm/jobs/store.h"

namespace phonofilm::server {

// Upper ends of the histogram of durations, in seconds.
inline constexpr std::array kDurationBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0};

class Metrics {
 public:
  // route: a pattern of the route table, never what a client sent.
  void count_request(const std::string& method, const std::string& route, int status, double seconds);
  void count_finished(jobs::State state);
  void add_bytes(std::int64_t received, std::int64_t sent);
  void streams(int change) { streams_ += change; }
  std::int64_t open_streams() const { return streams_; }
  // owners: bytes on the disk of each, where they are counted.
  std::string text(const jobs::QueueCounts& counts, const std::map<std::string, std::int64_t>& owners,
                   jobs::Time now) const;

 private:
  struct Durations {
    std::array<std::int64_t, kDurationBounds.size()> buckets{};  // each counts what falls below its bound
    std::int64_t count = 0;
    double sum = 0;
  };
  using Label = std::tuple<std::string, std::string, int>;  // method, route, status
  std::string requests_text() const;
  std::string durations_text() const;

  mutable std::mutex mutex_;
  std::map<Label, std::int64_t> requests_;
  std::map<std::string, Durations> durations_;  // by route
  std::map<jobs::State, std::int64_t> finished_;
  std::atomic<std::int64_t> streams_ = 0, received_ = 0, sent_ = 0;
};

}  // namespace phonofilm::server

// A token bucket for each key or address: so many requests a second on average, with bursts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace phonofilm::server {

class RateLimit {
 public:
  // now: seconds of a clock that never goes back. per_second 0: no limit.
  RateLimit(double per_second, double burst, std::function<double()> now)
      : per_second_(per_second), burst_(burst), now_(std::move(now)) {}
  // Takes one token of `who`. 0 when there was one, else the whole seconds until the next, at least 1.
  std::int64_t seconds_to_wait(const std::string& who);
  std::size_t size() const;

 private:
  struct Bucket {
    double tokens = 0, at = 0;
  };
  void forget_full(double now);
  double per_second_, burst_;
  std::function<double()> now_;
  mutable std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace phonofilm::server

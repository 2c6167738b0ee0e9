#include "phonofilm/server/rate_limit.h"

#include <algorithm>
#include <cmath>

namespace phonofilm::server {
namespace {

constexpr std::size_t kMaxBuckets = 10'000;  // beyond, those that are full again are forgotten

}  // namespace

std::int64_t RateLimit::seconds_to_wait(const std::string& who) {
  if (per_second_ <= 0) return 0;
  const std::lock_guard lock(mutex_);
  const double now = now_();
  if (buckets_.size() >= kMaxBuckets) forget_full(now);
  Bucket& bucket = buckets_.try_emplace(who, Bucket{burst_, now}).first->second;
  bucket.tokens = std::min(burst_, bucket.tokens + (now - bucket.at) * per_second_);
  bucket.at = now;
  if (bucket.tokens < 1) return std::max(std::int64_t(1), std::int64_t(std::ceil((1 - bucket.tokens) / per_second_)));
  bucket.tokens -= 1;
  return 0;
}

void RateLimit::forget_full(double now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    return entry.second.tokens + (now - entry.second.at) * per_second_ >= burst_;
  });
}

std::size_t RateLimit::size() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

}  // namespace phonofilm::server

// How much of the disk the films, inputs and uploads of each owner take, and whether there is room for more.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "phonofilm/jobs/queue.h"
#include "phonofilm/jobs/uploads.h"

namespace phonofilm::server {

using OwnerBytes = std::map<std::string, std::int64_t>;

// Of all owners, by a look at every file.
OwnerBytes bytes_on_disk(jobs::Queue& queue, const jobs::UploadFolder& uploads);

// Safe to use from several threads. Films that are made count from the next look at the disk.
class OwnerQuota {
 public:
  // most: bytes of one owner. measure: of all owners. seconds: a clock that never goes back.
  OwnerQuota(std::int64_t most, std::function<OwnerBytes()> measure, std::function<double()> seconds)
      : most_(most), measure_(std::move(measure)), seconds_(std::move(seconds)) {}

  // Measures again where the last time is a minute ago, or some seconds if the owner seems to have no room for `more`
  // bytes. Throws what `measure` throws.
  void look(const std::string& owner, std::int64_t more);
  // By the last look. Throws Problem: 413 for what can never fit, 429 for what does not fit now.
  void expect_room(const std::string& owner, std::int64_t more) const;
  void add(const std::string& owner, std::int64_t bytes);  // what has come since
  OwnerBytes bytes() const;

 private:
  bool is_due(const std::string& owner, std::int64_t more) const;
  std::int64_t used(const std::string& owner) const;  // under the lock, as the next
  bool fits(const std::string& owner, std::int64_t more) const;

  std::int64_t most_;
  std::function<OwnerBytes()> measure_;
  std::function<double()> seconds_;
  std::mutex looking_;  // one at a time
  mutable std::mutex mutex_;  // guards the rest
  OwnerBytes found_, added_;
  double looked_ = -1e9;
};

}  // namespace phonofilm::server

#include "phonofilm/server/owner_quota.h"

#include <algorithm>

#include "phonofilm/server/problem.h"

namespace phonofilm::server {
namespace {

constexpr double kOld = 60, kSoon = 5;  // seconds between two looks: usually, and for an owner who has no room

std::int64_t value_or_zero(const OwnerBytes& bytes, const std::string& owner) {
  const auto found = bytes.find(owner);
  return found == bytes.end() ? 0 : found->second;
}

}  // namespace

OwnerBytes bytes_on_disk(jobs::Queue& queue, const jobs::UploadFolder& uploads) {
  OwnerBytes bytes = queue.bytes_by_owner();
  for (const auto& [owner, more] : uploads.bytes_by_owner()) bytes[owner] += more;
  return bytes;
}

std::int64_t OwnerQuota::used(const std::string& owner) const {
  return value_or_zero(found_, owner) + value_or_zero(added_, owner);
}

// A request without files asks for room as well: for its film.
bool OwnerQuota::fits(const std::string& owner, std::int64_t more) const {
  return used(owner) + std::max<std::int64_t>(more, 1) <= most_;
}

bool OwnerQuota::is_due(const std::string& owner, std::int64_t more) const {
  const std::lock_guard lock(mutex_);
  const double age = seconds_() - looked_;
  return age >= kOld || (age >= kSoon && !fits(owner, more));
}

void OwnerQuota::look(const std::string& owner, std::int64_t more) {
  if (!is_due(owner, more)) return;
  const std::lock_guard one(looking_);
  if (!is_due(owner, more)) return;  // another thread has looked meanwhile
  OwnerBytes before;
  {
    const std::lock_guard lock(mutex_);
    before = added_;
    looked_ = seconds_();
  }
  OwnerBytes found = measure_();
  const std::lock_guard lock(mutex_);
  found_ = std::move(found);
  for (const auto& [name, bytes] : before) added_[name] -= bytes;  // they lay on the disk already
}

void OwnerQuota::expect_room(const std::string& owner, std::int64_t more) const {
  const std::lock_guard lock(mutex_);
  if (more > most_) {
    throw Problem(413, "too_large", concat("an owner may have ", most_, " bytes on this server, these are ", more));
  }
  if (fits(owner, more)) return;
  throw Problem(429, "quota_exceeded",
                concat("your films and uploads take ", used(owner), " of ", most_, " bytes; delete some of them"), "",
                {{"Retry-After", "60"}});
}

void OwnerQuota::add(const std::string& owner, std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  added_[owner] += bytes;
}

OwnerBytes OwnerQuota::bytes() const {
  const std::lock_guard lock(mutex_);
  OwnerBytes sum = found_;
  for (const auto& [owner, bytes] : added_) sum[owner] += bytes;
  return sum;
}

}  // namespace phonofilm::server

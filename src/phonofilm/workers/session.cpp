#include "phonofilm/workers/session.h"

#include "phonofilm/base/files.h"

namespace phonofilm::workers {

Session::Session(Desk& desk, jobs::ArtifactFolder& artifacts, jobs::Job job, const std::function<bool()>& stop,
                 const SessionOptions& options)
    : desk_(desk), artifacts_(artifacts), job_(std::move(job)), stop_(stop), options_(options) {
  idle_ = std::thread([this] { beat_while_idle(); });
}

Session::~Session() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  ended_.notify_all();
  idle_.join();
}

std::string Session::upload(const std::string& name) const {
  const std::string uploads(jobs::kUploads);
  PF_CHECK(artifacts_.has(job_.id, uploads, name), InvalidRequest, "job", "the request names the upload '", name,
           "', which did not come with it");
  return artifacts_.path(job_.id, uploads, name);
}

std::optional<std::string> Session::checkpoint() const {
  const std::string& run = job_.checkpoint.run;
  if (run.empty() || !artifacts_.has(job_.id, run, jobs::kLatents)) return std::nullopt;
  return artifacts_.path(job_.id, run, jobs::kLatents);
}

bool Session::wanted() const {
  const std::lock_guard lock(mutex_);
  return !refused_;
}

// A refusal ends the job for this worker. A store that cannot be reached now may be there at the next step.
bool Session::say(const std::function<void()>& operation) {
  try {
    operation();
    return true;
  } catch (const jobs::Refused&) {
    const std::lock_guard lock(mutex_);
    refused_ = true;
  } catch (const Error&) {
  }
  return false;
}

void Session::beat(const jobs::Progress& progress) {
  say([&] { desk_.heartbeat(lease(), progress); });
}

bool Session::report(const jobs::Progress& progress) {
  jobs::Progress told = progress;
  told.preview = previews_;
  bool due = false;
  {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    const bool new_stage = told.stage != latest_.stage;
    due = new_stage || now - last_beat_ >= std::chrono::milliseconds(options_.beat_every);
    latest_ = told;
    if (due) last_beat_ = now;
  }
  if (due) beat(told);
  return wanted() && !stop_();
}

// A step may take longer than a lease.
void Session::beat_while_idle() {
  std::unique_lock lock(mutex_);
  while (!over_) {
    const auto next = last_beat_ + std::chrono::milliseconds(options_.idle_beat);
    if (ended_.wait_until(lock, next, [&] { return over_; })) return;
    if (Clock::now() < last_beat_ + std::chrono::milliseconds(options_.idle_beat)) continue;
    last_beat_ = Clock::now();
    const jobs::Progress progress = latest_;
    lock.unlock();
    beat(progress);
    lock.lock();
  }
}

void Session::save(std::int64_t step, const std::function<void(const std::string&)>& write) {
  if (!wanted()) return;
  artifacts_.publish(job_.id, job_.lease.token, jobs::kLatents, write);
  say([&] { desk_.save_checkpoint(lease(), step); });
}

void Session::publish(const std::string& name, const std::function<void(const std::string&)>& write) {
  artifacts_.publish(job_.id, job_.lease.token, name, write);
  published_.push_back(name);
}

void Session::show(const std::string& name, const std::function<void(const std::string&)>& write) {
  try {
    artifacts_.replace(job_.id, job_.lease.token, name, write);
    ++previews_;
  } catch (const ResourceError&) {  // the next one may find room
  }
}

}  // namespace phonofilm::workers

#include "phonofilm/server/server.h"

#include <chrono>

#include "phonofilm/base/error.h"
#include "phonofilm/server/remembered.h"

namespace phonofilm::server {
namespace {

// Seconds between two runs.
constexpr double kPollEvents = 0.15, kWatch = 1, kReadKeys = 2, kRecover = 5, kSweep = 60, kSweepUploads = 3600;
constexpr double kRememberStore = 1;  // seconds: /readyz needs no key, and is not to keep the store busy

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::unique_ptr<KeyRing> read_keys(const ServerOptions& options) {
  PF_CHECK(
      !options.keys.empty() || is_loopback(options.http.address), InvalidRequest, "serve", options.http.address,
      " can be reached from other machines: give a file of API keys with --keys ('phonofilm keys add' makes them), "
      "or listen on 127.0.0.1");
  if (options.keys.empty()) return nullptr;
  auto keys = std::make_unique<KeyRing>(options.keys, jobs::wall_clock);
  PF_CHECK(keys->size() > 0, InvalidRequest, "serve", options.keys, ": holds no key; 'phonofilm keys add' makes one");
  return keys;
}

// The names under which a browser reaches the server; none: every one, because beyond loopback there are keys, and a
// page of another site that lets a name point here has none.
std::vector<std::string> hosts_of(const ServerOptions& options) {
  std::vector<std::string> hosts = options.api.allowed_hosts;
  const std::string& address = options.http.address;
  if (!is_loopback(address) && hosts.empty()) return hosts;
  hosts.push_back(address.find(':') == address.npos ? address : concat("[", address, "]"));
  if (!is_loopback(address)) return hosts;
  for (const char* name : {"localhost", "127.0.0.1", "[::1]"}) hosts.emplace_back(name);
  return hosts;
}

}  // namespace

bool is_loopback(const std::string& address) { return address.starts_with("127.") || address == "::1"; }

Server::Server(const ServerParts& parts, const ServerOptions& options, Service::Log log)
    : options_(options),
      queue_(parts.queue),
      uploads_(parts.uploads),
      log_(std::move(log)),
      keys_(read_keys(options)),
      quota_(make_quota()),
      events_(parts.queue, parts.artifacts, metrics_),
      api_(make_api(parts)),
      service_(api_, log_),
      http_(std::make_unique<HttpServer>(options.http, service_)) {}

std::unique_ptr<OwnerQuota> Server::make_quota() {
  if (options_.api.max_disk_per_owner == 0) return nullptr;
  const auto measure = [this] { return bytes_on_disk(queue_, uploads_); };
  return std::make_unique<OwnerQuota>(options_.api.max_disk_per_owner, measure, steady_seconds);
}

Api Server::make_api(const ServerParts& parts) {
  Api api{.queue = parts.queue,
          .artifacts = parts.artifacts,
          .uploads = parts.uploads,
          .events = events_,
          .metrics = metrics_,
          .format = parts.format,
          .keys = keys_.get(),
          .quota = quota_.get(),
          .options = options_.api,
          .limits = options_.limits,
          .version = options_.version,
          .disk = options_.disk};
  api.web = options_.web;
  api.options.allowed_hosts = hosts_of(options_);
  api.seconds = steady_seconds;
  api.is_stopping = [this] { return stopping_.load(); };
  api.check_store = remembered([this] { queue_.events({.owner = {}, .admin = true}, events_.sequence(), 1); },
                               kRememberStore, steady_seconds);
  return api;
}

std::vector<PeriodicTask> Server::tasks() {
  std::vector<PeriodicTask> tasks{{"events", kPollEvents, [this] { events_.poll(); }},
                                  {"watch", kWatch, [this] { events_.watch_jobs(); }},
                                  {"recover", kRecover, [this] { queue_.recover(); }},
                                  {"sweep", kSweep, [this] { queue_.sweep(); }},
                                  {"uploads", kSweepUploads, [this] { uploads_.sweep(); }}};
  if (keys_) tasks.push_back({"keys", kReadKeys, [this] { keys_->refresh(); }});
  return tasks;
}

void Server::start() {
  http_->start();
  upkeep_ = std::make_unique<Periodic>(tasks(), [this](const std::string& task, const std::string& what) {
    log_({.method = task, .route = "upkeep", .status = 500, .fault = what});
  });
}

bool Server::stop(double grace) {
  stopping_ = true;
  const bool all = http_->stop(grace);
  upkeep_ = nullptr;
  return all;
}

}  // namespace phonofilm::server

// The whole server, put together: keys, events, routes, connections and upkeep.
//
//   Server server({.queue = queue, .artifacts = artifacts, .uploads = uploads, .format = format}, options, log);
//   server.start();
//   ...
//   server.stop(/*grace=*/10);
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "phonofilm/server/api.h"
#include "phonofilm/server/http_server.h"
#include "phonofilm/server/periodic.h"
#include "phonofilm/server/service.h"

namespace phonofilm::server {

struct ServerOptions {
  ApiOptions api{};
  HttpOptions http{};
  jobs::Limits limits{};   // of the queue
  std::string keys{};      // file of API keys; empty: none, everybody is the owner "local"
  WebFiles web{};          // the web page; none where it is empty
  std::string disk = ".";  // folder on the disk whose room counts
  std::string version{};
};

// What the server works with; lives longer.
struct ServerParts {
  jobs::Queue& queue;
  jobs::ArtifactFolder& artifacts;
  jobs::UploadFolder& uploads;
  const FilmFormat& format;
};

// Whether an address can be reached from this machine alone.
bool is_loopback(const std::string& address);

class Server {
 public:
  // log: for each request, also those of upkeep that failed (route "upkeep"); called from several threads. Throws
  // InvalidRequest for an address beyond loopback without keys and for a file of keys that has none.
  Server(const ServerParts& parts, const ServerOptions& options, Service::Log log);
  std::int64_t port() const { return http_->port(); }
  void start();
  bool stop(double grace);  // as HttpServer::stop
  Api& api() { return api_; }
  Service& service() { return service_; }

 private:
  Api make_api(const ServerParts& parts);
  std::unique_ptr<OwnerQuota> make_quota();
  std::vector<PeriodicTask> tasks();

  ServerOptions options_;
  jobs::Queue& queue_;
  jobs::UploadFolder& uploads_;
  Service::Log log_;
  Metrics metrics_{};
  std::unique_ptr<KeyRing> keys_;
  std::unique_ptr<OwnerQuota> quota_;
  EventHub events_;
  std::atomic<bool> stopping_ = false;
  Api api_;
  Service service_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<Periodic> upkeep_;
};

}  // namespace phonofilm::server

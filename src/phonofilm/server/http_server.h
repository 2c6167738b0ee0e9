// HTTP/1.1 over TCP: connections, limits and time-outs; what a request means is the handler's matter.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "phonofilm/base/fields.h"
#include "phonofilm/server/http.h"

namespace phonofilm::server {

struct HttpOptions {
  std::string address = "127.0.0.1";  // a number, no name
  std::int64_t port = 7788;           // 0: a free one
  std::int64_t network_threads = 2;
  std::int64_t handler_threads = 4;  // wait for disk and database
  std::int64_t max_header_bytes = 16 << 10;
  std::int64_t max_header_fields = 100;
  std::int64_t max_connections = 1024;
  std::int64_t max_connections_per_address = 256;
  double header_timeout = 10, body_timeout = 20, write_timeout = 30, idle_timeout = 75;  // seconds
  std::int64_t min_body_rate = 1024;                                                     // bytes a second
  std::string spool = "/tmp";                                                            // folder for large bodies
  Fields fields();  // without address, port and spool
};

class HttpServer {
 public:
  // Listens. Throws InvalidRequest for an address that is none, ResourceError where it cannot be listened on.
  HttpServer(const HttpOptions& options, Handler& handler);
  ~HttpServer();  // stop(0)
  std::int64_t port() const;
  void start();  // begins to answer, on threads of its own
  // Accepts nothing more, ends event streams and idle connections, and lets requests finish for at most so many
  // seconds. Returns whether all did.
  bool stop(double grace);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace phonofilm::server

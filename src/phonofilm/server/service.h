// From a request to its response: who asks, from where, how often, for which route; then the route's handler. Knows no
// socket.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "phonofilm/server/api.h"
#include "phonofilm/server/http.h"
#include "phonofilm/server/rate_limit.h"

namespace phonofilm::server {

// A line of the log. Never the target, which may hold what a client wants kept; never a body.
struct AccessRecord {
  std::string id{}, method{}, route{}, owner{}, address{};
  int status = 0;
  double seconds = 0;
  std::int64_t received = 0, sent = 0;  // bytes of the bodies
  std::string code{};                   // of the error, as docs/server_api.md lists them
  std::string note{};                   // the prompt, if prompts are logged
  std::string fault{};                  // what went wrong in the server
};

class Service : public Handler {
 public:
  using Log = std::function<void(const AccessRecord&)>;
  Service(Api& api, Log log);

  std::pair<std::unique_ptr<Admission>, std::optional<Response>> admit(const RequestHead& head) override;
  Response answer(Admission& admission, Request& request) override;
  Response refuse(int status, const RequestHead* head) override;
  void sent(std::int64_t bytes) override { api_.metrics.add_bytes(0, bytes); }

  // All of it for a request that is there whole.
  Response respond(Request& request);

 private:
  struct Admitted;
  void check_host(const RequestHead& head) const;
  void identify(const RequestHead& head, Admitted& admitted) const;
  void take_token(const Admitted& admitted);
  void route_to(const RequestHead& head, Admitted& admitted) const;
  void check_body(const RequestHead& head, Admitted& admitted) const;
  void promise_room(const RequestHead& head, Admitted& admitted);
  std::optional<Response> answer_without_route(const RequestHead& head, const Admitted& admitted) const;
  Response handled(Admitted& admitted, Request& request);
  Response finished(Admitted& admitted, const RequestHead& head, Response response, const std::string& fault);
  void add_common(const RequestHead& head, const std::string& id, Response& response) const;

  Api& api_;
  Log log_;
  RateLimit rate_;
  std::atomic<std::int64_t> promised_ = 0;  // bytes of bodies that are being read or answered
};

}  // namespace phonofilm::server

// What handlers work with, and the table of routes. A handler is a function from a call to a response.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "phonofilm/jobs/artifacts.h"
#include "phonofilm/jobs/queue.h"
#include "phonofilm/jobs/uploads.h"
#include "phonofilm/server/events.h"
#include "phonofilm/server/film_format.h"
#include "phonofilm/server/http.h"
#include "phonofilm/server/keys.h"
#include "phonofilm/server/metrics.h"
#include "phonofilm/server/owner_quota.h"
#include "phonofilm/server/syntax.h"
#include "phonofilm/server/web_files.h"

namespace phonofilm::server {

struct ApiOptions {
  std::int64_t max_json = 1 << 20;               // bytes of a JSON body
  std::int64_t max_upload = 256LL << 20;         // bytes of an upload and of a form with files
  std::int64_t max_prompt = 32'000;              // characters
  std::int64_t min_free_disk = 1LL << 30;        // bytes; below, the server is not ready and takes no uploads
  std::int64_t max_disk_per_owner = 0;           // bytes of films, inputs and uploads; 0: no limit
  double requests_per_second = 50, burst = 200;  // of one key, or of one address where there are no keys
  std::vector<std::string> allowed_hosts{}, allowed_origins{};
  bool log_prompts = false;
  Fields fields();
};

// Lives as long as the server; handlers run in several threads, and everything here is made for that.
struct Api {
  jobs::Queue& queue;
  jobs::ArtifactFolder& artifacts;
  jobs::UploadFolder& uploads;
  EventHub& events;
  Metrics& metrics;
  const FilmFormat& format;
  const KeyRing* keys = nullptr;  // none: everybody is the owner "local" and may do everything
  OwnerQuota* quota = nullptr;    // none: an owner may fill the disk
  WebFiles web{};
  ApiOptions options{};
  jobs::Limits limits{};          // of the queue, to be shown
  std::string version{}, disk{};  // disk: a folder on the disk whose room counts
  jobs::Clock clock = jobs::wall_clock;
  std::function<double()> seconds{};  // a clock that never goes back
  std::function<bool()> is_stopping{};
  std::function<void()> check_store{};  // throws where the store cannot be reached
};

struct Route;

// One request on its way through a handler.
struct Call {
  Api& api;
  Request& request;
  const Route& route;
  const Target& target;
  std::map<std::string, std::string> path{};  // what stands for {id} and {name}
  jobs::Caller caller{};
  Scope scope = Scope::none;
  std::string key{};   // id of the caller's key; empty: there are no keys
  std::string note{};  // for the log: the prompt, where it is to be logged

  const std::string* header(std::string_view name) const { return request.head.header(name); }
  // A member of the query; the fallback where it is missing. Throws Problem(invalid_value).
  std::string query(const std::string& name, const std::string& fallback = "") const;
  std::int64_t query_integer(const std::string& name, std::int64_t fallback, std::int64_t min, std::int64_t max) const;
};

enum class BodyKind { none, json, json_or_form, bytes };

struct Parameter {
  std::string name, type, help;  // of the query; type: "string", "integer", or choices separated by |
};

struct Route {
  std::string method, pattern;  // "/api/v1/jobs/{id}"
  Scope scope;
  BodyKind body;
  Response (*handle)(Call&);
  std::string summary;
  std::string answer;  // name of the answer's schema in /openapi.json; empty: bytes or none
  std::vector<Parameter> parameters{};
  std::int64_t more_json = 0;  // bytes that its JSON may have beyond ApiOptions::max_json
};

const std::vector<Route>& routes();

struct Match {
  const Route* route = nullptr;  // none: no such path, or not with this method
  std::map<std::string, std::string> path{};
  std::set<std::string> methods{};  // that the path takes; empty: there is no such path
};
// HEAD counts as GET.
Match match_route(const std::string& method, const std::vector<std::string>& segments);

}  // namespace phonofilm::server

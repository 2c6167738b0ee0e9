#include "phonofilm/server/service.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "phonofilm/base/files.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/server/digest.h"
#include "phonofilm/server/problem.h"
#include "phonofilm/server/syntax.h"

namespace phonofilm::server {
namespace {

constexpr std::int64_t kIgnoredBody = 64 << 10;  // bytes of a body that a route has no use for

bool holds(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// Without its port: "localhost:7788" and "[::1]:7788".
std::string host_name(const std::string& host) {
  const std::size_t colon = host.rfind(':');
  const bool port = colon != host.npos && host.find(']', colon) == host.npos;
  return to_lower(host.substr(0, port ? colon : host.size()));
}

// Patterns and methods of the table only: labels of metrics must not be a client's to choose.
std::string known_method(const std::string& method) {
  static const std::vector<std::string> kMethods{"GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"};
  return holds(kMethods, method) ? method : "other";
}

std::string allowed_methods(std::set<std::string> methods) {
  if (methods.contains("GET")) methods.insert("HEAD");
  return join({methods.begin(), methods.end()}, ", ");
}

// "Bearer <key>"; empty where there is none.
std::string bearer(const RequestHead& head) {
  const std::string* field = head.header("authorization");
  constexpr std::size_t kScheme = 7;
  if (!field || field->size() <= kScheme || to_lower(field->substr(0, kScheme)) != "bearer ") return "";
  return field->substr(kScheme);
}

std::string code_of(const Response& response) {
  if (response.status < 400) return "";
  const auto body = nlohmann::json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  return body.is_object() && body.contains("error") ? body["error"].value("code", "") : "";
}

Problem unreadable(int status) {
  switch (status) {
    case 408:
      return {408, "timeout", "the request came too slowly"};
    case 413:
      return {413, "too_large", "the body is larger than this route takes"};
    case 431:
      return {431, "headers_too_large", "the header fields are too large or too many"};
    case 507:
      return {503, "disk_full", "the server is out of disk; try later", "", {{"Retry-After", "60"}}};
    case 503:
      return {503, "too_many_connections", "too many connections; try again", "", {{"Retry-After", "1"}}};
    default:
      return {400, "bad_request", "the request is not valid HTTP/1.1"};
  }
}

}  // namespace

struct Service::Admitted : Handler::Admission {
  std::string id{}, route = "none";
  Target target{};
  Match match{};
  jobs::Caller caller{};
  std::string key{};  // whose tokens are taken: a key or an address
  Scope scope = Scope::none;
  std::string key_id{};
  std::int64_t limit = kIgnoredBody;
  std::shared_ptr<const std::int64_t> room{};  // on the disk, for the body
  double started = 0;
  AccessRecord record{};
  std::int64_t max_body() const override { return limit; }
};

Service::Service(Api& api, Log log)
    : api_(api), log_(std::move(log)), rate_(api.options.requests_per_second, api.options.burst, api.seconds) {}

// A page of another site may send requests here, also under a name of its own that it lets point to this address.
void Service::check_host(const RequestHead& head) const {
  const std::string* host = head.header("host");
  const auto& hosts = api_.options.allowed_hosts;
  if (!hosts.empty() && (!host || !holds(hosts, host_name(*host)))) {
    throw Problem(403, "host_not_allowed", "this server does not answer under that name; --allow-host adds names");
  }
  const std::string* origin = head.header("origin");
  if (!origin || holds(api_.options.allowed_origins, *origin)) return;
  if (!host || (*origin != "http://" + *host && *origin != "https://" + *host)) {
    throw Problem(403, "origin_not_allowed",
                  "pages of that origin may not use this server; --allow-origin adds origins");
  }
}

void Service::route_to(const RequestHead& head, Admitted& admitted) const {
  admitted.match = match_route(head.method, admitted.target.segments);
  const Match& match = admitted.match;
  if (match.route) admitted.route = match.route->pattern;
  if (match.route || match.methods.empty()) return;
  const std::string allowed = allowed_methods(match.methods);
  throw Problem(405, "method_not_allowed", "this route takes " + allowed, "", {{"Allow", allowed}});
}

void Service::identify(const RequestHead& head, Admitted& admitted) const {
  admitted.key = "address " + head.address;
  if (!api_.keys) {
    admitted.caller = {.owner = "local", .admin = true};
    admitted.scope = Scope::admin;
    return;
  }
  const std::optional<Key> key = api_.keys->find(bearer(head));
  if (!key) return;
  admitted.caller = {.owner = key->owner, .admin = key->scope == Scope::admin};
  admitted.key = "key " + key->id;
  admitted.key_id = key->id;
  admitted.scope = key->scope;
}

void Service::take_token(const Admitted& admitted) {
  const std::int64_t wait = rate_.seconds_to_wait(admitted.key);
  if (wait == 0) return;
  throw Problem(429, "rate_limit", concat("too many requests; try again in ", wait, " s"), "",
                {{"Retry-After", std::to_string(wait)}});
}

void Service::check_body(const RequestHead& head, Admitted& admitted) const {
  const BodyKind kind = admitted.match.route->body;
  if (kind == BodyKind::none) return;
  const std::string* field = head.header("content-type");
  const auto type = field ? parse_media_type(*field) : std::nullopt;
  const bool json = type && type->type == "application/json" && kind != BodyKind::bytes;
  const bool form = type && type->type == "multipart/form-data" && kind == BodyKind::json_or_form;
  if (!json && !form && !(type && kind == BodyKind::bytes)) {
    throw Problem(415, "unsupported_media_type",
                  kind == BodyKind::json    ? "the body must be application/json"
                  : kind == BodyKind::bytes ? "the upload needs a Content-Type"
                                            : "the body must be application/json or multipart/form-data");
  }
  admitted.limit = json ? api_.options.max_json + admitted.match.route->more_json : api_.options.max_upload;
}

// Bodies that go to the disk are promised their room before they are read, so that many at once do not fill it. A body
// of unknown length is promised as much as its route takes.
void Service::promise_room(const RequestHead& head, Admitted& admitted) {
  const std::string* field = head.header("content-length");
  const auto length = field ? parse_digits(*field, std::numeric_limits<std::int64_t>::max()) : std::nullopt;
  const std::int64_t bytes = length ? *length : head.header("transfer-encoding") ? admitted.limit : 0;
  if (bytes <= std::int64_t(kBodyInMemory) || bytes > admitted.limit) return;
  promised_ += bytes;
  admitted.room = {new std::int64_t(bytes), [this](const std::int64_t* room) {
                     promised_ -= *room;
                     delete room;
                   }};
  require_disk_space(api_.disk + "/body", double(api_.options.min_free_disk) + double(promised_));
}

// Preflights of allowed origins, and files of the web page.
std::optional<Response> Service::answer_without_route(const RequestHead& head, const Admitted& admitted) const {
  const std::string* origin = head.header("origin");
  if (head.method == "OPTIONS" && origin && head.header("access-control-request-method")) {
    Response response{.status = 204};
    response.set("Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE");
    response.set("Access-Control-Allow-Headers",
                 "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Range, X-Upload-Name");
    response.set("Access-Control-Max-Age", "600");
    return response;
  }
  if (head.method != "GET" && head.method != "HEAD") return {};
  const WebFile* file = api_.web.find(join(admitted.target.segments, "/"));
  return file ? std::optional(web_response(*file, head)) : std::nullopt;
}

std::pair<std::unique_ptr<Handler::Admission>, std::optional<Response>> Service::admit(const RequestHead& head) {
  auto admitted = std::make_unique<Admitted>();
  admitted->id = random_hex(8);
  admitted->started = api_.seconds();
  try {
    admitted->target = parse_target(head.target);
    check_host(head);
    if (auto response = answer_without_route(head, *admitted)) {
      admitted->route = "web";
      return {nullptr, finished(*admitted, head, std::move(*response), "")};
    }
    route_to(head, *admitted);
    identify(head, *admitted);
    const Scope needed = admitted->match.route ? admitted->match.route->scope : Scope::none;
    if (needed != Scope::none || !admitted->match.route) take_token(*admitted);
    if (!admitted->match.route) throw Problem(404, "not_found", "there is no such route; /openapi.json lists them");
    if (needed != Scope::none && admitted->scope == Scope::none) {
      throw Problem(401, "invalid_api_key", "this route needs a valid key: Authorization: Bearer <key>", "",
                    {{"WWW-Authenticate", "Bearer"}});
    }
    if (admitted->scope < needed) {
      throw Problem(403, "insufficient_scope", concat("this route needs a key with the scope ", scope_name(needed)));
    }
    check_body(head, *admitted);
    promise_room(head, *admitted);
    return {std::move(admitted), std::nullopt};
  } catch (...) {
    std::string fault;
    Response response = error_response(std::current_exception(), fault);
    return {nullptr, finished(*admitted, head, std::move(response), fault)};
  }
}

Response Service::handled(Admitted& admitted, Request& request) {
  Call call{.api = api_, .request = request, .route = *admitted.match.route, .target = admitted.target};
  call.path = admitted.match.path;
  call.caller = admitted.caller;
  call.scope = admitted.scope;
  call.key = admitted.key_id;
  Response response = call.route.handle(call);
  admitted.record.note = call.note;
  return response;
}

Response Service::answer(Admission& admission, Request& request) {
  auto& admitted = static_cast<Admitted&>(admission);
  admitted.started = api_.seconds();
  admitted.record.received = request.body.size();
  api_.metrics.add_bytes(request.body.size(), 0);
  std::string fault;
  Response response;
  try {
    response = handled(admitted, request);
  } catch (...) {
    response = error_response(std::current_exception(), fault);
  }
  return finished(admitted, request.head, std::move(response), fault);
}

Response Service::refuse(int status, const RequestHead* head) {
  Admitted admitted;
  admitted.id = random_hex(8);
  admitted.started = api_.seconds();
  return finished(admitted, head ? *head : RequestHead{}, error_response(unreadable(status)), "");
}

Response Service::respond(Request& request) {
  auto [admission, refused] = admit(request.head);
  if (refused) return std::move(*refused);
  if (request.body.size() > admission->max_body()) return refuse(413, &request.head);
  return answer(*admission, request);
}

void Service::add_common(const RequestHead& head, const std::string& id, Response& response) const {
  const auto set_unless_there = [&](const char* name, const char* value) {
    if (!response.header(name)) response.set(name, value);
  };
  response.set("X-Request-Id", id);
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  set_unless_there("Cache-Control", "no-store");
  set_unless_there("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  const std::string* origin = head.header("origin");
  if (!origin || !holds(api_.options.allowed_origins, *origin)) return;
  response.set("Access-Control-Allow-Origin", *origin);
  response.set("Access-Control-Expose-Headers", "Location, Retry-After, X-Request-Id, Content-Range, ETag");
  response.set("Vary", "Origin");
}

Response Service::finished(Admitted& admitted, const RequestHead& head, Response response, const std::string& fault) {
  add_common(head, admitted.id, response);
  const double seconds = api_.seconds() - admitted.started;
  const std::string method = known_method(head.method);
  api_.metrics.count_request(method, admitted.route, response.status, seconds);
  AccessRecord& record = admitted.record;
  record.id = admitted.id;
  record.method = method;
  record.route = admitted.route;
  record.owner = admitted.caller.owner;
  record.address = head.address;
  record.status = response.status;
  record.seconds = seconds;
  record.sent = response.length();
  record.code = code_of(response);
  record.fault = fault;
  log_(record);
  return response;
}

}  // namespace phonofilm::server

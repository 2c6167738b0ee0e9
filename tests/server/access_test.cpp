// Who may do what: every route of the table with every kind of caller; Host, Origin and rates.
#include "phonofilm/server/problem.h"
#include "server/server_helpers.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::server;

// The route with real ids in it, and a body that it takes.
struct Question {
  std::string target, body{};
  Headers headers{};
};

Question question_for(const Route& route, const std::string& job, const std::string& upload) {
  Question question{route.pattern};
  const auto put = [&](const std::string& name, const std::string& value) {
    const size_t at = question.target.find(name);
    if (at != std::string::npos) question.target.replace(at, name.size(), value);
  };
  const bool video = route.pattern.starts_with("/v1/videos"), file = route.pattern.find("uploads") != std::string::npos;
  put("{id}", video ? "video_" + job : file ? upload : job);
  put("{name}", "film.mp4");
  if (route.body == BodyKind::bytes) question.headers = {{"content-type", "image/png"}};
  if (route.body != BodyKind::none) question.body = video ? R"({"prompt": "a"})" : R"({"request": {"prompt": "a"}})";
  if (route.pattern.ends_with("/move")) question.body = R"({"before": null})";
  return question;
}

int ask(ServiceBench& bench, const Route& route, const Question& question, const Headers& who) {
  Headers headers = question.headers;
  headers.insert(headers.end(), who.begin(), who.end());
  return bench.ask(route.method, question.target, question.body, headers).status;
}

bool is_about_one(const Route& route) { return route.pattern.find("{id}") != std::string::npos; }

// Who asks, and what the key allows.
struct Visitor {
  const char* name;
  Scope scope;
};
constexpr Visitor kVisitors[] = {{"nobody", Scope::none},   {"wrong", Scope::none},   {"expired", Scope::none},
                                 {"reader", Scope::read},   {"bob", Scope::submit},   {"alice", Scope::submit},
                                 {"admin", Scope::admin}};

Headers headers_of(const ServiceBench& bench, const std::string& visitor) {
  if (visitor == "nobody") return {};
  if (visitor == "wrong") return {{"authorization", "Bearer pf_" + std::string(81, '0')}};
  return bench.key(visitor);
}

std::string upload_of_alice(ServiceBench& bench) {
  Headers headers = bench.key("alice");
  headers.push_back({"content-type", "image/png"});
  return bench.ask("POST", "/api/v1/uploads", "bytes", headers).json["id"];
}

// Of a question about a waiting job or an upload of alice's.
void expect_status(const Route& route, const Visitor& visitor, int status) {
  if (route.scope == Scope::none) {
    CHECK(status == 200);
  } else if (visitor.scope == Scope::none) {
    CHECK(status == 401);
  } else if (visitor.scope < route.scope) {
    CHECK(status == 403);
  } else if (visitor.name == std::string("bob") && is_about_one(route)) {
    CHECK(status == 404);
  } else {
    CHECK(status != 401);
    CHECK(status != 403);
    // The job waits: it has no film to be had yet.
    const bool no_film = route.pattern.ends_with("/content") || route.pattern.ends_with("{name}");
    CHECK((status == 404) == no_film);
  }
}

// A request under a name, from a page of an origin, and its status where the route would answer 200.
struct Claimed {
  const char *host, *origin;
  int status;
};
constexpr Claimed kClaims[] = {
    {"localhost", nullptr, 200},
    {"localhost:7788", nullptr, 200},
    {"LOCALHOST:7788", nullptr, 200},
    {"127.0.0.1:7788", nullptr, 200},
    {"[::1]:7788", nullptr, 200},
    {"[::1]", nullptr, 200},
    {"studio.example", nullptr, 200},
    {"evil.example", nullptr, 403},
    {"localhost.evil.example", nullptr, 403},
    {"evil.example:7788", nullptr, 403},
    {"127.0.0.1.evil.example", nullptr, 403},
    {"", nullptr, 403},
    {"127.1", nullptr, 403},
    {"2130706433", nullptr, 403},
    {"[::ffff:127.0.0.1]", nullptr, 403},
    {"0.0.0.0", nullptr, 403},
    {"localhost@evil.example", nullptr, 403},
    {"localhost:7788:80", nullptr, 403},
    {"localhost:7788", "http://localhost:7788", 200},
    {"localhost:7788", "https://localhost:7788", 200},
    {"localhost:7788", "http://localhost", 403},
    {"localhost:7788", "http://localhost:80", 403},
    {"localhost:7788", "http://evil.example", 403},
    {"localhost:7788", "null", 403},
    {"localhost:7788", "", 403},
    {"localhost:7788", "https://app.example", 200},
    {"localhost:7788", "http://app.example", 403},
    {"localhost:7788", "https://app.example.evil", 403},
    {"localhost:7788", "https://app.example:444", 403},
    {"localhost:7788", "file://", 403},
};

void expect_claim(ServiceBench& bench, const Claimed& claimed) {
  INFO(claimed.host, " from ", claimed.origin ? claimed.origin : "none");
  Headers headers{{"host", claimed.host}};
  if (claimed.origin) headers.push_back({"origin", claimed.origin});
  const bool cross = claimed.status == 200 && claimed.origin && std::string(claimed.origin) == "https://app.example";
  for (const auto& [method, target, good] : {std::tuple("GET", "/api/v1/jobs", 200), std::tuple("GET", "/livez", 200),
                                             std::tuple("POST", "/api/v1/jobs/x/cancel", 404)}) {
    const Answer answer = bench.ask(method, target, "", headers);
    CHECK(answer.status == (claimed.status == 200 ? good : 403));
    CHECK(answer.header("access-control-allow-origin") == (cross ? "https://app.example" : ""));
  }
}

}  // namespace

TEST_CASE("access: every route with every caller") {
  int asked = 0;
  for (const Route& route : routes()) {
    for (const Visitor& visitor : kVisitors) {
      INFO(route.method, " ", route.pattern, " as ", visitor.name);
      ServiceBench bench(/*with_keys=*/true);
      const std::string job = bench.submit("a", bench.key("alice"));
      const Question question = question_for(route, job, upload_of_alice(bench));
      const int status = ask(bench, route, question, headers_of(bench, visitor.name));
      expect_status(route, visitor, status);
      // Whoever may not see it has not changed it.
      if (status >= 400) CHECK(bench.queue.get({.admin = true}, job).job.state == jobs::State::queued);
      ++asked;
    }
  }
  std::printf("access: %d combinations of %d routes\n", asked, int(routes().size()));
  CHECK(asked == int(routes().size()) * 7);
}

TEST_CASE("access: lists and events show one's own, administrators see all") {
  ServiceBench bench(/*with_keys=*/true);
  bench.submit("a", bench.key("alice"));
  bench.submit("b", bench.key("bob"));
  bench.events.poll();
  const auto count = [&](const char* who) {
    const size_t jobs = bench.ask("GET", "/api/v1/jobs", "", bench.key(who)).json["jobs"].size();
    CHECK(bench.ask("GET", "/v1/videos", "", bench.key(who)).json["data"].size() == jobs);
    const Answer events = bench.ask("GET", "/api/v1/events?after=0", "", bench.key(who));
    const std::string text = events.response.stream->next();
    size_t messages = 0;
    for (size_t at = text.find("event: job"); at != text.npos; at = text.find("event: job", at + 1)) ++messages;
    CHECK(messages == jobs);
    return jobs;
  };
  CHECK(count("alice") == 1);
  CHECK(count("reader") == 1);  // a key of the same owner
  CHECK(count("bob") == 1);
  CHECK(count("admin") == 2);
}

TEST_CASE("access: another owner's uploads and inputs cannot be named") {
  ServiceBench bench(/*with_keys=*/true);
  Headers alice = bench.key("alice"), bob = bench.key("bob");
  alice.push_back({"content-type", "image/png"});
  const std::string upload = bench.ask("POST", "/api/v1/uploads", "\x89PNG", alice).json["id"];
  const auto submit = [&](const std::string& image, const Headers& who) {
    return bench.ask("POST", "/api/v1/jobs", Json{{"request", {{"prompt", "a"}, {"image", image}}}}, who);
  };
  const Answer own = submit(upload, bench.key("alice"));
  REQUIRE(own.status == 201);
  const std::string job = own.json["id"];
  CHECK(submit(upload, bob).param() == "image");
  CHECK(submit(job + "/image", bob).param() == "image");
  CHECK(submit(job + "/image", bench.key("alice")).status == 201);
  CHECK(submit(job + "/film.mp4", bench.key("alice")).status == 400);
  CHECK(submit(job + "/../image", bench.key("alice")).status == 400);
  CHECK(bench.ask("GET", "/api/v1/jobs/" + job + "/files/image", "", bob).status == 404);
  CHECK(bench.ask("GET", "/api/v1/jobs/" + job + "/files/image", "", bench.key("alice")).bytes() == "\x89PNG");
  CHECK(bench.ask("POST", "/api/v1/jobs/" + job + "/move", Json{{"before", bench.submit("b", bob)}}, bench.key("alice"))
            .status == 409);
}

TEST_CASE("access: a priority above others needs an administrator") {
  ServiceBench bench(/*with_keys=*/true);
  const auto submit = [&](int priority, const char* who) {
    return bench
        .ask("POST", "/api/v1/jobs", Json{{"request", {{"prompt", "a"}}}, {"priority", priority}}, bench.key(who))
        .status;
  };
  CHECK(submit(1, "alice") == 403);
  CHECK(submit(0, "alice") == 201);
  CHECK(submit(-5, "alice") == 201);
  CHECK(submit(1, "admin") == 201);
  CHECK(submit(101, "admin") == 400);
  const std::string job = bench.submit("a", bench.key("alice"));
  CHECK(bench.ask("PATCH", "/api/v1/jobs/" + job, Json{{"priority", 5}}, bench.key("alice")).status == 403);
}

TEST_CASE("access: names and origins of other sites are refused, whatever they ask for") {
  server::ApiOptions options;
  options.allowed_hosts = {"localhost", "127.0.0.1", "[::1]", "studio.example"};
  options.allowed_origins = {"https://app.example"};
  ServiceBench bench(false, options);
  for (const Claimed& claimed : kClaims) expect_claim(bench, claimed);
  CHECK(bench
            .ask("OPTIONS", "/api/v1/jobs", "",
                 {{"origin", "https://app.example"}, {"access-control-request-method", "POST"}})
            .status == 204);
  CHECK(bench
            .ask("OPTIONS", "/api/v1/jobs", "",
                 {{"origin", "https://evil.example"}, {"access-control-request-method", "POST"}})
            .status == 403);
  CHECK(bench.ask("OPTIONS", "/api/v1/jobs").status == 405);
}

TEST_CASE("access: too many requests of one key wait, others do not") {
  server::ApiOptions options;
  options.requests_per_second = 1;
  options.burst = 3;
  ServiceBench bench(/*with_keys=*/true, options);
  for (int i = 0; i < 3; ++i) CHECK(bench.ask("GET", "/api/v1/jobs", "", bench.key("alice")).status == 200);
  const Answer limited = bench.ask("GET", "/api/v1/jobs", "", bench.key("alice"));
  CHECK(limited.status == 429);
  CHECK(limited.code() == "rate_limit");
  CHECK(limited.header("retry-after") == "1");
  CHECK(bench.ask("GET", "/api/v1/jobs", "", bench.key("bob")).status == 200);
  CHECK(bench.ask("GET", "/livez").status == 200);
  bench.seconds += 1;
  CHECK(bench.ask("GET", "/api/v1/jobs", "", bench.key("alice")).status == 200);
  // Whoever guesses keys is held up, too.
  int refused = 0;
  for (int i = 0; i < 6; ++i) refused += bench.ask("GET", "/api/v1/jobs").status == 429;
  CHECK(refused == 3);
}

TEST_CASE("access: every answer carries what keeps browsers from misusing it") {
  ServiceBench bench;
  const std::string job = bench.submit();
  for (const auto& [method, target] :
       {std::pair("GET", "/api/v1/jobs"), std::pair("GET", "/nothing"), std::pair("GET", "/openapi.json"),
        std::pair("PUT", "/v1/videos"), std::pair("GET", "/%"), std::pair("GET", "/metrics")}) {
    const Answer answer = bench.ask(method, target);
    INFO(target);
    CHECK(answer.header("x-content-type-options") == "nosniff");
    CHECK(answer.header("content-security-policy").starts_with("default-src 'none'"));
    CHECK(answer.header("cache-control") == "no-store");
    CHECK(answer.header("x-request-id").size() == 16);
    CHECK(answer.header("cross-origin-resource-policy") == "same-origin");
    CHECK(bench.log.back().id == answer.header("x-request-id"));
  }
}

TEST_CASE("access: the log has no prompt, no target and no key unless prompts are asked for") {
  for (const bool wanted : {false, true}) {
    server::ApiOptions options;
    options.log_prompts = wanted;
    ServiceBench bench(/*with_keys=*/true, options);
    bench.submit("a secret bell", bench.key("alice"));
    const AccessRecord& record = bench.log.back();
    CHECK(record.note == (wanted ? "a secret bell" : ""));
    CHECK(record.route == "/api/v1/jobs");
    CHECK(record.owner == "alice");
    CHECK(record.status == 201);
    bench.ask("GET", "/api/v1/" + std::string("secret?key=secret"));
    CHECK(bench.log.back().route == "none");
  }
}

}  // namespace phonofilm::test

// What one owner may have on the disk: films, inputs and uploads.
#include "phonofilm/server/problem.h"
#include "server/server_helpers.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::server;

ApiOptions thousand_bytes() {
  ApiOptions options;
  options.max_disk_per_owner = 1000;
  return options;
}

Answer upload(ServiceBench& bench, const std::string& who, std::size_t bytes) {
  Headers headers = bench.key(who);
  headers.push_back({"content-type", "image/png"});
  return bench.ask("POST", "/api/v1/uploads", std::string(bytes, 'b'), headers);
}

Answer submit(ServiceBench& bench, const std::string& who, const std::string& key) {
  Headers headers = bench.key(who);
  headers.push_back({"idempotency-key", key});
  return bench.ask("POST", "/api/v1/jobs", Json{{"request", {{"prompt", "a bell"}}}}, headers);
}

void expect_full(const Answer& answer) {
  INFO(answer.response.body);
  CHECK(answer.status == 429);
  CHECK(answer.code() == "quota_exceeded");
  CHECK(answer.header("retry-after") == "60");
}

}  // namespace

TEST_CASE("quota: uploads count at once, and for their owner alone") {
  ServiceBench bench(/*with_keys=*/true, thousand_bytes());
  const Answer first = upload(bench, "alice", 600);
  REQUIRE(first.status == 201);
  expect_full(upload(bench, "alice", 600));
  CHECK(upload(bench, "alice", 400).status == 201);
  expect_full(submit(bench, "alice", "k"));
  CHECK(bench.queue.list({.admin = true}).jobs.empty());
  CHECK(upload(bench, "bob", 600).status == 201);
  const Answer large = upload(bench, "bob", 1001);
  CHECK(large.status == 413);
  CHECK(large.code() == "too_large");
  const std::string id = first.json["id"];
  CHECK(bench.ask("DELETE", "/api/v1/uploads/" + id, "", bench.key("alice")).status == 204);
  expect_full(upload(bench, "alice", 600));  // until the disk is looked at again
  bench.seconds += 5;
  CHECK(upload(bench, "alice", 600).status == 201);
}

TEST_CASE("quota: films count a minute after they were made, and a key gives its job whatever is there") {
  ServiceBench bench(/*with_keys=*/true, thousand_bytes());
  REQUIRE(submit(bench, "alice", "first").status == 201);
  const std::string job = bench.finish_next(std::string(500, 'f')).id;  // and a poster of as many bytes
  CHECK(submit(bench, "alice", "second").status == 201);
  bench.seconds += 60;
  expect_full(submit(bench, "alice", "third"));
  const Answer again = submit(bench, "alice", "first");
  CHECK(again.status == 201);
  CHECK(again.json["id"] == job);
  CHECK(submit(bench, "bob", "first").status == 201);
  CHECK(bench.ask("DELETE", "/api/v1/jobs/" + job, "", bench.key("alice")).status == 204);
  bench.seconds += 5;
  CHECK(submit(bench, "alice", "third").status == 201);
}

TEST_CASE("quota: files of a form count, and leave nothing where they were refused") {
  ServiceBench bench(/*with_keys=*/true, thousand_bytes());
  const std::string body = form_body({{"request", R"({"prompt": "a bell"})"},
                                      {"image", std::string(600, 'i'), "a.png", "image/png"}});
  const auto ask = [&] { return bench.ask("POST", "/api/v1/jobs", body, form_headers(bench.key("alice"))); };
  REQUIRE(ask().status == 201);
  expect_full(ask());
  CHECK(bench.artifacts.jobs().size() == 1);
  bench.seconds += 60;
  expect_full(ask());
  CHECK(bench.quota->bytes().at("alice") == 600);  // neither counted twice nor forgotten
}

TEST_CASE("quota: limits and metrics show it, and nothing is shown without one") {
  for (const bool limited : {false, true}) {
    ServiceBench bench(/*with_keys=*/true, limited ? thousand_bytes() : ApiOptions{});
    CHECK(upload(bench, "alice", 600).status == 201);
    const Json limit = bench.ask("GET", "/api/v1/limits", "", bench.key("alice")).json["max_disk_per_owner_bytes"];
    CHECK(limit == (limited ? Json(1000) : Json()));
    const std::string metrics = bench.ask("GET", "/metrics", "", bench.key("admin")).response.body;
    CHECK((metrics.find("phonofilm_owner_bytes{owner=\"alice\"} 600") != metrics.npos) == limited);
    CHECK((metrics.find("owner_bytes") != metrics.npos) == limited);
  }
}

TEST_CASE("quota: the disk is looked at when it must be, and not oftener") {
  int looks = 0;
  double now = 0;
  OwnerBytes disk{{"alice", 100}};
  OwnerQuota quota(
      200, [&] { return ++looks, disk; }, [&] { return now; });
  for (int i = 0; i < 5; ++i) quota.look("alice", 10);
  CHECK(looks == 1);
  quota.add("alice", 90);
  CHECK_NOTHROW(quota.expect_room("alice", 10));
  CHECK_THROWS_AS(quota.expect_room("alice", 11), Problem);
  quota.look("alice", 11);
  CHECK(looks == 1);  // so soon it cannot have changed much
  now = 5;
  quota.look("bob", 11);
  CHECK(looks == 1);
  disk["alice"] = 150;  // 90 more, and something gone
  quota.look("alice", 11);
  CHECK(looks == 2);
  CHECK(quota.bytes().at("alice") == 150);
  now = 66;
  quota.look("bob", 1);
  CHECK(looks == 3);
}

}  // namespace phonofilm::test

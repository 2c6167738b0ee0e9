// /v1/videos: what becomes of a video, lists, content and deletion, with the faults that other servers shipped.
#include "server/server_helpers.h"

namespace phonofilm::test {
TEST_CASE("videos: status follows the job and nothing else") {
  ServiceBench bench;
  const std::string id = ask_for_video(bench, "").json["id"];
  const auto video = [&] { return bench.ask("GET", "/v1/videos/" + id).json; };
  CHECK(video()["status"] == "queued");
  const jobs::Job job = bench.queue.claim("w").value();
  CHECK(video()["status"] == "in_progress");
  bench.queue.heartbeat(lease_of(job), {"denoise", 1, 3});
  CHECK(video()["progress"] == 33);
  bench.queue.heartbeat(lease_of(job), {"decode", 3, 3});
  CHECK(video()["progress"] == 99);
  CHECK(video()["completed_at"].is_null());
  bench.queue.fail(lease_of(job), "no memory");  // tried again: it waits
  CHECK(video()["status"] == "queued");
  CHECK(video()["progress"] == 0);
  CHECK(video()["error"].is_null());
  bench.sources.now = 5'000'000;
  bench.finish_next();
  const Json completed = video();
  CHECK(completed["status"] == "completed");
  CHECK(completed["progress"] == 100);
  CHECK(completed["completed_at"] == 5000);
  CHECK(completed["expires_at"] == 5000 + 7 * 24 * 3600);
  CHECK(completed["error"].is_null());
}

TEST_CASE("videos: failed and cancelled ones say why") {
  ServiceBench bench;
  const std::string failed = ask_for_video(bench, "").json["id"], cancelled = ask_for_video(bench, "").json["id"];
  for (int i = 0; i < 2; ++i) bench.queue.fail(lease_of(bench.queue.claim("w").value()), "no memory");
  CHECK(bench.ask("POST", "/api/v1/jobs/" + cancelled.substr(6) + "/cancel").status == 200);
  const Json first = bench.ask("GET", "/v1/videos/" + failed).json,
             second = bench.ask("GET", "/v1/videos/" + cancelled).json;
  CHECK(second["status"] == "failed");
  CHECK(second["error"] == Json{{"code", "cancelled"}, {"message", "the video was cancelled"}});
  for (const Json& video : {first, second}) CHECK(video["completed_at"].is_null());
  const bool done = first["status"] == "failed";
  if (done) CHECK(first["error"] == Json{{"code", "generation_failed"}, {"message", "no memory"}});
  CHECK(done);
}

TEST_CASE("videos: a queued one is never reported as in progress, whatever happened to it") {
  ServiceBench bench;
  const std::string id = ask_for_video(bench, "").json["id"];
  for (int round = 0; round < 4; ++round) {
    CHECK(bench.ask("GET", "/v1/videos/" + id).json["status"] == "queued");
    const jobs::Job job = bench.queue.claim("w").value();
    bench.queue.heartbeat(lease_of(job), {"denoise", 2, 4});
    CHECK(bench.ask("GET", "/v1/videos/" + id).json["status"] == "in_progress");
    bench.queue.release(lease_of(job));
  }
}

TEST_CASE("videos: lists page in both orders") {
  ServiceBench bench;
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(ask_for_video(bench, "").json["id"]);
  const auto page = [&](const std::string& query) { return bench.ask("GET", "/v1/videos" + query).json; };
  const Json all = page("");
  CHECK(all["object"] == "list");
  CHECK(all["data"].size() == 5);
  CHECK(all["first_id"] == ids[4]);
  CHECK(all["last_id"] == ids[0]);
  CHECK(all["has_more"] == false);
  const Json first = page("?limit=2");
  CHECK(first["data"][1]["id"] == ids[3]);
  CHECK(first["has_more"] == true);
  const Json second = page("?limit=2&after=" + ids[3]);
  CHECK(second["first_id"] == ids[2]);
  CHECK(second["last_id"] == ids[1]);
  CHECK(page("?limit=2&after=" + ids[1])["has_more"] == false);
  const Json ascending = page("?order=asc&limit=2");
  CHECK(ascending["first_id"] == ids[0]);
  CHECK(page("?order=asc&limit=4&after=" + ids[1])["last_id"] == ids[4]);
  CHECK(page("?order=asc&limit=4&after=" + ids[1])["has_more"] == false);
  ServiceBench empty;
  const Json none = empty.ask("GET", "/v1/videos").json;
  CHECK(none["data"].empty());
  CHECK(none["first_id"].is_null());
  CHECK(none["last_id"].is_null());
}

TEST_CASE("videos: queries that are refused") {
  ServiceBench bench;
  const std::pair<const char*, const char*> kQueries[] = {{"limit=0", "limit"},
                                                          {"limit=101", "limit"},
                                                          {"limit=-1", "limit"},
                                                          {"limit=abc", "limit"},
                                                          {"limit=", "limit"},
                                                          {"limit=1.5", "limit"},
                                                          {"limit=+1", "limit"},
                                                          {"order=up", "order"},
                                                          {"order=", "order"},
                                                          {"after=nothing", "after"},
                                                          {"after=video_1", "after"},
                                                          {"limit=5&limit=6", "limit"},
                                                          {"after=video_00000000000000000000000000000099", "after"}};
  for (const auto& [query, param] : kQueries) {
    INFO(query);
    const Answer answer = bench.ask("GET", concat("/v1/videos?", query));
    CHECK(answer.status == 400);
    CHECK(answer.param() == param);
  }
}

TEST_CASE("videos: ids that are none are not found, for every operation") {
  ServiceBench bench;
  const std::string job = bench.submit();
  for (const std::string& id :
       {std::string("nothing"), std::string("video_"), std::string("video_1"), job, "video_" + std::string(32, 'g'),
        "video_" + std::string(33, '0'), std::string("video_%00")}) {
    for (const auto& [method, suffix] : {std::pair("GET", ""), std::pair("DELETE", ""), std::pair("GET", "/content")}) {
      INFO(method, " ", id, suffix);
      const Answer answer = bench.ask(method, "/v1/videos/" + id + suffix);
      CHECK(answer.status == (id == "video_%00" ? 400 : 404));
    }
  }
}

TEST_CASE("videos: deletion answers with the deletion object, and stops what runs") {
  ServiceBench bench;
  const std::string id = ask_for_video(bench, "").json["id"];
  const jobs::Job job = bench.queue.claim("w").value();
  const Answer answer = bench.ask("DELETE", "/v1/videos/" + id);
  CHECK(answer.status == 200);
  CHECK(answer.json == Json{{"id", id}, {"object", "video.deleted"}, {"deleted", true}});
  CHECK(refusal_of([&] { bench.queue.heartbeat(lease_of(job), {"denoise", 2, 3}); }) == jobs::Refusal::not_found);
  CHECK(bench.ask("GET", "/v1/videos/" + id).status == 404);
  CHECK(bench.ask("DELETE", "/v1/videos/" + id).status == 404);
}

TEST_CASE("videos: content in its variants, not before it is completed") {
  ServiceBench bench;
  const std::string id = ask_for_video(bench, "").json["id"], content = "/v1/videos/" + id + "/content";
  CHECK(bench.ask("GET", content).code() == "not_ready");
  bench.finish_next("0123456789");
  const Answer video = bench.ask("GET", content);
  CHECK(video.status == 200);
  CHECK(video.bytes() == "0123456789");
  CHECK(video.header("content-type") == "video/mp4");
  CHECK(bench.ask("GET", content + "?variant=video").bytes() == "0123456789");
  CHECK(bench.ask("GET", content + "?variant=thumbnail").header("content-type") == "image/png");
  CHECK(bench.ask("GET", content + "?variant=spritesheet").code() == "not_found");
  CHECK(bench.ask("GET", content + "?variant=other").param() == "variant");
  CHECK(bench.ask("GET", content, "", {{"range", "bytes=2-4"}}).bytes() == "234");
}

TEST_CASE("videos: methods that a path does not take") {
  ServiceBench bench;
  for (const auto& [method, path, allow] :
       {std::tuple("PUT", "/v1/videos", "GET, HEAD, POST"), std::tuple("DELETE", "/v1/videos", "GET, HEAD, POST"),
        std::tuple("POST", "/v1/videos/video_1", "DELETE, GET, HEAD"),
        std::tuple("PATCH", "/v1/videos/video_1", "DELETE, GET, HEAD"),
        std::tuple("POST", "/v1/videos/video_1/content", "GET, HEAD"),
        std::tuple("TRACE", "/v1/models", "GET, HEAD")}) {
    const Answer answer = bench.ask(method, path);
    INFO(method, " ", path);
    CHECK(answer.status == 405);
    CHECK(answer.header("allow") == allow);
  }
}

TEST_CASE("videos: the same idempotency key gives the same video, another request a conflict") {
  ServiceBench bench;
  const Headers headers{{"idempotency-key", "k1"}};
  const auto ask = [&](const char* body) { return bench.ask("POST", "/v1/videos", std::string(body), headers); };
  const Answer first = ask(R"({"prompt": "a", "seed": 1})"), again = ask(R"({"seed": 1, "prompt": "a"})");
  CHECK(first.json["id"] == again.json["id"]);
  const Answer other = ask(R"({"prompt": "b"})");
  CHECK(other.status == 409);
  CHECK(other.code() == "idempotency_conflict");
  CHECK(bench.ask("POST", "/v1/videos", std::string(R"({"prompt": "a"})"), {{"idempotency-key", ""}}).status == 400);
}

TEST_CASE("videos: a full queue is 429 with a time to wait") {
  ServiceBench bench(/*with_keys=*/false, {}, std::make_unique<MemoryStore>(), {.max_queued = 1});
  CHECK(ask_for_video(bench, "").status == 200);
  const Answer answer = ask_for_video(bench, "");
  CHECK(answer.status == 429);
  CHECK(answer.code() == "queue_full");
  CHECK(!answer.header("retry-after").empty());
}

TEST_CASE("videos: models") {
  ServiceBench bench;
  const Json models = bench.ask("GET", "/v1/models").json;
  CHECK(models["object"] == "list");
  CHECK(models["data"][0] == Json{{"id", "mini"}, {"object", "model"}, {"created", 0}, {"owned_by", "phonofilm"}});
}

}  // namespace phonofilm::test

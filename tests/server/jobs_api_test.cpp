// /api/v1: jobs, their files and uploads.
#include "server/server_helpers.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::server;

}  // namespace

TEST_CASE("api: a job from its submission to its files") {
  ServiceBench bench;
  const Answer created =
      bench.ask("POST", "/api/v1/jobs", Json{{"request", {{"prompt", "a"}, {"seed", 7}}}, {"retention_hours", 2}});
  REQUIRE(created.status == 201);
  const std::string path = created.header("location");
  CHECK(path == "/api/v1/jobs/" + created.json["id"].get<std::string>());
  const Json queued = bench.ask("GET", path).json;
  CHECK(queued["state"] == "queued");
  CHECK(queued["position"] == 1);
  CHECK(queued["request"] == Json{{"prompt", "a"}, {"seed", 7}});
  CHECK(queued["started_ms"].is_null());
  CHECK(queued["progress"] == Json{{"stage", nullptr}, {"step", 0}, {"steps", 0}, {"eta_ms", nullptr}});
  CHECK(queued["preview"].is_null());
  bench.sources.now = 2'000'000;
  bench.finish_next();
  const Json done = bench.ask("GET", path).json;
  CHECK(done["state"] == "succeeded");
  CHECK(done["position"].is_null());
  CHECK(done["expires_ms"] == 2'000'000 + 2 * 3'600'000);
  REQUIRE(done["files"].size() == 2);
  CHECK(done["files"][0] ==
        Json{{"name", "film.mp4"}, {"type", "video/mp4"}, {"bytes", 10}, {"url", path + "/files/film.mp4"}});
}

TEST_CASE("api: previews of a running job, which stay beside its film") {
  ServiceBench bench;
  const std::string path = "/api/v1/jobs/" + bench.submit();
  const jobs::Job job = bench.queue.claim("w").value();
  CHECK(bench.ask("GET", path + "/files/preview.jpg").code() == "not_ready");
  bench.artifacts.replace(job.id, job.lease.token, "preview.jpg",
                          [](const std::string& file) { write_bytes(file, "jpg"); });
  bench.queue.heartbeat(lease_of(job), {"denoise", 1, 4, 9000, 3});
  const Json json = bench.ask("GET", path).json;
  CHECK(json["progress"]["eta_ms"] == 9000);
  CHECK(json["preview"]["sequence"] == 3);
  CHECK(json["preview"]["files"][0]["url"] == path + "/files/preview.jpg");
  CHECK(bench.ask("GET", path + "/files/preview.jpg?v=3").bytes() == "jpg");
  const Answer listener = bench.ask("GET", path + "/events");
  CHECK(!bench.artifacts.watched(job.id, 60'000));
  bench.events.watch_jobs();
  CHECK(bench.artifacts.watched(job.id, 60'000));
  bench.artifacts.publish(job.id, job.lease.token, "film.mp4",
                          [](const std::string& file) { write_bytes(file, "0123456789"); });
  bench.queue.succeed(lease_of(job), {"film.mp4"});
  CHECK(bench.ask("GET", path).json["preview"].is_null());
  CHECK(bench.ask("GET", path + "/files/preview.jpg?v=3").bytes() == "jpg");
}

TEST_CASE("api: pages move neither twice nor past a job that comes or goes") {
  ServiceBench bench;
  std::vector<std::string> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(bench.submit());
  const Json first = bench.ask("GET", "/api/v1/jobs?limit=2").json;
  CHECK(first["jobs"][0]["id"] == ids[5]);
  bench.submit();
  CHECK(bench.ask("DELETE", "/api/v1/jobs/" + ids[4]).status == 204);
  const Json second = bench.ask("GET", "/api/v1/jobs?limit=2&cursor=" + first["next"].get<std::string>()).json;
  CHECK(second["jobs"][0]["id"] == ids[3]);
  const Json oldest = bench.ask("GET", "/api/v1/jobs?order=asc&limit=1").json;
  CHECK(oldest["jobs"][0]["id"] == ids[0]);
  CHECK(bench.ask("GET", "/api/v1/jobs?order=asc&limit=1&cursor=" + oldest["next"].get<std::string>())
            .json["jobs"][0]["id"] == ids[1]);
  bench.queue.claim("w");
  CHECK(bench.ask("GET", "/api/v1/jobs?state=running").json["jobs"].size() == 1);
  CHECK(bench.ask("GET", "/api/v1/jobs?state=queued").json["jobs"].size() == 5);
  for (const char* query : {"state=idle", "limit=0", "limit=1000", "cursor=x", "cursor=-1", "order=random",
                            "order=place", "order=place&state=running", "order=place&state=queued&cursor=7"}) {
    INFO(query);
    CHECK(bench.ask("GET", concat("/api/v1/jobs?", query)).status == 400);
  }
}

TEST_CASE("api: waiting jobs are changed and moved, running ones are not") {
  ServiceBench bench;
  const std::string a = bench.submit("a"), b = bench.submit("b"), c = bench.submit("c");
  CHECK(bench.ask("PATCH", "/api/v1/jobs/" + b, Json{{"request", {{"prompt", "new"}}}}).json["request"]["prompt"] ==
        "new");
  CHECK(bench.ask("POST", "/api/v1/jobs/" + c + "/move", Json{{"before", a}}).json["position"] == 1);
  CHECK(bench.ask("POST", "/api/v1/jobs/" + a + "/move", Json{{"before", nullptr}}).json["position"] == 3);
  const Json first = bench.ask("GET", "/api/v1/jobs?state=queued&order=place&limit=2").json;
  CHECK(first["jobs"][0]["id"] == c);
  CHECK(first["jobs"][1]["id"] == b);
  const std::string cursor = first["next"];
  CHECK(bench.ask("GET", "/api/v1/jobs?state=queued&order=place&cursor=" + cursor).json["jobs"][0]["id"] == a);
  CHECK(bench.ask("PATCH", "/api/v1/jobs/" + a, Json{{"priority", 2}}).json["position"] == 1);
  bench.queue.claim("w");
  CHECK(bench.ask("PATCH", "/api/v1/jobs/" + a, Json{{"priority", 3}}).code() == "wrong_state");
  CHECK(bench.ask("POST", "/api/v1/jobs/" + a + "/move", Json{{"before", b}}).code() == "wrong_state");
  CHECK(bench.ask("POST", "/api/v1/jobs/" + a + "/cancel").json["state"] == "cancelled");
  CHECK(bench.ask("POST", "/api/v1/jobs/" + a + "/cancel").status == 200);
  for (const char* body :
       {"{}", R"({"state": "failed"})", R"({"request": 5})", R"({"request": {}})",
        R"({"request": {"prompt": "x", "steps": 5000}})", R"({"priority": "1"})", R"({"priority": 1.5})", "x"}) {
    INFO(body);
    CHECK(bench.ask("PATCH", "/api/v1/jobs/" + b, std::string(body)).status == 400);
  }
  CHECK(bench.ask("POST", "/api/v1/jobs/" + b + "/move", std::string("{}")).param() == "before");
}

TEST_CASE("api: submissions that are refused leave nothing") {
  ServiceBench bench;
  for (const char* body :
       {"", "[]", "{}", R"({"request": {}})", R"({"request": {"prompt": "a"}, "more": 1})", R"({"prompt": "a"})",
        R"({"request": {"prompt": "a"}, "priority": "x"})", R"({"request": {"prompt": "a"}, "retention_hours": -2})",
        R"({"request": {"prompt": "a", "voices": ["x"]}})", R"({"request": {"prompt": "a", "voices": [5]}})"}) {
    INFO(body);
    CHECK(bench.ask("POST", "/api/v1/jobs", std::string(body), {{"content-type", "application/json"}}).status == 400);
  }
  const Answer flat = bench.ask("POST", "/api/v1/jobs", Json{{"prompt", "a"}});
  CHECK(flat.json.value("/error/message"_json_pointer, "").find("there are request, priority") != std::string::npos);
  CHECK(bench.ask("POST", "/api/v1/jobs", std::string("{}"), {{"content-type", "text/plain"}}).status == 415);
  CHECK(bench.ask("POST", "/api/v1/jobs", std::string(2 << 20, ' ')).status == 413);
  CHECK(bench.queue.list({.admin = true}).jobs.empty());
  CHECK(bench.artifacts.jobs().empty());
}

TEST_CASE("api: files that go with a job are kept under its id, and can be used again") {
  ServiceBench bench;
  const Answer created = bench.ask("POST", "/api/v1/jobs",
                                   form_body({{"request", R"({"prompt": "a"})"},
                                              {"priority", "3"},
                                              {"image", "\x89PNG\r\n\x1a\n....", "../../x.png", "image/png"},
                                              {"voices", "RIFF", "v.wav", "audio/wav"},
                                              {"voices", "second", "w.wav", "audio/wav"}}),
                                   form_headers());
  REQUIRE(created.status == 201);
  CHECK(created.json["request"] == Json{{"prompt", "a"}, {"image", "image"}, {"voices", {"voice.0", "voice.1"}}});
  CHECK(created.json["priority"] == 3);
  CHECK(created.json["inputs"].size() == 3);
  const std::string id = created.json["id"], files = "/api/v1/jobs/" + id + "/files/";
  const Answer image = bench.ask("GET", files + "image"), voice = bench.ask("GET", files + "voice.1");
  CHECK(image.header("content-type") == "image/png");
  CHECK(voice.header("content-type") == "application/octet-stream");
  CHECK(voice.bytes() == "second");
  for (const Answer& answer : {image, voice}) {
    CHECK(answer.header("content-disposition").starts_with("attachment; filename=\""));
    CHECK(answer.header("content-security-policy") == "default-src 'none'; sandbox");
    CHECK(answer.header("x-content-type-options") == "nosniff");
  }
  const Json again{{"request", {{"prompt", "b"}, {"image", id + "/image"}, {"voices", {"", id + "/voice.0"}}}}};
  const Answer second = bench.ask("POST", "/api/v1/jobs", again);
  REQUIRE(second.status == 201);
  CHECK(second.json["request"]["voices"] == Json{"", "voice.1"});
  const std::string other = second.json["id"];
  CHECK(bytes_of(bench.artifacts.path(other, std::string(jobs::kUploads), "voice.1")) == "RIFF");
  CHECK(bench.ask("DELETE", "/api/v1/jobs/" + id).status == 204);
  CHECK(bench.ask("GET", "/api/v1/jobs/" + other + "/files/image").status == 200);
  // What a waiting job was given stays its own: an edit keeps or drops it.
  const auto edit = [&](const Json& request) {
    return bench.ask("PATCH", "/api/v1/jobs/" + other, Json{{"request", request}}).status;
  };
  CHECK(edit({{"prompt", "c"}, {"image", "image"}}) == 200);
  CHECK(edit({{"prompt", "c"}, {"image", id + "/image"}}) == 400);
  CHECK(edit({{"prompt", "c"}}) == 200);
}

TEST_CASE("api: sounds and films are given, also the film that an earlier job became") {
  ServiceBench bench;
  const std::string body = form_body({{"request", R"({"prompt": "a"})"}, {"audio_file", "ftyp", "s.mp4", "video/mp4"}});
  const Answer sound = bench.ask("POST", "/api/v1/jobs", body, form_headers());
  REQUIRE(sound.status == 201);
  CHECK(sound.json["request"] == Json{{"prompt", "a"}, {"audio_file", "audio_file"}});
  const std::string id = sound.json["id"];
  const auto go_on = [&](const std::string& from) {
    return bench.ask("POST", "/api/v1/jobs", Json{{"request", {{"prompt", "b"}, {"extend", from}}}});
  };
  CHECK(go_on(id + "/film.mp4").status == 400);  // not before it is there
  bench.finish_next("the film");
  const Answer second = go_on(id + "/film.mp4");
  REQUIRE(second.status == 201);
  CHECK(second.json["request"]["extend"] == "extend");
  const std::string run(jobs::kUploads), other = second.json["id"];
  CHECK(bytes_of(bench.artifacts.path(other, run, "extend")) == "the film");
  for (const char* wrong : {"/latents.safetensors", "/settings.json", "/../film.mp4", "/"}) {
    CAPTURE(wrong);
    CHECK(go_on(id + wrong).param() == "extend");
  }
}

TEST_CASE("api: forms with too many files, unknown parts and files in the wrong place") {
  ServiceBench bench;
  const FormPart request{"request", R"({"prompt": "a"})"}, voice{"voices", "RIFF", "v.wav", "audio/wav"},
      picture{"image", "PNG", "x.png", "image/png"};
  for (const std::vector<FormPart>& parts :
       std::vector<std::vector<FormPart>>{{voice},
                                          {request, voice, voice, voice},
                                          {request, picture, picture},
                                          {request, request},
                                          {request, {"other", "x"}},
                                          {request, {"seed", "file", "x.png", "image/png"}},
                                          {request, {"priority", "high"}},
                                          {{"request", R"({"prompt": "a", "image": "x"})"}, picture},
                                          {{"request", "[]"}, picture},
                                          {request, {"image", "", "x.png", "image/png"}}}) {
    INFO(parts.back().name);
    CHECK(bench.ask("POST", "/api/v1/jobs", form_body(parts), form_headers()).status == 400);
  }
  CHECK(bench.ask("POST", "/api/v1/jobs", form_body({request, {"voices", "x", "v.mp4", "video/mp4"}}), form_headers())
            .status == 415);
  CHECK(bench.ask("POST", "/api/v1/jobs", std::string("x"), {{"content-type", "multipart/form-data"}}).code() ==
        "invalid_multipart");
  CHECK(bench.artifacts.jobs().empty());
}

TEST_CASE("api: the same key and the same files give the same job") {
  ServiceBench bench;
  const auto submit = [&](const char* prompt, const char* picture) {
    const std::string body =
        form_body({{"request", Json{{"prompt", prompt}}.dump()}, {"image", picture, "x.png", "image/png"}});
    return bench.ask("POST", "/api/v1/jobs", body, form_headers({{"idempotency-key", "k"}}));
  };
  const Answer first = submit("a", "PNG");
  CHECK(submit("a", "PNG").json["id"] == first.json["id"]);
  CHECK(submit("b", "PNG").code() == "idempotency_conflict");
  CHECK(submit("a", "GNP").code() == "idempotency_conflict");
  CHECK(submit("a", "longer").code() == "idempotency_conflict");
  CHECK(bench.queue.list({.admin = true}).jobs.size() == 1);
  // Nothing stays of what was sent in vain.
  CHECK(bench.artifacts.jobs() == std::vector<std::string>{first.json["id"]});
  CHECK(bench.artifacts.bytes() == 3);
}

TEST_CASE("api: uploads come back as attachments, and go") {
  ServiceBench bench;
  const Answer upload = bench.ask("POST", "/api/v1/uploads", "<html>",
                                  {{"content-type", "image/png"}, {"x-upload-name", "c%C3%A4t%22.png"}});
  REQUIRE(upload.status == 201);
  const std::string path = "/api/v1/uploads/" + upload.json["id"].get<std::string>();
  CHECK(upload.json["name"] == "cät\".png");
  const Answer got = bench.ask("GET", path);
  CHECK(got.bytes() == "<html>");
  CHECK(got.header("content-type") == "image/png");
  CHECK(got.header("content-disposition") == "attachment; filename=\"c__t_.png\"");
  CHECK(bench.ask("DELETE", path).status == 204);
  CHECK(bench.ask("GET", path).status == 404);
  for (const char* type :
       {"text/html", "image/svg+xml", "application/json", "application/octet-stream", "video/x-matroska", "x"}) {
    INFO(type);
    CHECK(bench.ask("POST", "/api/v1/uploads", "bytes", {{"content-type", type}}).status == 415);
  }
  CHECK(bench.ask("POST", "/api/v1/uploads", "", {{"content-type", "image/png"}}).status == 400);
  CHECK(bench.ask("POST", "/api/v1/uploads", "x", {{"content-type", "image/png"}, {"x-upload-name", "%zz"}}).status ==
        400);
}

TEST_CASE("api: uploads are swept a day after their last use") {
  const QuickFolder folder;
  jobs::Time now = jobs::wall_clock();
  jobs::UploadFolder uploads(folder.file("uploads"), {.quota = 100, .clock = [&] { return now; }});
  const auto add = [&](size_t bytes) {
    return uploads
        .add({.owner = "a", .type = "image/png"},
             [&](const std::string& path) { write_bytes(path, std::string(bytes, 'x')); })
        .id;
  };
  const std::string first = add(4), second = add(4);
  write_bytes(folder.file("uploads/.half.1.tmp"), "half");
  now += 23 * 3'600'000;
  uploads.use(second, [](const std::string&) {});
  CHECK(uploads.sweep() == 0);
  now += 2 * 3'600'000;
  CHECK(uploads.sweep() == 1);
  CHECK(refusal_of([&] { uploads.get(first); }) == jobs::Refusal::not_found);
  CHECK(uploads.get(second).bytes == 4);
  CHECK(!is_file(folder.file("uploads/.half.1.tmp")));
  CHECK(!is_file(folder.file("uploads/" + first + ".json")));
  CHECK_THROWS_AS(add(10'000), ResourceError);
}

TEST_CASE("api: films in parts, by their tags, and by HEAD") {
  ServiceBench bench;
  const std::string path = "/api/v1/jobs/" + bench.submit() + "/files/film.mp4";
  bench.finish_next("0123456789");
  const Answer whole = bench.ask("GET", path);
  CHECK(whole.bytes() == "0123456789");
  CHECK(whole.header("accept-ranges") == "bytes");
  const std::string tag = whole.header("etag");
  const Answer part = bench.ask("GET", path, "", {{"range", "bytes=2-4"}});
  CHECK(part.status == 206);
  CHECK(part.bytes() == "234");
  CHECK(part.header("content-range") == "bytes 2-4/10");
  const Answer behind = bench.ask("GET", path, "", {{"range", "bytes=10-"}});
  CHECK(behind.status == 416);
  CHECK(behind.header("content-range") == "bytes */10");
  CHECK(bench.ask("GET", path, "", {{"if-none-match", tag}}).status == 304);
  CHECK(bench.ask("GET", path, "", {{"if-none-match", "\"x\""}}).status == 200);
  CHECK(bench.ask("GET", path, "", {{"range", "bytes=2-4"}, {"if-range", tag}}).status == 206);
  CHECK(bench.ask("GET", path, "", {{"range", "bytes=2-4"}, {"if-range", "\"x\""}}).status == 200);
  CHECK(bench.ask("HEAD", path).response.length() == 10);
  CHECK(bench.ask("GET", path + "?download=1").header("content-disposition").find("film.mp4") != std::string::npos);
  for (const char* name :
       {"latents.safetensors", "settings.json", "film.mp5", "..", "%2e%2e%2ffilm.mp4", "tmp.film.mp4", "watched"}) {
    INFO(name);
    CHECK(bench.ask("GET", path.substr(0, path.rfind('/') + 1) + name).status >= 400);
  }
}

}  // namespace phonofilm::test

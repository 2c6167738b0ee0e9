// /v1/videos against its public description, case by case, and the faults that other servers shipped.
#include "server/server_helpers.h"

namespace phonofilm::test {
namespace {

int cases = 0;  // of all tables of this file, for the last test

std::string png() { return "\x89PNG\r\n\x1a\n and so on"; }

// The part of a body between its braces, beside a prompt.
Answer create(ServiceBench& bench, const std::string& members) {
  return bench.ask("POST", "/v1/videos", R"({"prompt": "a bell")" + (members.empty() ? "" : ", " + members) + "}");
}

struct Refused {
  const char *body, *code, *param;
};

}  // namespace

TEST_CASE("videos: a new video has every member, in its type") {
  ServiceBench bench;
  const Answer answer = create(bench, "");
  REQUIRE(answer.status == 200);
  const Json& video = answer.json;
  const char* kMembers[] = {"id",           "object",     "model",  "status", "progress", "created_at",
                            "completed_at", "expires_at", "prompt", "size",   "seconds",  "remixed_from_video_id",
                            "error"};
  for (const char* member : kMembers) {
    INFO(member);
    CHECK(video.contains(member));
    ++cases;
  }
  CHECK(video.size() == std::size(kMembers));
  CHECK(video["id"].get<std::string>().starts_with("video_"));
  CHECK(video["object"] == "video");
  CHECK(video["model"] == "mini");
  CHECK(video["status"] == "queued");
  CHECK(video["progress"] == 0);
  CHECK(video["created_at"] == 1000);
  CHECK(video["completed_at"].is_null());
  CHECK(video["expires_at"].is_null());
  CHECK(video["prompt"] == "a bell");
  CHECK(video["size"] == "96x96");
  CHECK(video["seconds"] == "1.5");
  CHECK(video["remixed_from_video_id"].is_null());
  CHECK(video["error"].is_null());
  CHECK(answer.header("content-type") == "application/json; charset=utf-8");
  cases += 14;
}

TEST_CASE("videos: what create takes, and what the film is then asked for") {
  struct Taken {
    const char *members, *field, *value;
  };
  const Taken kTaken[] = {
      {R"("model": "mini")", "/prompt", R"("a bell")"},
      {R"("model": "other")", "/prompt", R"("a bell")"},
      {R"("model": null)", "/prompt", R"("a bell")"},
      {R"("seconds": "4")", "/seconds", "4.0"},
      {R"("seconds": "8")", "/seconds", "8.0"},
      {R"("seconds": "12")", "/seconds", "12.0"},
      {R"("seconds": "2.5")", "/seconds", "2.5"},
      {R"("seconds": null)", "/prompt", R"("a bell")"},
      {R"("size": "1280x720")", "/width", "1280"},
      {R"("size": "1280x720")", "/height", "720"},
      {R"("size": "720x1280")", "/height", "1280"},
      {R"("size": null)", "/prompt", R"("a bell")"},
      {R"("width": 640, "height": 480)", "/width", "640"},
      {R"("seed": 7)", "/seed", "7"},
      {R"("seed": 0)", "/seed", "0"},
      {R"("num_inference_steps": 12)", "/steps", "12"},
      {R"("steps": 12)", "/steps", "12"},
      {R"("guidance_scale": 3.5)", "/text_guidance", "3.5"},
      {R"("guidance_scale": 3)", "/text_guidance", "3"},
      {R"("negative_prompt": "noise")", "/negative_prompt", R"("noise")"},
      {R"("audio": false)", "/audio", "false"},
      {R"("solver": "euler")", "/solver", R"("euler")"},
      {R"("sizes": [1, 2])", "/sizes", "[1,2]"},
      {R"("input_reference": null)", "/prompt", R"("a bell")"},
      {R"("negative_prompt": "\u00e9\ud83d\udd14")", "/negative_prompt", "\"\u00e9\U0001F514\""},
  };
  for (const Taken& taken : kTaken) {
    INFO(taken.members);
    ServiceBench bench;
    const Answer answer = create(bench, taken.members);
    REQUIRE(answer.status == 200);
    const Json request = Json::parse(bench.queue.list({.admin = true}).jobs.at(0).request);
    CHECK(request.at(Json::json_pointer(taken.field)) == Json::parse(taken.value));
    ++cases;
  }
}

TEST_CASE("videos: size and seconds are texts, as they were asked for") {
  ServiceBench bench;
  const Json video = create(bench, R"("size": "1280x720", "seconds": "4")").json;
  CHECK(video["size"] == "1280x720");
  CHECK(video["seconds"] == "4");
  cases += 2;
}

TEST_CASE("videos: what create refuses, with code and parameter") {
  const std::string long_prompt = R"({"prompt": ")" + std::string(32'001, 'a') + "\"}";
  const Refused kRefused[] = {
      {"{}", "missing_value", "prompt"},
      {R"({"prompt": ""})", "missing_value", "prompt"},
      {R"({"prompt": null})", "missing_value", "prompt"},
      {R"({"prompt": 5})", "invalid_value", "prompt"},
      {R"({"prompt": ["a"]})", "invalid_value", "prompt"},
      {R"({"prompt": {"a": 1}})", "invalid_value", "prompt"},
      {R"({"prompt": "refuse me"})", "invalid_value", ""},
      {long_prompt.c_str(), "invalid_value", "prompt"},
      {R"({"prompt": "a", "model": "sora"})", "model_not_found", "model"},
      {R"({"prompt": "a", "model": ""})", "model_not_found", "model"},
      {R"({"prompt": "a", "model": 3})", "model_not_found", "model"},
      {R"({"prompt": "a", "seconds": 4})", "invalid_value", "seconds"},
      {R"({"prompt": "a", "seconds": "four"})", "invalid_value", "seconds"},
      {R"({"prompt": "a", "seconds": ""})", "invalid_value", "seconds"},
      {R"({"prompt": "a", "seconds": "0"})", "invalid_value", "seconds"},
      {R"({"prompt": "a", "seconds": "-4"})", "invalid_value", "seconds"},
      {R"({"prompt": "a", "seconds": "4s"})", "invalid_value", "seconds"},
      {R"({"prompt": "a", "seconds": " 4"})", "invalid_value", "seconds"},
      {R"({"prompt": "a", "seconds": "inf"})", "invalid_value", "seconds"},
      {R"({"prompt": "a", "seconds": "nan"})", "invalid_value", "seconds"},
      {R"({"prompt": "a", "seconds": "1e3"})", "invalid_value", "seconds"},
      {R"({"prompt": "a", "seconds": "601"})", "invalid_value", "seconds"},
      {R"({"prompt": "a", "seconds": ["4"]})", "invalid_value", "seconds"},
      {R"({"prompt": "a", "size": "1280"})", "invalid_value", "size"},
      {R"({"prompt": "a", "size": "x"})", "invalid_value", "size"},
      {R"({"prompt": "a", "size": "1280x"})", "invalid_value", "size"},
      {R"({"prompt": "a", "size": "x720"})", "invalid_value", "size"},
      {R"({"prompt": "a", "size": "-1x720"})", "invalid_value", "size"},
      {R"({"prompt": "a", "size": "+1x720"})", "invalid_value", "size"},
      {R"({"prompt": "a", "size": "0x0"})", "invalid_value", "size"},
      {R"({"prompt": "a", "size": "1280x720x3"})", "invalid_value", "size"},
      {R"({"prompt": "a", "size": "1280*720"})", "invalid_value", "size"},
      {R"({"prompt": "a", "size": "1280 x 720"})", "invalid_value", "size"},
      {R"({"prompt": "a", "size": "99999999999999999999x1"})", "invalid_value", "size"},
      {R"({"prompt": "a", "size": 720})", "invalid_value", "size"},
      {R"({"prompt": "a", "size": "5000x720"})", "invalid_value", "width"},
      {R"({"prompt": "a", "size": "64x64", "width": 64})", "invalid_value", "size"},
      {R"({"prompt": "a", "width": -1})", "invalid_value", "width"},
      {R"({"prompt": "a", "width": 1.5})", "invalid_value", "width"},
      {R"({"prompt": "a", "width": "64"})", "invalid_value", "width"},
      {R"({"prompt": "a", "seed": -1})", "invalid_value", "seed"},
      {R"({"prompt": "a", "seed": 18446744073709551615})", "invalid_value", "seed"},
      {R"({"prompt": "a", "seed": 1e30})", "invalid_value", "seed"},
      {R"({"prompt": "a", "seed": true})", "invalid_value", "seed"},
      {R"({"prompt": "a", "num_inference_steps": 1001})", "invalid_value", "steps"},
      {R"({"prompt": "a", "num_inference_steps": -1})", "invalid_value", "steps"},
      {R"({"prompt": "a", "num_inference_steps": 3, "steps": 3})", "invalid_value", "steps"},
      {R"({"prompt": "a", "guidance_scale": 101})", "invalid_value", "text_guidance"},
      {R"({"prompt": "a", "guidance_scale": "3"})", "invalid_value", "text_guidance"},
      {R"({"prompt": "a", "negative_prompt": 3})", "invalid_value", "negative_prompt"},
      {R"({"prompt": "a", "audio": 1})", "invalid_value", "audio"},
      {R"({"prompt": "a", "solver": "eulr"})", "invalid_value", "solver"},
      {R"({"prompt": "a", "sizes": [10]})", "invalid_value", "sizes"},
      {R"({"prompt": "a", "sizes": 1})", "invalid_value", "sizes"},
      {R"({"prompt": "a", "promt": "b"})", "unknown_field", "promt"},
      {R"({"prompt": "a", "fps": 24})", "unknown_field", "fps"},
      {R"({"prompt": "a", "": 1})", "unknown_field", ""},
      {R"({"prompt": "a", "__proto__": {}})", "unknown_field", "__proto__"},
      {R"({"prompt": "a", "image": "nobody's"})", "invalid_value", "image"},
      {R"({"prompt": "a", "image": "00000000000000000000000000000009"})", "invalid_value", "image"},
      {R"({"prompt": "a", "image": "../../etc/passwd"})", "invalid_value", "image"},
      {R"({"prompt": "a", "input_reference": "cat.png"})", "invalid_value", "input_reference"},
      {R"({"prompt": "a", "input_reference": {}})", "invalid_value", "input_reference"},
      {R"({"prompt": "a", "input_reference": []})", "invalid_value", "input_reference"},
      {R"({"prompt": "a", "input_reference": {"url": "x"}})", "invalid_value", "input_reference"},
      {R"({"prompt": "a", "input_reference": {"file_id": 5}})", "invalid_value", "input_reference"},
      {R"({"prompt": "a", "input_reference": {"file_id": "a", "image_url": "b"}})", "invalid_value", "input_reference"},
      {R"({"prompt": "a", "input_reference": {"image_url": 5}})", "invalid_value", "input_reference"},
      {R"({"prompt": "a", "input_reference": {"image_url": "http://127.0.0.1/x.png"}})", "invalid_value",
       "input_reference"},
      {R"({"prompt": "a", "input_reference": {"image_url": "https://example.org/x.png"}})", "invalid_value",
       "input_reference"},
      {R"({"prompt": "a", "input_reference": {"image_url": "file:///etc/passwd"}})", "invalid_value",
       "input_reference"},
      {R"({"prompt": "a", "input_reference": {"image_url": "data:image/png,xx"}})", "invalid_value", "input_reference"},
      {R"({"prompt": "a", "input_reference": {"image_url": "data:image/png;base64,a"}})", "invalid_value",
       "input_reference"},
      {R"({"prompt": "a", "input_reference": {"image_url": "data:image/png;base64,a==="}})", "invalid_value",
       "input_reference"},
      {R"({"prompt": "a", "input_reference": {"image_url": "data:image/png;base64,"}})", "invalid_value", "image"},
      {"[]", "invalid_json", ""},
      {"null", "invalid_json", ""},
      {"5", "invalid_json", ""},
      {"\"text\"", "invalid_json", ""},
      {"{", "invalid_json", ""},
      {R"({"prompt": "a",})", "invalid_json", ""},
      {R"({"prompt": "a"} x)", "invalid_json", ""},
      {R"({'prompt': 'a'})", "invalid_json", ""},
      {R"({"prompt": "a", "prompt": "b"})", "invalid_json", ""},
      {R"(/* c */ {"prompt": "a"})", "invalid_json", ""},
      {R"({"prompt": NaN})", "invalid_json", ""},
      {"{\"prompt\": \"\xff\"}", "invalid_json", ""},
      {R"({"prompt": "\ud800"})", "invalid_json", ""},
      {R"({"prompt": "a", "seed": 1e999})", "invalid_json", ""},
  };
  for (const Refused& refused : kRefused) {
    ServiceBench bench;
    const Answer answer = bench.ask("POST", "/v1/videos", std::string(refused.body));
    INFO(std::string(refused.body).substr(0, 100), " -> ", answer.response.body);
    CHECK(answer.status == 400);
    CHECK(answer.json["error"]["type"] == "invalid_request_error");
    CHECK(answer.code() == refused.code);
    CHECK(answer.param() == refused.param);
    CHECK(answer.json["error"].size() == 4);
    CHECK(bench.queue.list({.admin = true}).jobs.empty());
    ++cases;
  }
}

TEST_CASE("videos: a prompt of 32 000 characters is taken, also of several bytes each") {
  ServiceBench bench;
  std::string prompt;
  for (int i = 0; i < 32'000; ++i) prompt += "é";
  CHECK(bench.ask("POST", "/v1/videos", Json{{"prompt", prompt}}).status == 200);
  CHECK(bench.ask("POST", "/v1/videos", Json{{"prompt", prompt + "é"}}).status == 400);
  cases += 2;
}

TEST_CASE("videos: content types of create") {
  const std::pair<const char*, int> kTypes[] = {{"application/json", 200},
                                                {"application/json; charset=utf-8", 200},
                                                {"Application/JSON", 200},
                                                {"text/plain", 415},
                                                {"application/x-www-form-urlencoded", 415},
                                                {"text/json", 415},
                                                {"application/json+evil", 415},
                                                {"json", 415},
                                                {"", 415}};
  for (const auto& [type, status] : kTypes) {
    INFO(type);
    ServiceBench bench;
    CHECK(bench.ask("POST", "/v1/videos", std::string(R"({"prompt": "a"})"), {{"content-type", type}}).status ==
          status);
    ++cases;
  }
}

TEST_CASE("videos: forms give the same as JSON") {
  ServiceBench bench;
  const Answer answer = bench.ask("POST", "/v1/videos",
                                  form_body({{"prompt", "a bell"},
                                             {"model", "mini"},
                                             {"seconds", "4"},
                                             {"size", "640x480"},
                                             {"seed", "7"},
                                             {"num_inference_steps", "12"},
                                             {"guidance_scale", "3.5"},
                                             {"audio", "false"},
                                             {"sizes", "[1, 2]"},
                                             {"negative_prompt", "12"},
                                             {"input_reference", png(), "cat.png", "image/png"}}),
                                  form_headers());
  REQUIRE(answer.status == 200);
  const jobs::Job job = bench.queue.list({.admin = true}).jobs.at(0);
  const Json expected{{"prompt", "a bell"},      {"seconds", 4.0},  {"width", 640},
                      {"height", 480},           {"seed", 7},       {"steps", 12},
                      {"text_guidance", 3.5},    {"audio", false},  {"sizes", {1, 2}},
                      {"negative_prompt", "12"}, {"image", "image"}};
  CHECK(Json::parse(job.request) == expected);
  CHECK(bytes_of(bench.artifacts.path(job.id, std::string(jobs::kUploads), "image")) == png());
  cases += 12;
}

TEST_CASE("videos: forms that are refused leave no job and no file") {
  struct Form {
    std::vector<FormPart> parts;
    int status;
    const char *code, *param;
  };
  const std::vector<Form> forms{
      {{{"seed", "7"}}, 400, "missing_value", "prompt"},
      {{{"prompt", "a"}, {"prompt", "b"}}, 400, "invalid_value", "prompt"},
      {{{"prompt", "a"}, {"seed", "seven"}}, 400, "invalid_value", "seed"},
      {{{"prompt", "a"}, {"seed", ""}}, 400, "invalid_value", "seed"},
      {{{"prompt", "a"}, {"seed", "-1"}}, 400, "invalid_value", "seed"},
      {{{"prompt", "a"}, {"seed", "{}"}}, 400, "invalid_value", "seed"},
      {{{"prompt", "a"}, {"audio", "yes"}}, 400, "invalid_value", "audio"},
      {{{"prompt", "a"}, {"promt", "b"}}, 400, "unknown_field", "promt"},
      {{{"prompt", "a"}, {"seconds", "x"}}, 400, "invalid_value", "seconds"},
      {{{"prompt", "\xff"}}, 400, "invalid_value", "prompt"},
      {{{"prompt", "a"}, {"input_reference", png(), "a.html", "text/html"}}, 415, "unsupported_media_type", "image"},
      {{{"prompt", "a"}, {"input_reference", png(), "a.svg", "image/svg+xml"}}, 415, "unsupported_media_type", "image"},
      {{{"prompt", "a"}, {"input_reference", png(), "a.mp4", "video/mp4"}}, 415, "unsupported_media_type", "image"},
      {{{"prompt", "a"}, {"input_reference", png(), "a.png"}}, 415, "unsupported_media_type", "image"},
      {{{"prompt", "a"}, {"input_reference", "", "a.png", "image/png"}}, 400, "invalid_value", "image"},
      {{{"prompt", "a"}, {"picture", png(), "a.png", "image/png"}}, 400, "unknown_field", "picture"},
      {{{"prompt", "a"}, {"image", png(), "a.png", "image/png"}, {"input_reference", png(), "b.png", "image/png"}},
       400,
       "invalid_value",
       "image"},
  };
  for (const Form& form : forms) {
    ServiceBench bench;
    const Answer answer = bench.ask("POST", "/v1/videos", form_body(form.parts), form_headers());
    INFO(form.parts.back().name, " -> ", answer.response.body);
    CHECK(answer.status == form.status);
    CHECK(answer.code() == form.code);
    CHECK(answer.param() == form.param);
    CHECK(bench.artifacts.jobs().empty());
    CHECK(bench.queue.list({.admin = true}).jobs.empty());
    ++cases;
  }
}

TEST_CASE("videos: a reference as an upload's id and as a data URL") {
  ServiceBench bench;
  const Answer upload = bench.ask("POST", "/api/v1/uploads", png(), {{"content-type", "image/png"}});
  REQUIRE(upload.status == 201);
  const std::string id = upload.json["id"];
  CHECK(create(bench, R"("input_reference": {"file_id": ")" + id + "\"}").status == 200);
  CHECK(create(bench, R"("input_reference": {"image_url": "data:image/png;base64,iVBORw=="})").status == 200);
  for (const jobs::Job& job : bench.queue.list({.admin = true}).jobs) {
    CHECK(bench.artifacts.has(job.id, jobs::kUploads, "image"));
  }
  cases += 2;
}

TEST_CASE("videos: status follows the job and nothing else") {
  ServiceBench bench;
  const std::string id = create(bench, "").json["id"];
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
  cases += 12;
}

TEST_CASE("videos: failed and cancelled ones say why") {
  ServiceBench bench;
  const std::string failed = create(bench, "").json["id"], cancelled = create(bench, "").json["id"];
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
  cases += 5;
}

TEST_CASE("videos: a queued one is never reported as in progress, whatever happened to it") {
  ServiceBench bench;
  const std::string id = create(bench, "").json["id"];
  int looks = 0;
  for (int round = 0; round < 4; ++round) {
    CHECK(bench.ask("GET", "/v1/videos/" + id).json["status"] == "queued");
    const jobs::Job job = bench.queue.claim("w").value();
    bench.queue.heartbeat(lease_of(job), {"denoise", 2, 4});
    CHECK(bench.ask("GET", "/v1/videos/" + id).json["status"] == "in_progress");
    bench.queue.release(lease_of(job));
    ++looks;
  }
  cases += looks;
}

TEST_CASE("videos: lists page in both orders") {
  ServiceBench bench;
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(create(bench, "").json["id"]);
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
  cases += 16;
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
    ++cases;
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
      ++cases;
    }
  }
}

TEST_CASE("videos: deletion answers with the deletion object, and stops what runs") {
  ServiceBench bench;
  const std::string id = create(bench, "").json["id"];
  const jobs::Job job = bench.queue.claim("w").value();
  const Answer answer = bench.ask("DELETE", "/v1/videos/" + id);
  CHECK(answer.status == 200);
  CHECK(answer.json == Json{{"id", id}, {"object", "video.deleted"}, {"deleted", true}});
  CHECK(refusal_of([&] { bench.queue.heartbeat(lease_of(job), {"denoise", 2, 3}); }) == jobs::Refusal::not_found);
  CHECK(bench.ask("GET", "/v1/videos/" + id).status == 404);
  CHECK(bench.ask("DELETE", "/v1/videos/" + id).status == 404);
  cases += 5;
}

TEST_CASE("videos: content in its variants, not before it is completed") {
  ServiceBench bench;
  const std::string id = create(bench, "").json["id"], content = "/v1/videos/" + id + "/content";
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
  cases += 9;
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
    ++cases;
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
  cases += 4;
}

TEST_CASE("videos: a full queue is 429 with a time to wait") {
  ServiceBench bench(/*with_keys=*/false, {}, std::make_unique<MemoryStore>(), {.max_queued = 1});
  CHECK(create(bench, "").status == 200);
  const Answer answer = create(bench, "");
  CHECK(answer.status == 429);
  CHECK(answer.code() == "queue_full");
  CHECK(!answer.header("retry-after").empty());
  cases += 3;
}

TEST_CASE("videos: models") {
  ServiceBench bench;
  const Json models = bench.ask("GET", "/v1/models").json;
  CHECK(models["object"] == "list");
  CHECK(models["data"][0] == Json{{"id", "mini"}, {"object", "model"}, {"created", 0}, {"owned_by", "phonofilm"}});
  cases += 2;
}

TEST_CASE("videos: enough cases were tried") {
  std::printf("/v1/videos: %d cases\n", cases);
  CHECK(cases >= 150);
}

}  // namespace phonofilm::test

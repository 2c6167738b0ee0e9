// /v1/videos against its public description: what create takes, answers and refuses, case by case.
#include "server/refused_videos.h"
#include "server/server_helpers.h"

namespace phonofilm::test {
namespace {

int cases = 0;  // of all tables of this file, for the last test

std::string png() { return "\x89PNG\r\n\x1a\n and so on"; }

}  // namespace

TEST_CASE("videos: a new video has every member, in its type") {
  ServiceBench bench;
  const Answer answer = ask_for_video(bench, "");
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
    const Answer answer = ask_for_video(bench, taken.members);
    REQUIRE(answer.status == 200);
    const Json request = Json::parse(bench.queue.list({.admin = true}).jobs.at(0).request);
    CHECK(request.at(Json::json_pointer(taken.field)) == Json::parse(taken.value));
    ++cases;
  }
}

TEST_CASE("videos: size and seconds are texts, as they were asked for") {
  ServiceBench bench;
  const Json video = ask_for_video(bench, R"("size": "1280x720", "seconds": "4")").json;
  CHECK(video["size"] == "1280x720");
  CHECK(video["seconds"] == "4");
  cases += 2;
}

TEST_CASE("videos: size and seconds of a film are known where they were not asked for") {
  struct Usual {
    const char *members, *size, *seconds;
  };
  const Usual kUsual[] = {{"", "96x96", "1.5"},
                          {R"("seconds": "3")", "96x96", "3"},
                          {R"("size": "64x48")", "64x48", "1.5"},
                          {R"("seconds": null, "size": null)", "96x96", "1.5"},
                          {R"("width": 0, "height": 0)", "96x96", "1.5"},
                          {R"("latent_frames": 7)", "96x96", "auto"},
                          {R"("latent_frames": 0)", "96x96", "1.5"},
                          {R"("model": "mini")", "96x96", "1.5"},
                          {R"("model": "wide")", "1280x704", "5.04167"},
                          {R"("model": "wide", "seconds": "2", "size": "704x1280")", "704x1280", "2"},
                          {R"("model": "other")", "auto", "auto"}};
  for (const Usual& usual : kUsual) {
    INFO(usual.members);
    ServiceBench bench;
    const Json made = ask_for_video(bench, usual.members).json;
    const Json read = bench.ask("GET", "/v1/videos/" + made.value("id", "")).json;
    const Json listed = bench.ask("GET", "/v1/videos").json.at("data").at(0);
    for (const Json& video : {made, read, listed}) {
      CHECK(video["size"] == usual.size);
      CHECK(video["seconds"] == usual.seconds);
      cases += 2;
    }
  }
}

TEST_CASE("videos: the size of a film that follows its first frame is not known before") {
  for (const auto& [model, size] : {std::pair{"mini", "96x96"}, std::pair{"wide", "auto"}}) {
    ServiceBench bench;
    const std::string reference = R"("input_reference": {"image_url": "data:image/png;base64,iVBORw=="})";
    const Answer answer = ask_for_video(bench, concat(R"("model": ")", model, R"(", )", reference));
    INFO(answer.response.body);
    CHECK(answer.json["size"] == size);
    ++cases;
  }
}

TEST_CASE("videos: what create refuses, with code and parameter") {
  for (const RefusedVideo& refused : refused_videos()) {
    ServiceBench bench;
    const Answer answer = bench.ask("POST", "/v1/videos", refused.body);
    INFO(refused.body.substr(0, 100), " -> ", answer.response.body);
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
                      {"negative_prompt", "12"}, {"image", "image"}, {"model", "mini"}};
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
  CHECK(ask_for_video(bench, R"("input_reference": {"file_id": ")" + id + "\"}").status == 200);
  CHECK(ask_for_video(bench, R"("input_reference": {"image_url": "data:image/png;base64,iVBORw=="})").status == 200);
  for (const jobs::Job& job : bench.queue.list({.admin = true}).jobs) {
    CHECK(bench.artifacts.has(job.id, std::string(jobs::kUploads), "image"));
  }
  cases += 2;
}

TEST_CASE("videos: enough cases were tried") {
  std::printf("/v1/videos: %d cases\n", cases);
  CHECK(cases >= 150);
}

}  // namespace phonofilm::test

// The program as a server: a film is asked for over HTTP, made by a worker process and fetched; keys are made and
// revoked.
#include <algorithm>
#include <set>

#include "program.h"
#include "serving.h"

namespace phonofilm::test {
namespace {

// The program with a store, films and a log in a folder of its own.
struct OwnServer : TemporaryFolder, Serving {
  explicit OwnServer(const std::string& workers)
      : Serving(file("log"), {"--store", file("queue"), "--artifacts", file("films"), "--workers", workers, "--threads",
                              "1"}) {}
};

// The job once it has ended.
nlohmann::json ended(const Serving& server, const std::string& id) {
  nlohmann::json job;
  until(
      [&] {
        job = body_of(server.ask(get("/api/v1/jobs/" + id)));
        return job["state"] == "succeeded" || job["state"] == "failed";
      },
      120);
  return job;
}

}  // namespace

TEST_CASE("serve: a film from its submission to its bytes, beside the page") {
  OwnServer server("1");
  CHECK(server.ask(get("/")).find("<!doctype html>") != std::string::npos);
  const std::string request = R"({"prompt": "a red rubber ball falls", "seconds": "2", "num_inference_steps": 2})";
  const std::string id = body_of(server.ask(post("/v1/videos", request))).at("id");
  nlohmann::json video;
  const auto finished = [&] {
    video = body_of(server.ask(get("/v1/videos/" + id)));
    return video["status"] == "completed" || video["status"] == "failed";
  };
  REQUIRE(until(finished, 120));
  INFO(video.dump());
  CHECK(video["status"] == "completed");
  CHECK(video["model"] == "mini");
  const std::string film = server.ask(get("/v1/videos/" + id + "/content"));
  CHECK(film.find("Content-Type: video/mp4") != std::string::npos);
  CHECK(film.find("ftyp") != std::string::npos);
  CHECK(server.stop() == 0);
  CHECK(server.log().find("red rubber ball") == std::string::npos);
}

TEST_CASE("serve: a moment of an earlier film is made again, and what contradicts itself is refused") {
  OwnServer server("1");
  const auto ask = [&](nlohmann::json request) {
    request.update({{"prompt", "a red rubber ball falls"}, {"steps", 2}});
    return body_of(server.ask(post("/api/v1/jobs", nlohmann::json{{"request", request}}.dump())));
  };
  const std::string first = ask({{"seconds", 2}}).at("id");
  REQUIRE(ended(server, first)["state"] == "succeeded");
  const nlohmann::json moment{{"of", first + "/film.mp4"}, {"retake", "0.5-1"}, {"retake_only", "sound"}};
  const std::string second = ask(moment).at("id");
  const nlohmann::json job = ended(server, second);
  INFO(job.dump());
  REQUIRE(job["state"] == "succeeded");
  const nlohmann::json settings = body_of(server.ask(get("/api/v1/jobs/" + second + "/files/settings.json")));
  CHECK(settings["kept"] == nlohmann::json{{"as", "retake"}, {"file", "of"}, {"picture", {{0.0}}},
                                           {"sound", {{0.0, 0.5}, {1.0}}}});
  CHECK(settings["measured"]["impacts"].is_array());
  const nlohmann::json refused = ask({{"of", first + "/film.mp4"}, {"retake", "1-0.5"}})["error"];
  CHECK(refused["code"] == "invalid_value");
  CHECK(refused["message"].get<std::string>().find("retake: the moment \"1-0.5\" ends before") != std::string::npos);
}

TEST_CASE("serve: forms have a place for every field, and models say what they can be given") {
  OwnServer server("0");
  const nlohmann::json schema = body_of(server.ask(get("/api/v1/schema")));
  std::multiset<std::string> placed{"prompt"}, fields, inputs;
  for (const nlohmann::json& field : schema["fields"]) fields.insert(field["name"]);
  for (const nlohmann::json& input : schema["inputs"]) inputs.insert(input["name"]);
  for (const nlohmann::json& group : schema["groups"]) {
    for (const nlohmann::json& name : group["names"]) placed.insert(name);
  }
  placed.insert(inputs.begin(), inputs.end());
  CHECK(placed == fields);
  const nlohmann::json takes = body_of(server.ask(get("/api/v1/models")))["models"][0]["takes"];
  for (const char* name : {"image", "last_image", "audio_file", "video_file", "extend", "of"}) {
    CHECK(std::count(takes.begin(), takes.end(), name) == 1);
  }
}

TEST_CASE("serve: calls that cannot be served") {
  const TemporaryFolder folder;
  const std::string store = " --store " + folder.file("queue") + " --artifacts " + folder.file("films");
  const Outcome open = run_program("serve --listen 0.0.0.0:0" + store);
  CHECK(open.exit_code == 2);
  CHECK(open.says("give a file of API keys"));
  CHECK(run_program("serve --listen 127.0.0.1" + store).says("expected address:port"));
  CHECK(run_program("serve --listen 127.0.0.1:99999" + store).says("expected a port"));
  CHECK(run_program("serve --listen localhost:1" + store).exit_code == 2);
  CHECK(run_program("serve --web " + folder.file("none") + store).says("index.html"));
}

TEST_CASE("keys: added, listed, revoked") {
  const TemporaryFolder folder;
  const std::string keys = "keys --file " + folder.file("keys.json") + " ";
  const Outcome added = run_program(keys + "add alice --scope read --expires-days 1");
  REQUIRE(added.exit_code == 0);
  CHECK(added.output.starts_with("pf_"));
  CHECK(added.output.size() == 85);
  const std::string id = added.output.substr(3, 16);
  CHECK(run_program(keys + "list").says(id + "  alice"));
  CHECK(run_program(keys + "revoke 0123").exit_code == 2);
  CHECK(run_program(keys + "revoke " + id).exit_code == 0);
  CHECK(!run_program(keys + "list").says(id));
  CHECK(run_program(keys + "add 'a b'").exit_code == 2);
  CHECK(run_program(keys + "add bob --scope root").exit_code == 2);
  CHECK(run_program("keys").exit_code == 2);
}

}  // namespace phonofilm::test

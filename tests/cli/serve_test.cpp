// The program as a server: a film is asked for over HTTP, made by a worker process and fetched; keys are made and
// revoked.
#include "program.h"
#include "serving.h"

namespace phonofilm::test {

TEST_CASE("serve: a film from its submission to its bytes, beside the page") {
  const TemporaryFolder folder;
  Serving server(folder.file("log"), {"--store", folder.file("queue"), "--artifacts", folder.file("films"), "--workers",
                                      "1", "--threads", "1"});
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

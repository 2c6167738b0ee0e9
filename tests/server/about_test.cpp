// What the server says about itself, and the web page.
#include "server/server_helpers.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::server;

}  // namespace

TEST_CASE("about: schema, models, limits, capabilities") {
  ServiceBench bench;
  const Json schema = bench.ask("GET", "/api/v1/schema").json;
  CHECK(schema["fields"].size() == TestForm().fields().size());
  const Json steps = schema["fields"][6];
  CHECK(steps == Json{{"name", "steps"},
                      {"type", "integer"},
                      {"default", 0},
                      {"min", 0.0},
                      {"max", 1000.0},
                      {"choices", nullptr},
                      {"help", "sampling steps"}});
  CHECK(schema["inputs"][1]["many"] == true);
  CHECK(schema["inputs"][0]["accept"] == Json{"image/png", "image/jpeg", "image/webp"});
  CHECK(schema["inputs"][0]["title"] == "First frame");
  CHECK(schema["inputs"][1]["title"] == nullptr);
  CHECK(schema["inputs"][2]["accept"][0] == "audio/wav");
  CHECK(schema["inputs"][2]["accept"].back() == "video/quicktime");
  CHECK(schema["inputs"][3]["accept"][0] == "video/mp4");
  CHECK(schema["groups"] == Json{{{"title", "Sampling"}, {"names", {"seed", "steps"}}}});
  const Json models = bench.ask("GET", "/api/v1/models").json["models"];
  CHECK(models[0]["default"] == true);
  CHECK(models[0]["takes"] == Json{"image", "audio_file"});
  CHECK(models[1]["takes"] == Json::array());
  CHECK(bench.ask("GET", "/api/v1/limits").json["max_prompt_characters"] == 32'000);
  CHECK(bench.ask("GET", "/api/v1/capabilities").json["owner"] == "local");
}

TEST_CASE("about: ready unless something is wrong; alive all the same") {
  ServiceBench bench;
  CHECK(bench.ask("GET", "/readyz").status == 200);
  bench.stopping = true;
  CHECK(bench.ask("GET", "/readyz").status == 503);
  bench.stopping = false;
  bench.api().check_store = [] { throw jobs::StoreError("store", "gone"); };
  const Answer answer = bench.ask("GET", "/readyz");
  CHECK(answer.status == 503);
  CHECK(answer.json["store"] == "unreachable");
  bench.api().check_store = [] {};
  bench.api().options.min_free_disk = std::int64_t(1) << 60;
  CHECK(bench.ask("GET", "/readyz").json["disk"] == "full");
  CHECK(bench.ask("GET", "/livez").status == 200);
  CHECK(bench.ask("POST", "/api/v1/uploads", "x", {{"content-type", "image/png"}}).code() == "disk_full");
}

TEST_CASE("about: metrics count requests by route, and jobs by state") {
  ServiceBench bench;
  bench.submit();
  bench.ask("GET", "/api/v1/jobs/x");
  bench.ask("BREW", "/api/v1/jobs/y");
  bench.finish_next();
  bench.events.poll();
  const std::string text = bench.ask("GET", "/metrics").response.body;
  for (const char* line :
       {"phonofilm_http_requests_total{method=\"POST\",route=\"/api/v1/jobs\",status=\"201\"} 1\n",
        "phonofilm_http_requests_total{method=\"GET\",route=\"/api/v1/jobs/{id}\",status=\"404\"} 1\n",
        "phonofilm_http_requests_total{method=\"other\",route=\"none\",status=\"405\"} 1\n",
        "phonofilm_jobs{state=\"succeeded\"} 1\n", "phonofilm_jobs{state=\"queued\"} 0\n",
        "phonofilm_jobs_finished_total{state=\"succeeded\"} 1\n", "_bucket{route=\"/api/v1/jobs\",le=\"+Inf\"} 1\n",
        "phonofilm_event_streams 0\n"}) {
    INFO(line);
    CHECK(text.find(line) != text.npos);
  }
}

TEST_CASE("about: the description has every route of the table and resolves its references") {
  ServiceBench bench;
  const Json description = bench.ask("GET", "/openapi.json").json;
  CHECK(description["openapi"] == "3.1.0");
  for (const Route& route : routes()) {
    INFO(route.method, " ", route.pattern);
    CHECK(description["paths"][route.pattern].contains(to_lower(route.method)));
  }
  const std::string text = description.dump();
  const std::string mark = "#/components/schemas/";
  for (size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + 1)) {
    const std::string name = text.substr(at + mark.size(), text.find('"', at) - at - mark.size());
    INFO(name);
    CHECK(description["components"]["schemas"].contains(name));
  }
  CHECK(description["components"]["schemas"]["FilmRequest"]["properties"]["steps"]["maximum"] == 1000.0);
  // Answers have what the description says of them.
  const Json job = bench.ask("GET", "/api/v1/jobs/" + bench.submit()).json;
  for (const auto& name : description["components"]["schemas"]["Job"]["required"])
    CHECK(job.contains(name.get<std::string>()));
}

TEST_CASE("about: faults of the server are told to the log, not to the client") {
  ServiceBench bench;
  bench.api().check_store = [] { throw std::runtime_error("0xdeadbeef at /secret/path"); };
  const Answer answer = bench.ask("GET", "/readyz");
  CHECK(answer.status == 500);
  CHECK(answer.response.body.find("deadbeef") == std::string::npos);
  CHECK(bench.log.back().fault == "0xdeadbeef at /secret/path");
}

TEST_CASE("web: files of the page, and nothing beside them") {
  const QuickFolder folder;
  std::filesystem::create_directories(folder.file("web/js"));
  write_bytes(folder.file("web/index.html"), "<html>");
  write_bytes(folder.file("web/js/app.js"), "1");
  write_bytes(folder.file("web/secret.key"), "secret");
  write_bytes(folder.file("outside.html"), "outside");
  std::filesystem::create_symlink(folder.file("outside.html"), folder.file("web/link.html"));
  ServiceBench bench(/*with_keys=*/true);
  bench.api().web = read_web_folder(folder.file("web"));
  const Answer page = bench.ask("GET", "/");
  CHECK(page.status == 200);
  CHECK(page.header("content-type") == "text/html; charset=utf-8");
  CHECK(page.header("content-security-policy").starts_with("default-src 'self'"));
  CHECK(bench.ask("GET", "/js/app.js").response.body == "1");
  CHECK(bench.ask("GET", "/js/app.js", "", {{"if-none-match", bench.ask("GET", "/js/app.js").header("etag")}}).status ==
        304);
  for (const char* path : {"/secret.key", "/link.html", "/js", "/js/", "/../outside.html", "/%2e%2e/outside.html",
                           "/js/..%2f..%2foutside.html"}) {
    INFO(path);
    CHECK(bench.ask("GET", path).status >= 400);
  }
  CHECK_THROWS_AS(read_web_folder(folder.file("web/js")), InvalidRequest);
  CHECK(embedded_web().find("")->type == "text/html; charset=utf-8");
}

}  // namespace phonofilm::test

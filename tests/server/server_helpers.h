// A service without sockets on a queue in memory or in a file, and short forms of asking it.
#pragma once

#include <doctest/doctest.h>

#include <concepts>
#include <nlohmann/json.hpp>

#include "jobs/jobs_helpers.h"
#include "jobs/memory_store.h"
#include "phonofilm/base/files.h"
#include "phonofilm/server/service.h"

namespace phonofilm::test {

using Json = nlohmann::json;

// A small field list in the place of the program's.
class TestForm : public server::FilmForm {
 public:
  Fields fields() override {
    return {{"prompt", &prompt_, "what is to be seen and heard"},
            {"negative_prompt", &negative_, "what to stay away from"},
            {"seconds", &seconds_, "length", 0.0, 600.0},
            {"width", &width_, "pixels", 0.0, 4096.0},
            {"height", &height_, "pixels", 0.0, 4096.0},
            {"seed", &seed_, "seed", 0.0},
            {"steps", &steps_, "sampling steps", 0.0, 1000.0},
            {"text_guidance", &guidance_, "guidance", -1.0, 100.0},
            {"audio", &audio_, "make a sound"},
            {"solver", &solver_, "step rule", {}, {}, {"default", "euler"}},
            {"sizes", &sizes_, "a list", 0.0, 9.0},
            {"image", &image_, "first frame"},
            {"voices", &voices_, "reference voices"},
            {"audio_file", &sound_, "a sound to follow"},
            {"extend", &extend_, "a film to go on from"},
            {"model", &model_, "name of a model"},
            {"latent_frames", &latent_frames_, "length in another unit", 0.0, 100.0}};
  }
  void check() override {
    PF_CHECK(prompt_ != "refuse me", InvalidRequest, "prompt", "this prompt is refused");
    PF_CHECK(image_.empty() || image_ == "image", InvalidRequest, "job", "image: expected 'image'");
  }

 private:
  std::string prompt_, negative_, solver_ = "default", image_, sound_, extend_, model_;
  double seconds_ = 0, guidance_ = -1;
  std::int64_t width_ = 0, height_ = 0, seed_ = 0, steps_ = 0, latent_frames_ = 0;
  bool audio_ = true;
  std::vector<std::int64_t> sizes_;
  std::vector<std::string> voices_;
};

inline server::FilmFormat test_format() {
  server::FilmFormat format;
  format.blank = [] { return std::make_unique<TestForm>(); };
  format.inputs = {{"image", "image", {"image"}, "first frame", "First frame"},
                   {"voices", "audio", {"voice.0", "voice.1"}, "reference voices"},
                   {"audio_file", "sound", {"audio_file"}, "a sound to follow"},
                   {"extend", "film", {"extend"}, "a film to go on from"}};
  format.models = {{.id = "mini", .family = "nava", .width = 96, .height = 96, .fps = 24.0, .seconds = 1.5,
                    .takes = {"image", "audio_file"}},
                   {.id = "other"},
                   {.id = "wide", .width = 1280, .height = 704, .fps = 24.0, .seconds = 121 / 24.0,
                    .follows_image = true}};
  format.groups = {{"Sampling", {"seed", "steps"}}};
  return format;
}

using Headers = server::HeaderFields;

struct Answer {
  int status = 0;
  Json json{};
  server::Response response{};
  std::string code() const { return json.value("/error/code"_json_pointer, ""); }
  std::string param() const {
    const Json param = json.value("/error/param"_json_pointer, Json());
    return param.is_string() ? param.get<std::string>() : "";
  }
  std::string header(std::string_view name) const {
    const std::string* value = response.header(name);
    return value ? *value : "";
  }
  std::string bytes() const {
    const auto& file = response.file;
    return file ? file->file->read(file->offset, std::size_t(file->length)) : response.body;
  }
};

// Everything around a service. Clocks stand until they are set.
class ServiceBench {
 public:
  explicit ServiceBench(bool with_keys = false, server::ApiOptions options = {},
                        std::unique_ptr<jobs::Store> store = std::make_unique<MemoryStore>(),
                        const jobs::Limits& limits = {})
      : store_(std::move(store)), options_(std::move(options)), limits_(limits) {
    if (with_keys) make_keys();
    options_.min_free_disk = 0;
    api_.emplace(server::Api{.queue = queue,
                             .artifacts = artifacts,
                             .uploads = uploads,
                             .events = events,
                             .metrics = metrics,
                             .format = format,
                             .keys = keys_ ? keys_.get() : nullptr,
                             .options = options_,
                             .version = "test",
                             .disk = folder_.file("")});
    if (options_.max_disk_per_owner > 0) {
      quota.emplace(options_.max_disk_per_owner, [this] { return server::bytes_on_disk(queue, uploads); },
                    [this] { return seconds; });
      api_->quota = &*quota;
    }
    api_->clock = [this] { return sources.now; };
    api_->seconds = [this] { return seconds; };
    api_->is_stopping = [this] { return stopping; };
    api_->check_store = [this] { store_->transact([](jobs::Transaction&) {}); };
    service.emplace(*api_, [this](const server::AccessRecord& record) { log.push_back(record); });
  }

  Answer ask(const std::string& method, const std::string& target, const std::string& body = "", Headers headers = {}) {
    server::Request request{.head = {method, target, std::move(headers), "192.0.2.1"},
                            .body = server::Body(folder_.file(""))};
    if (!request.head.header("host")) request.head.headers.push_back({"host", "localhost"});
    if (!body.empty() && !request.head.header("content-type")) {
      request.head.headers.push_back({"content-type", "application/json"});
    }
    request.body.append(body);
    Answer answer{.response = service->respond(request)};
    answer.status = answer.response.status;
    answer.json = Json::parse(answer.response.body, nullptr, /*allow_exceptions=*/false);
    return answer;
  }
  template <std::same_as<Json> Body>  // not of texts, which could become JSON
  Answer ask(const std::string& method, const std::string& target, const Body& body, Headers headers = {}) {
    return ask(method, target, body.dump(), std::move(headers));
  }
  // The id of a new job.
  std::string submit(const std::string& prompt = "a bell rings", Headers headers = {}) {
    const Answer answer = ask("POST", "/api/v1/jobs", Json{{"request", {{"prompt", prompt}}}}, std::move(headers));
    REQUIRE(answer.status == 201);
    return answer.json["id"];
  }
  // Lets a worker make the next film.
  jobs::Job finish_next(const std::string& film = "0123456789") {
    const jobs::Job job = queue.claim("w").value();
    for (const char* name : {"film.mp4", "poster.png"}) {
      artifacts.publish(job.id, job.lease.token, name, [&](const std::string& path) { write_bytes(path, film); });
    }
    return queue.succeed(lease_of(job), {"film.mp4", "poster.png"});
  }
  Headers key(const std::string& name) const { return {{"authorization", "Bearer " + tokens.at(name)}}; }

 private:
  void make_keys() {
    std::vector<server::Key> made;
    const auto add = [&](const std::string& name, const std::string& owner, server::Scope scope, jobs::Time expires) {
      server::NewKey key = server::make_key(owner, scope, 0, expires);
      made.push_back(key.key);
      tokens[name] = key.token;
    };
    add("reader", "alice", server::Scope::read, 0);
    add("alice", "alice", server::Scope::submit, 0);
    add("bob", "bob", server::Scope::submit, 0);
    add("admin", "root", server::Scope::admin, 0);
    add("expired", "alice", server::Scope::admin, 1);
    server::save_keys(folder_.file("keys.json"), made);
    keys_ = std::make_unique<server::KeyRing>(folder_.file("keys.json"), [this] { return sources.now; });
  }

  QuickFolder folder_;
  std::unique_ptr<jobs::Store> store_;
  server::ApiOptions options_;
  jobs::Limits limits_;
  std::unique_ptr<server::KeyRing> keys_;
  std::optional<server::Api> api_;

 public:
  TestSources sources;
  double seconds = 100;
  bool stopping = false;
  std::map<std::string, std::string> tokens;
  std::vector<server::AccessRecord> log;
  server::FilmFormat format = test_format();
  server::Metrics metrics;
  jobs::ArtifactFolder artifacts{folder_.file("films")};
  jobs::UploadFolder uploads{folder_.file("uploads"), {.clock = [this] { return sources.now; }}};
  jobs::Queue queue{*store_, artifacts, limits_, sources.sources()};
  server::EventHub events{queue, artifacts, metrics};
  std::optional<server::OwnerQuota> quota;
  std::optional<server::Service> service;
  std::string file(const std::string& name) const { return folder_.file(name); }
  server::Api& api() { return *api_; }
  server::KeyRing& keys() { return *keys_; }
};

// members: the part of a body between its braces, beside a prompt.
inline Answer ask_for_video(ServiceBench& bench, const std::string& members) {
  return bench.ask("POST", "/v1/videos", R"({"prompt": "a bell")" + (members.empty() ? "" : ", " + members) + "}");
}

// A form as clients send it.
struct FormPart {
  std::string name, content, file_name{}, type{};
};
inline std::string form_body(const std::vector<FormPart>& parts, const std::string& boundary = "XyZ") {
  std::string body;
  for (const FormPart& part : parts) {
    body += "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + part.name + "\"";
    if (!part.file_name.empty()) body += "; filename=\"" + part.file_name + "\"";
    if (!part.type.empty()) body += "\r\nContent-Type: " + part.type;
    body += "\r\n\r\n" + part.content + "\r\n";
  }
  return body + "--" + boundary + "--\r\n";
}
inline Headers form_headers(Headers headers = {}) {
  headers.push_back({"content-type", "multipart/form-data; boundary=XyZ"});
  return headers;
}

}  // namespace phonofilm::test

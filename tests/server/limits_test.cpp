// What keeps a server standing: limits of bodies, room on the disk, and nothing left of what was refused.
#include <thread>

#include "phonofilm/server/connection_count.h"
#include "phonofilm/server/remembered.h"
#include "server/server_helpers.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::server;

const FormPart kPicture{"image", "PNG", "x.png", "image/png"};

Answer submit_picture(ServiceBench& bench) {
  return bench.ask("POST", "/api/v1/jobs", form_body({{"request", R"({"prompt": "a"})"}, kPicture}), form_headers());
}

// Whether a body of so many bytes may be sent.
std::unique_ptr<Handler::Admission> admission(ServiceBench& bench, const HeaderField& length) {
  const Headers headers{{"host", "localhost"}, {"content-type", "image/png"}, length};
  auto [admitted, refused] = bench.service->admit({"POST", "/api/v1/uploads", headers, "192.0.2.1"});
  if (refused) CHECK(refused->status == 503);
  return std::move(admitted);
}

// A store that fails at its commit.
class LostAnswers : public jobs::Store {
 public:
  void transact(const std::function<void(jobs::Transaction&)>& work) override {
    store_.transact(work);
    if (lost) throw jobs::StoreError("commit", "the answer was lost");
  }
  bool lost = false;

 private:
  MemoryStore store_;
};

}  // namespace

TEST_CASE("limits: a full queue keeps no file of what it refused") {
  ServiceBench bench(false, {}, std::make_unique<MemoryStore>(), {.max_queued = 1});
  bench.submit();
  CHECK(submit_picture(bench).code() == "queue_full");
  CHECK(bench.artifacts.jobs().empty());
}

TEST_CASE("limits: a store that fails may have taken the job, whose files stay until they are swept") {
  auto store = std::make_unique<LostAnswers>();
  LostAnswers& answers = *store;
  ServiceBench bench(false, {}, std::move(store));
  answers.lost = true;
  CHECK(submit_picture(bench).code() == "store_unavailable");
  answers.lost = false;
  const jobs::Job job = bench.queue.list({.admin = true}).jobs.at(0);
  CHECK(bench.artifacts.has(job.id, std::string(jobs::kUploads), "image"));
}

TEST_CASE("limits: the texts of a form are no longer than JSON may be") {
  ApiOptions options;
  options.max_json = 1000;
  ServiceBench bench(false, options);
  const FormPart request{"request", R"({"prompt": "a"})"};
  const auto submit = [&](const std::vector<FormPart>& parts) {
    return bench.ask("POST", "/api/v1/jobs", form_body(parts), form_headers()).status;
  };
  CHECK(submit({request, {"image", std::string(5000, 'x'), "x.png", "image/png"}}) == 201);
  const std::string spaces(1000, ' ');
  CHECK(submit({{"request", request.content + spaces}}) == 413);
  CHECK(submit({{"request", request.content + spaces, "request.json"}}) == 413);  // read as JSON all the same
  CHECK(submit({request, {"priority", spaces}}) == 413);
  std::string lists = "[]";
  for (int i = 0; i < 150'000; ++i) lists += ",[]";
  ServiceBench usual;
  CHECK(usual.ask("POST", "/api/v1/jobs", R"({"request": [)" + lists + "]}").code() == "invalid_json");
}

TEST_CASE("limits: a picture in a data URL may be larger than other JSON") {
  ServiceBench bench;
  const std::string base64(2 << 20, 'A');
  const std::string reference = R"({"image_url": "data:image/png;base64,)" + base64 + "\"}";
  CHECK(ask_for_video(bench, R"("input_reference": )" + reference).status == 200);
  CHECK(bench.ask("POST", "/v1/videos", form_body({{"prompt", "a"}, {"input_reference", reference}}), form_headers())
            .status == 200);
  CHECK(bench.ask("POST", "/api/v1/jobs", R"({"request": {"prompt": ")" + base64 + "\"}}").status == 413);
}

TEST_CASE("limits: bodies that would fill the disk together are refused before they are read") {
  ApiOptions options;
  options.max_upload = std::int64_t(1) << 60;
  ServiceBench bench(false, options);
  const auto room = std::int64_t(std::filesystem::space(bench.file("")).available);
  const HeaderField most{"content-length", std::to_string(room / 10 * 6)};
  auto first = admission(bench, most);
  CHECK(first);
  CHECK(!admission(bench, most));
  CHECK(!admission(bench, {"transfer-encoding", "chunked"}));  // may become as large as an upload may be
  CHECK(admission(bench, {"content-length", "1000"}));
  first = nullptr;
  CHECK(admission(bench, most));
}

TEST_CASE("limits: connections are counted by address, and nothing is kept of those that are gone or turned away") {
  ConnectionCount count(3, 2);
  CHECK(count.enter("a"));
  CHECK(count.enter("a"));
  CHECK(!count.enter("a"));
  CHECK(count.enter("b"));
  CHECK(!count.enter("c"));
  CHECK(count.addresses() == 2);
  count.leave("b");
  CHECK(count.addresses() == 1);
  CHECK(count.enter("c"));
  CHECK(count.all() == 3);
}

TEST_CASE("limits: a remembered check is not made again, and fails as it did") {
  double now = 0;
  int calls = 0;
  const auto check = remembered(
      [&] {
        if (++calls == 2) throw std::runtime_error("gone");
      },
      1, [&] { return now; });
  check(), check();
  CHECK(calls == 1);
  now = 1;
  CHECK_THROWS_WITH(check(), "gone");
  CHECK_THROWS_WITH(check(), "gone");
  CHECK(calls == 2);
  now = 2;
  check();
  CHECK(calls == 3);
}

TEST_CASE("limits: a damaged file of the server is its own fault") {
  ServiceBench bench;
  const Answer upload = bench.ask("POST", "/api/v1/uploads", "PNG", {{"content-type", "image/png"}});
  const std::string id = upload.json["id"];
  write_bytes(bench.file("uploads/" + id + ".json"), "{");
  const Answer answer = bench.ask("GET", "/api/v1/uploads/" + id);
  CHECK(answer.status == 503);
  CHECK(answer.response.body.find(bench.file("")) == std::string::npos);
  CHECK(bench.log.back().fault.find(id + ".json") != std::string::npos);
}

TEST_CASE("limits: keys that are added at once are all there") {
  const QuickFolder folder;
  const std::string path = folder.file("keys.json");
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      change_keys(path, [](std::vector<Key>& keys) { keys.push_back(make_key("a", Scope::read, 0, 0).key); });
    });
  }
  threads.clear();
  CHECK(load_keys(path).size() == 8);
}

}  // namespace phonofilm::test

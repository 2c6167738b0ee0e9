// A job is on the disk before it is acknowledged, and a deletion stops what runs, at whatever moment it comes.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/server_helpers.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::server;

// In the child: submits three jobs, one with a file, and says each id to the pipe as soon as it is answered; dies at
// the n-th point of store and files.
[[noreturn]] void submit_and_die(const QuickFolder& folder, const std::string& database, int fuse, int pipe) {
  setenv("TMPDIR", folder.file("").c_str(), 1);  // where the files of the bench are found afterwards
  const jobs::Probe probe = [&fuse](const char*) {
    if (--fuse == 0) kill(getpid(), SIGKILL);
  };
  ServiceBench bench(false, {}, jobs::open_sqlite_store(database, {.probe = probe}));
  const auto say = [&](const std::string& line) {
    if (write(pipe, (line + "\n").data(), line.size() + 1) != ssize_t(line.size() + 1)) _exit(2);
  };
  const auto tell = [&](const Answer& answer) { say(answer.json["id"]); };
  say(bench.file("films"));
  tell(bench.ask("POST", "/api/v1/jobs", std::string(R"({"request": {"prompt": "a"}})")));
  tell(bench.ask("POST", "/v1/videos", form_body({{"prompt", "b"}, {"input_reference", "PNG", "x.png", "image/png"}}),
                 form_headers()));
  tell(bench.ask("POST", "/v1/videos", std::string(R"({"prompt": "c"})"), {{"idempotency-key", "k"}}));
  _exit(0);
}

struct Acknowledged {
  std::string films{};  // folder of the files; empty: killed before there was one
  std::vector<std::string> ids{};
  bool ended = false;  // the child came to its end
};

// What was acknowledged before the n-th point.
Acknowledged acknowledged(const QuickFolder& folder, const std::string& database, int fuse) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) submit_and_die(folder, database, fuse, ends[1]);
  close(ends[1]);
  std::string text(4096, '\0');
  size_t got = 0;
  for (ssize_t now = 0; (now = read(ends[0], text.data() + got, text.size() - got)) > 0;) got += size_t(now);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  Acknowledged said{.ids = split(text.substr(0, got), '\n'), .ended = WIFEXITED(status) && WEXITSTATUS(status) == 0};
  said.ids.pop_back();
  if (said.ids.empty()) return said;
  said.films = said.ids.front();
  said.ids.erase(said.ids.begin());
  return said;
}

std::string plain_id(const std::string& id) { return id.starts_with("video_") ? id.substr(6) : id; }

}  // namespace

TEST_CASE("durability: killed at any point, every acknowledged job is there") {
  int points = 0, jobs_seen = 0, files_seen = 0;
  for (bool whole = false; !whole; ++points) {
    const QuickFolder folder;
    const std::string database = folder.file("queue.db");
    const Acknowledged said = acknowledged(folder, database, points + 1);
    whole = said.ended;
    if (said.ids.empty()) continue;
    const auto store = jobs::open_sqlite_store(database);
    jobs::ArtifactFolder artifacts(said.films);
    jobs::Queue queue(*store, artifacts);
    for (const std::string& id : said.ids) {
      INFO("point ", points, ", job ", id);
      const jobs::Job job = queue.get({.admin = true}, plain_id(id)).job;
      CHECK(job.state == jobs::State::queued);
      ++jobs_seen;
      if (!Json::parse(job.request).contains("image")) continue;
      CHECK(bytes_of(artifacts.path(job.id, std::string(jobs::kUploads), "image")) == "PNG");
      ++files_seen;
    }
    REQUIRE(points < 1000);
  }
  std::printf("durability: killed at %d points, %d acknowledged jobs found\n", points, jobs_seen);
  CHECK(points > 20);
  CHECK(files_seen > 0);
}

namespace {

// A worker's steps and a client's, each a list; a schedule says whose turn is next.
class Race {
 public:
  using Steps = std::vector<std::function<void()>>;

  Race() {
    bench_ = std::make_unique<ServiceBench>(false, server::ApiOptions{.requests_per_second = 0});
    for (int step = 1; step <= 4; ++step) {
      works([this, step] { bench_->queue.heartbeat(lease_, {"denoise", step, 4}); });
    }
    works([this] { publish(jobs::kLatents); });
    works([this] { bench_->queue.save_checkpoint(lease_, 4); });
    works([this] { publish("film.mp4"); });
    works([this] { publish("poster.png"); });
    works([this] {
      bench_->queue.succeed(lease_, {"film.mp4", "poster.png"});
      succeeded_ = true;
    });
    asks([this] {
      const std::string status = video("GET", "").json["status"];
      REQUIRE(status == (succeeded_ ? "completed" : "in_progress"));
    });
    asks([this] { REQUIRE(bench_->ask("GET", "/v1/videos").json["data"].size() == 1); });
    asks([this] { REQUIRE(video("GET", "/content").status == (succeeded_ ? 200 : 404)); });
    asks([this] { REQUIRE(video("DELETE", "").json["deleted"] == true); });
    asks([this] { REQUIRE(video("GET", "").status == 404); });
    asks([this] { REQUIRE(video("GET", "/content").status == 404); });
    asks([this] { REQUIRE(video("DELETE", "").status == 404); });
  }
  int turns() const { return int(worker_.size() + client_.size()); }
  int client_turns() const { return int(client_.size()); }

  // bits: whose the n-th turn is, the lowest first. Returns whether the film was there before it was deleted.
  bool run(std::uint64_t bits) {
    id_ = bench_->ask("POST", "/v1/videos", std::string(R"({"prompt": "a"})")).json["id"];
    lease_ = lease_of(bench_->queue.claim("w").value());
    succeeded_ = stopped_ = false;
    std::size_t worked = 0, asked = 0;
    for (int turn = 0; turn < turns(); ++turn, bits >>= 1) (bits & 1 ? client_[asked++] : worker_[worked++])();
    // The computation has stopped: nobody holds the lease, and no file is left.
    REQUIRE(refusal_of([&] { bench_->queue.heartbeat(lease_, {"denoise", 4, 4}); }) == jobs::Refusal::not_found);
    bench_->queue.sweep();
    REQUIRE(bench_->artifacts.jobs().empty());
    return succeeded_;
  }

 private:
  // A worker that was refused does nothing more; the queue has removed what it published.
  void works(const std::function<void()>& step) {
    worker_.push_back([this, step] {
      if (!stopped_) stopped_ = refusal_of(step).has_value();
    });
  }
  void asks(const std::function<void()>& step) { client_.push_back(step); }
  void publish(std::string_view name) {
    bench_->artifacts.publish(lease_.job, lease_.token, name, [](const std::string& path) { write_bytes(path, "x"); });
  }
  Answer video(const char* method, const char* suffix) { return bench_->ask(method, "/v1/videos/" + id_ + suffix); }

  std::unique_ptr<ServiceBench> bench_;
  Steps worker_, client_;
  std::string id_;
  jobs::LeaseRef lease_;
  bool succeeded_ = false, stopped_ = false;
};

}  // namespace

TEST_CASE("durability: a deletion wins over completion in every order of their steps") {
  int runs = 0, completed = 0;
  std::optional<Race> race;
  race.emplace();
  const int turns = race->turns(), client_turns = race->client_turns();
  for (std::uint64_t bits = 0; bits < std::uint64_t(1) << turns; ++bits) {
    if (__builtin_popcountll(bits) != client_turns) continue;
    if (runs % 50 == 0) race.emplace();  // the store in memory copies itself, events and all, for each transaction
    completed += race->run(bits);
    ++runs;
  }
  std::printf("delete against completion over HTTP handlers: %d interleavings, %d completed before\n", runs, completed);
  CHECK(runs >= 10'000);
  CHECK(completed > 0);
  CHECK(completed < runs);
}

}  // namespace phonofilm::test

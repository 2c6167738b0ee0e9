// A job is on the disk before it is acknowledged, and a deletion stops what runs, at whatever moment it comes.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <semaphore>
#include <thread>

#include "jobs/turns.h"
#include "server/server_helpers.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::server;

// In the child: submits three jobs, one with a file, and says each id to the pipe as soon as it is answered; dies at
// the n-th point of store and files.
[[noreturn]] void submit_and_die(const std::string& database, int fuse, int pipe) {
  const jobs::Probe probe = [&fuse](const char*) {
    if (--fuse == 0) kill(getpid(), SIGKILL);
  };
  ServiceBench bench(false, {}, jobs::open_sqlite_store(database, {.probe = probe}));
  const auto tell = [&](const Answer& answer) {
    const std::string id = answer.json["id"].get<std::string>() + "\n";
    if (write(pipe, id.data(), id.size()) != ssize_t(id.size())) _exit(2);
  };
  tell(bench.ask("POST", "/api/v1/jobs", std::string(R"({"request": {"prompt": "a"}})")));
  tell(bench.ask("POST", "/v1/videos", form_body({{"prompt", "b"}, {"input_reference", "PNG", "x.png", "image/png"}}),
                 form_headers()));
  tell(bench.ask("POST", "/v1/videos", std::string(R"({"prompt": "c"})"), {{"idempotency-key", "k"}}));
  _exit(0);
}

// The ids that were acknowledged before the n-th point, and whether the child came to its end.
std::pair<std::vector<std::string>, bool> acknowledged(const std::string& database, int fuse) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) submit_and_die(database, fuse, ends[1]);
  close(ends[1]);
  std::string text(4096, '\0');
  size_t got = 0;
  for (ssize_t now = 0; (now = read(ends[0], text.data() + got, text.size() - got)) > 0;) got += size_t(now);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  std::vector<std::string> ids = split(text.substr(0, got), '\n');
  ids.pop_back();
  return {ids, WIFEXITED(status) && WEXITSTATUS(status) == 0};
}

std::string plain_id(const std::string& id) { return id.starts_with("video_") ? id.substr(6) : id; }

}  // namespace

TEST_CASE("durability: killed at any point, every acknowledged job is there") {
  int points = 0, jobs_seen = 0;
  for (bool whole = false; !whole; ++points) {
    const QuickFolder folder;
    const std::string database = folder.file("queue.db");
    const auto [ids, ended] = acknowledged(database, points + 1);
    whole = ended;
    if (ids.empty()) continue;
    const auto store = jobs::open_sqlite_store(database);
    MemoryArtifacts artifacts;
    jobs::Queue queue(*store, artifacts);
    for (const std::string& id : ids) {
      INFO("point ", points, ", job ", id);
      CHECK(queue.get({.admin = true}, plain_id(id)).job.state == jobs::State::queued);
      ++jobs_seen;
    }
    REQUIRE(points < 1000);
  }
  std::printf("durability: killed at %d points, %d acknowledged jobs found\n", points, jobs_seen);
  CHECK(points > 20);
}

namespace {

// A worker and a client on one queue, whose turns a schedule decides: points lie between operations.
struct Race {
  std::unique_ptr<ServiceBench> bench = fresh();
  std::function<void()> on_point;
  static std::unique_ptr<ServiceBench> fresh() {
    return std::make_unique<ServiceBench>(false, server::ApiOptions{.requests_per_second = 0});
  }
  void point() const {
    if (on_point) on_point();
  }

  // What a worker does with a job; whether it succeeded.
  bool compute(const jobs::Job& job) {
    const jobs::LeaseRef lease = lease_of(job);
    try {
      for (int step = 1; step <= 2; ++step) {
        point();
        bench->queue.heartbeat(lease, {"denoise", step, 2});
      }
      point();
      bench->artifacts.publish(job.id, lease.token, "film.mp4",
                               [](const std::string& path) { write_bytes(path, "film"); });
      point();
      bench->queue.succeed(lease, {"film.mp4"});
      return true;
    } catch (const jobs::Refused&) {
      return false;
    } catch (const ResourceError& error) {  // the folder went away under the publication
      return !refusal_of([&] { bench->queue.fail(lease, error.what()); });
    }
  }
  // What a client does: looks, deletes, looks again.
  void remove(const std::string& id) {
    point();
    statuses.push_back(bench->ask("GET", "/v1/videos/" + id).json.value("status", "gone"));
    point();
    deleted = bench->ask("DELETE", "/v1/videos/" + id).status;
    point();
    after = bench->ask("GET", "/v1/videos/" + id).status;
  }
  std::vector<std::string> statuses;
  int deleted = 0, after = 0;
};

}  // namespace

TEST_CASE("durability: a deletion wins over completion in every order of their steps") {
  Race race;
  int runs = 0, completed = 0, stopped = 0;
  const auto play = [&](std::uint64_t bits, int length) {
    const std::string id = race.bench->ask("POST", "/v1/videos", std::string(R"({"prompt": "a"})")).json["id"];
    const jobs::Job job = race.bench->queue.claim("w").value();
    race.statuses.clear();
    bool succeeded = false;
    Turns turns(bits, length);
    race.on_point = [&] { turns.yield(); };
    turns.run([&] { succeeded = race.compute(job); }, [&] { race.remove(id); });
    race.on_point = nullptr;
    REQUIRE(race.deleted == 200);
    REQUIRE(race.after == 404);
    REQUIRE(race.statuses.at(0) == (race.statuses.at(0) == "completed" ? "completed" : "in_progress"));
    REQUIRE(refusal_of([&] {
              race.bench->queue.heartbeat(lease_of(job), {"denoise", 2, 2});
            }) == jobs::Refusal::not_found);
    ++runs;
    ++(succeeded ? completed : stopped);
  };
  // Five turns of the worker among four of the client: 126 orders, each many times.
  constexpr int kLength = 9;
  std::vector<std::uint64_t> schedules;
  for (std::uint64_t bits = 0; bits < (1u << kLength); ++bits) {
    if (__builtin_popcountll(bits) == 4) schedules.push_back(bits);
  }
  for (int round = 0; runs < 10'000; ++round) {
    for (const std::uint64_t bits : schedules) play(bits, kLength);
    race.bench->queue.sweep();
    CHECK(race.bench->artifacts.jobs().empty());
    race.bench = Race::fresh();  // the store in memory copies itself for each transaction
  }
  std::printf(
      "delete against completion over HTTP handlers: %d interleavings of %d schedules, %d completed first, %d "
      "stopped\n",
      runs, int(schedules.size()), completed, stopped);
  CHECK(completed > 0);
  CHECK(stopped > 0);
}

}  // namespace phonofilm::test

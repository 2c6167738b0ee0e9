// kill -9 of a worker at every boundary of claim, step, save, publication and success. The parent opens what is left, another
// worker goes on, and every job ends once, with the result that an undisturbed worker would have made.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "jobs/postgres_server.h"
#include "workers/workers_helpers.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::jobs;
using namespace phonofilm::workers;

constexpr int kJobs = 2;

using OpenStore = std::function<std::unique_ptr<Store>(const Probe&)>;

// A worker of the queue, from its start to the end of all jobs.
void work_off(Store& store, const std::string& folder, const Probe& probe, Time now) {
  ArtifactFolder artifacts(folder, {.probe = probe});
  Queue queue(store, artifacts, {}, {[now] { return now; }, random_id});
  queue.recover();
  QueueDesk desk(queue);
  Counter counter;
  counter.probe = probe;
  WorkerOptions options = quick_worker();
  options.probe = probe;
  Worker worker(desk, artifacts, counter, options);
  while (worker.work_once(never) != Worker::Came::nothing) {
  }
}

// Returns whether it was killed, at its n-th point.
bool killed_at(int n, const OpenStore& open, const std::string& folder) {
  const pid_t child = fork();
  if (child == 0) {
    std::atomic<int> left{n};
    const Probe fuse = [&](const char*) {
      if (--left == 0) kill(getpid(), SIGKILL);
    };
    try {
      work_off(*open(fuse), folder, fuse, 1000);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
      _exit(2);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
  return WIFSIGNALED(status);
}

void expect_all_done(const OpenStore& open, const std::string& folder) {
  const std::unique_ptr<Store> store = open({});
  ArtifactFolder artifacts(folder);
  artifacts.remove_leftovers();
  const Time later = Time(1000) + 2 * Limits{}.lease;
  work_off(*store, folder, {}, later);
  Queue queue(*store, artifacts, {}, {[later] { return later; }, random_id});
  queue.sweep();
  const std::vector<Job> jobs = queue.list({.admin = true}, {}, "", 100).jobs;
  REQUIRE(jobs.size() == kJobs);
  for (const Job& job : jobs) {
    REQUIRE(job.state == State::succeeded);
    REQUIRE(job.attempts <= 2);
    REQUIRE(artifacts.runs(job.id) == std::vector<std::string>{job.result});  // one result, and nothing else
    REQUIRE(bytes_of(artifacts.path(job.id, job.result, "film.mp4")) == state_after(kSteps));
  }
  REQUIRE(artifacts.jobs().size() == kJobs);
}

int kill_everywhere(const std::function<OpenStore(int)>& opener, const QuickFolder& folder, int stride) {
  for (int n = 0;; ++n) {
    const int point = 1 + n * stride;
    INFO("killed at point ", point);
    const OpenStore open = opener(n);
    const std::string files = folder.file(concat("files", n));
    {
      const auto store = open({});
      ArtifactFolder artifacts(files);
      Queue queue(*store, artifacts, {}, {[] { return Time(1000); }, random_id});
      for (int i = 0; i < kJobs; ++i) queue.submit({.owner = "o", .request = "{}"});
    }
    const bool killed = killed_at(point, open, files);
    expect_all_done(open, files);
    std::filesystem::remove_all(files);
    if (!killed) return n;
  }
}

}  // namespace

TEST_CASE("workers: kill -9 at every boundary with SQLite loses no job and doubles none") {
  const QuickFolder folder;
  const int kills = kill_everywhere(
      [&](int n) -> OpenStore {
        return [file = folder.file(concat("queue", n))](const Probe& probe) {
          return open_sqlite_store(file, {.probe = probe});
        };
      },
      folder, /*stride=*/1);
  std::printf("kill -9 of a worker with SQLite: %d points\n", kills);
  CHECK(kills >= 250);
}

TEST_CASE("workers: kill -9 at boundaries with PostgreSQL loses no job and doubles none") {
  PostgresServer* server = PostgresServer::shared();
  if (server == nullptr) return;
  const QuickFolder folder;
  const int kills = kill_everywhere(
      [&](int) -> OpenStore {
        return [address = server->new_database()](const Probe& probe) {
          return open_postgres_store(address, {.probe = probe});
        };
      },
      folder, /*stride=*/9);
  std::printf("kill -9 of a worker with PostgreSQL: %d points\n", kills);
  CHECK(kills >= 15);
}

}  // namespace phonofilm::test

// Two servers and three workers, each a process of its own, on one PostgreSQL database: one server and one worker are
// killed while films are asked for and made. Every film is made, and each once.
//
// PHONOFILM_FLEET_JOBS=200 makes a long run of it.
#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "jobs/postgres_server.h"
#include "phonofilm/jobs/open_store.h"
#include "serving.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::jobs;

const Caller kAdmin{.admin = true};
constexpr int kClients = 4, kWorkers = 3;

int jobs_to_make() {
  const char* asked = std::getenv("PHONOFILM_FLEET_JOBS");
  return asked ? std::atoi(asked) : 8;
}

class Fleet {
 public:
  explicit Fleet(const std::string& database) {
    const std::vector<std::string> shared{"--store", database, "--artifacts", folder_.file("films"), "--lease", "5",
                                          "--threads", "1"};
    for (const char* name : {"server0", "server1"}) {
      servers_.push_back(std::make_unique<Serving>(folder_.file(name), shared));
    }
    for (int i = 0; i < kWorkers; ++i) {
      std::vector<std::string> arguments{"worker", "--name", worker_name(i)};
      arguments.insert(arguments.end(), shared.begin(), shared.end());
      workers_.push_back(std::make_unique<Background>(folder_.file(worker_name(i)), arguments));
    }
  }

  // Asks one server after the other, under the same key, until one has taken the film.
  void submit(int n) {
    const nlohmann::json film{{"prompt", "a red rubber ball falls"}, {"steps", 1}, {"seconds", 1.9}, {"seed", n}};
    const std::string request = post("/api/v1/jobs", nlohmann::json{{"request", film}}.dump(), "application/json",
                                     concat("Idempotency-Key: film ", n, "\r\n"));
    for (int turn = n; status_of(servers_[size_t(turn % 2)]->ask(request)) != 201; ++turn) usleep(10'000);
  }

  void kill_server() { servers_[0]->kill_now(); }
  // The one whose process computes this job.
  void kill_worker(const Job& job) {
    for (int i = 0; i < kWorkers; ++i) {
      if (job.lease.worker == worker_name(i)) workers_[size_t(i)] = nullptr;
    }
  }

  void expect_to_stop() {
    CHECK(std::count(workers_.begin(), workers_.end(), nullptr) == 1);
    for (const auto& worker : workers_) CHECK((!worker || worker->stop() == 0));
    CHECK(servers_[1]->stop() == 0);
  }
  std::string films() const { return folder_.file("films"); }

 private:
  static std::string worker_name(int i) { return concat("worker", i); }

  TemporaryFolder folder_;
  std::vector<std::unique_ptr<Serving>> servers_;
  std::vector<std::unique_ptr<Background>> workers_;
};

// From several clients at once; one server is killed in the middle of it.
void submit_all(Fleet& fleet, int jobs) {
  std::atomic<int> next = 0, taken = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      for (int n = next++; n < jobs; n = next++) fleet.submit(n), ++taken;
    });
  }
  CHECK(until([&] { return taken >= jobs / 3; }, 60));
  fleet.kill_server();
  for (std::thread& client : clients) client.join();
}

std::vector<Job> all_jobs(Queue& queue) {
  std::vector<Job> jobs;
  Page page;
  do {
    page = queue.list(kAdmin, {}, page.next, 100);
    jobs.insert(jobs.end(), page.jobs.begin(), page.jobs.end());
  } while (!page.next.empty());
  return jobs;
}

std::map<std::string, int> successes(Queue& queue) {
  std::map<std::string, int> counts;
  std::int64_t after = 0;
  for (EventPage page = queue.events(kAdmin, after); !page.events.empty(); page = queue.events(kAdmin, after)) {
    for (const Event& event : page.events) counts[event.job] += event.kind == EventKind::succeeded;
    after = page.events.back().sequence;
  }
  return counts;
}

// Each film is there, is the one that was asked for, and was made once.
void expect_each_once(Queue& queue, ArtifactFolder& artifacts, int jobs) {
  const std::vector<Job> made = all_jobs(queue);
  std::map<std::string, int> finished = successes(queue);
  REQUIRE(made.size() == size_t(jobs));
  for (const Job& job : made) {
    INFO(job.id, " by ", job.lease.worker, ": ", job.failure);
    REQUIRE(job.state == State::succeeded);
    CHECK(finished[job.id] == 1);
    CHECK(artifacts.runs(job.id) == std::vector<std::string>{job.result});
    CHECK(bytes_of(artifacts.path(job.id, job.result, "film.mp4")).substr(4, 4) == "ftyp");
    const nlohmann::json asked = nlohmann::json::parse(job.request);
    const std::string settings = bytes_of(artifacts.path(job.id, job.result, "settings.json"));
    CHECK(nlohmann::json::parse(settings)["settings"]["seed"] == asked["seed"]);
    CHECK(job.key == concat("film ", asked["seed"].get<int>()));
  }
}

}  // namespace

TEST_CASE("fleet: a server and a worker are killed among five on one database, and every film is made once") {
  PostgresServer* postgres = PostgresServer::shared();
  if (postgres == nullptr) return;
  const int jobs = jobs_to_make();
  const auto start = std::chrono::steady_clock::now();
  const std::string database = postgres->new_database();
  Fleet fleet(database);
  const auto store = open_store(database);
  ArtifactFolder artifacts(fleet.films());
  Queue queue(*store, artifacts);
  submit_all(fleet, jobs);
  std::vector<Job> running;
  REQUIRE(until([&] { return !(running = queue.list(kAdmin, State::running, "", 1).jobs).empty(); }, 60));
  fleet.kill_worker(running[0]);
  const bool done = until([&] { return queue.counts().jobs[State::succeeded] == jobs; }, 60 + 10 * jobs);
  CHECK(done);
  fleet.expect_to_stop();
  queue.sweep();
  expect_each_once(queue, artifacts, jobs);
  std::int64_t attempts = 0;
  for (const Job& job : all_jobs(queue)) attempts += job.attempts;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("fleet: %d films, %d attempts, %.0f s\n", jobs, int(attempts), seconds);
}

}  // namespace phonofilm::test

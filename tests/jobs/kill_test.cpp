// kill -9 at every boundary: a child works on a real store and dies at its n-th statement, write or flush of the
// database and operation on files, for every n. The parent opens what is left and expects that everything acknowledged
// is there, nothing is half, and the queue goes on.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "jobs/killed_child.h"
#include "jobs/postgres_server.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::jobs;

using Open = std::function<std::unique_ptr<Store>(const Probe&)>;

const Caller kAdmin{.admin = true};
const std::string kFilm(5000, 'f'), kSaved(3000, 's');

Submission submission(int n) {
  return {.owner = n % 2 ? "bob" : "alice",
          .key = "key" + std::to_string(n),
          .request = "{\"n\": " + std::to_string(n) + "}"};
}

// What the child does, and says about it: "try WHAT ID" before, "did WHAT ID" after it was acknowledged.
class Work {
 public:
  Work(const Open& open, const std::string& folder, Fuse& fuse, int pipe)
      : fuse_(fuse),
        pipe_(pipe),
        probe_([this](const char*) { fuse_.burn(); }),
        store_(open(probe_)),
        artifacts_(folder, {.probe = probe_}),
        queue_(*store_, artifacts_, {}, {[] { return Time(1000); }, random_id}) {}

  void run() {
    for (int n = 0; n < 4; ++n) told("submit", std::to_string(n), [&] { queue_.submit(submission(n)); });
    told("submit", "0", [&] { queue_.submit(submission(0)); });
    const Job first = queue_.claim("w").value();
    queue_.heartbeat(lease_of(first), {"denoise", 1, 2});
    save(first);
    finish(first);
    const Job second = queue_.claim("w").value();
    save(second);
    told("cancel", second.id, [&] { queue_.cancel(kAdmin, second.id); });
    const Job third = queue_.claim("w").value();
    queue_.fail(lease_of(third), "no");
    told("remove", first.id, [&] { queue_.remove(kAdmin, first.id); });
    finish(queue_.claim("w").value());
    queue_.sweep();
    queue_.claim("w");
  }

 private:
  void told(const char* what, const std::string& id, const std::function<void()>& action) {
    say("try", what, id);
    action();
    say("did", what, id);
  }
  void say(const char* when, const char* what, const std::string& id) const {
    const std::string line = concat(when, " ", what, " ", id, "\n");
    if (write(pipe_, line.data(), line.size()) != ssize_t(line.size())) _exit(3);
  }
  void publish(const Job& job, std::string_view name, const std::string& bytes) {
    artifacts_.publish(job.id, job.lease.token, name, [&](const std::string& path) {
      write_bytes(path, bytes.substr(0, bytes.size() / 2));
      fuse_.burn();
      write_bytes(path, bytes);
    });
  }
  void save(const Job& job) {
    publish(job, kLatents, kSaved);
    told("checkpoint", job.id, [&] { queue_.save_checkpoint(lease_of(job), 1); });
  }
  void finish(const Job& job) {
    publish(job, "film.mp4", kFilm);
    told("succeed", job.id, [&] { queue_.succeed(lease_of(job), {"film.mp4"}); });
  }

  Fuse& fuse_;
  int pipe_;
  Probe probe_;
  std::unique_ptr<Store> store_;
  ArtifactFolder artifacts_;
  Queue queue_;
};

struct Left {
  std::set<std::string> tried{}, did{};  // "submit 0", "cancel <id>", ...
  bool killed = false;
};

Left run_child(int fuse_length, const Open& open, const std::string& folder) {
  KilledChild child(fuse_length, [&](Fuse& fuse, int pipe) { Work(open, folder, fuse, pipe).run(); });
  child.wait();
  INFO(child.said());
  REQUIRE((child.killed() || child.fine()));
  Left left{.killed = child.killed()};
  std::istringstream lines(child.said());
  for (std::string when, what, id; lines >> when >> what >> id;) {
    (when == "try" ? left.tried : left.did).insert(what + " " + id);
  }
  return left;
}

void expect_whole(const ArtifactFolder& artifacts, const Job& job) {
  for (const std::string& name : job.artifacts) REQUIRE(bytes_of(artifacts.path(job.id, job.result, name)) == kFilm);
  if (!job.checkpoint.run.empty()) REQUIRE(bytes_of(artifacts.path(job.id, job.checkpoint.run, kLatents)) == kSaved);
}

std::map<std::string, Job> jobs_by_id(Queue& queue) {
  std::map<std::string, Job> jobs;
  for (const Job& job : queue.list(kAdmin, {}, "", 100).jobs) jobs[job.id] = job;
  return jobs;
}

// Everything that was acknowledged holds, and nothing was made up.
void expect_kept(Queue& queue, const Left& left) {
  const std::map<std::string, Job> jobs = jobs_by_id(queue);
  size_t submissions = 0, removed = 0;
  for (int n = 0; n < 4; ++n) submissions += left.tried.count("submit " + std::to_string(n));
  for (const std::string& line : left.tried) removed += line.starts_with("remove");
  REQUIRE(jobs.size() <= submissions);
  for (int n = 0; n < 4; ++n) {
    const bool there = std::any_of(jobs.begin(), jobs.end(),
                                   [&](const auto& entry) { return entry.second.key == submission(n).key; });
    if (left.did.count("submit " + std::to_string(n)) && removed == 0) REQUIRE(there);
  }
  for (const std::string& line : left.did) {
    const std::string what = line.substr(0, line.find(' ')), id = line.substr(line.find(' ') + 1);
    if (what == "submit" || (what != "remove" && left.tried.count("remove " + id))) continue;
    REQUIRE(jobs.count(id) == (what == "remove" ? 0 : 1));
    if (what == "cancel") REQUIRE(jobs.at(id).state == State::cancelled);
    if (what == "succeed") REQUIRE(jobs.at(id).state == State::succeeded);
    if (what == "checkpoint") REQUIRE((!jobs.at(id).checkpoint.run.empty() || jobs.at(id).state == State::succeeded));
  }
}

// A new worker brings every job to its end, and no file is left that no job needs.
void expect_to_go_on(Queue& queue, ArtifactFolder& artifacts) {
  for (int n = 0; n < 4; ++n) queue.submit(submission(n));
  queue.recover();
  while (const auto job = queue.claim("after")) {
    artifacts.publish(job->id, job->lease.token, "film.mp4",
                      [](const std::string& path) { write_bytes(path, kFilm); });
    queue.succeed(lease_of(*job), {"film.mp4"});
  }
  queue.sweep();
  const std::map<std::string, Job> jobs = jobs_by_id(queue);
  REQUIRE(jobs.size() == 4);
  for (const auto& [id, job] : jobs) {
    REQUIRE((job.state == State::succeeded || job.state == State::cancelled));
    expect_whole(artifacts, job);
  }
  for (const std::string& id : artifacts.jobs()) {
    REQUIRE(jobs.count(id) == 1);
    const Job& job = jobs.at(id);
    for (const std::string& run : artifacts.runs(id)) REQUIRE((run == job.result || run == job.checkpoint.run));
  }
}

void expect_survival(const Left& left, const Open& open, const std::string& folder) {
  const std::unique_ptr<Store> store = open({});
  ArtifactFolder artifacts(folder);
  artifacts.remove_leftovers();
  Queue queue(*store, artifacts, {}, {[] { return Time(1000) + 2 * Limits{}.lease; }, random_id});
  expect_kept(queue, left);
  for (const auto& [id, job] : jobs_by_id(queue)) expect_whole(artifacts, job);
  expect_to_go_on(queue, artifacts);
}

// Kills at every `stride`-th point until the work is done before it dies; returns the number of kills.
int kill_everywhere(const std::function<Open(int)>& opener, const QuickFolder& folder, int stride) {
  for (int n = 0;; ++n) {
    INFO("killed at point ", 1 + n * stride);
    const std::string artifacts = folder.file(concat("artifacts", n));
    const Open open = opener(n);
    const Left left = run_child(1 + n * stride, open, artifacts);
    expect_survival(left, open, artifacts);
    std::filesystem::remove_all(artifacts);
    if (!left.killed) return n;
  }
}

}  // namespace

TEST_CASE("jobs: kill -9 at every boundary of SQLite and the files loses nothing") {
  const QuickFolder folder;
  const int kills = kill_everywhere(
      [&](int n) -> Open {
        return [file = folder.file(concat("queue", n))](const Probe& probe) {
          return open_sqlite_store(file, {.probe = probe});
        };
      },
      folder, /*stride=*/1);
  std::printf("kill -9 with SQLite: %d points\n", kills);
  CHECK(kills >= 100);
}

TEST_CASE("jobs: kill -9 at boundaries of PostgreSQL and the files loses nothing") {
  PostgresServer* server = PostgresServer::shared();
  if (server == nullptr) return;
  const QuickFolder folder;
  const std::string address = server->new_database();
  const int kills = kill_everywhere(
      [&](int) -> Open {
        PostgresServer::empty(address);
        return [address](const Probe& probe) { return open_postgres_store(address, {.probe = probe}); };
      },
      folder, /*stride=*/3);
  std::printf("kill -9 with PostgreSQL: %d points\n", kills);
  CHECK(kills >= 50);
}

}  // namespace phonofilm::test

// From the first version of the schema to the present one: kill -9 at every point of the way, and two programs that go
// it at once. Whatever happens, the rows of the old version are there, and the next program that opens the queue uses
// it.
#include <algorithm>

#include "jobs/killed_child.h"
#include "jobs/memory_store.h"
#include "jobs/postgres_server.h"
#include "phonofilm/jobs/job_rows.h"
#include "phonofilm/jobs/postgres_database.h"
#include "phonofilm/jobs/schema.h"
#include "phonofilm/jobs/sqlite_database.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::jobs;

const Caller kAdmin{.admin = true};
constexpr size_t kFirstColumns = 28;  // of jobs, in version 1
constexpr State kStates[] = {State::queued, State::running, State::succeeded, State::failed, State::cancelled};

// The n-th job of the old queue; the states take turns.
Job old_job(std::int64_t n) {
  Job job{.id = id_of(n), .owner = n % 2 ? "bob" : "alice", .key = concat("key", n)};
  job.request = concat("{\"n\": ", n, ", \"prompt\": \"", std::string(size_t(200 * n), 'r'), "\"}");
  job.state = kStates[size_t(n) % std::size(kStates)];
  job.number = job.place = 10 * n + 2;
  job.created = 1000 + n, job.retention = 5000;
  if (job.state != State::queued) job.started = 2000, job.attempts = 1, job.progress = {"denoise", 3, 10, 700};
  if (job.state == State::running) {
    job.lease = {id_of(100 + n), "old", 9000, 2500};
    job.checkpoint = {job.lease.token, 3};
  }
  if (is_finished(job.state)) job.finished = 3000, job.expires = 8000;
  if (job.state == State::succeeded) job.result = id_of(100 + n), job.artifacts = {"film.mp4", "poster.png"};
  if (job.state == State::failed) job.failures = 2, job.failure = "no memory";
  return job;
}
constexpr std::int64_t kOldJobs = 10;

// A queue as the first version of the schema left it.
void make_old(Database& database) {
  migrate(database, {migrations().front()}, "test");
  std::vector<std::string> columns = split(job_columns(), ','), parameters = split(job_parameters(), ',');
  columns.resize(kFirstColumns), parameters.resize(kFirstColumns);
  const std::string insert =
      concat("INSERT INTO jobs (", join(columns, ","), ") VALUES (", join(parameters, ","), ")");
  database.transact([&] {
    for (const char* owner : {"alice", "bob"}) database.run("INSERT INTO owners VALUES ($1, 7)", {owner});
    for (std::int64_t n = 0; n < kOldJobs; ++n) {
      Row row = to_row(old_job(n));
      row.resize(kFirstColumns);
      database.run(insert, row);
      const Event event{10 * n + 1, id_of(n), old_job(n).owner, EventKind::submitted, State::queued, 0, 0, 1000};
      database.run(concat("INSERT INTO events (", kEventColumns, ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"),
                   to_row(event));
    }
    database.run("UPDATE meta SET value = 500 WHERE name = 'sequence'");
  });
}

// The old rows are there, and the queue goes on.
void expect_moved(Store& store) {
  MemoryArtifacts artifacts;
  Queue queue(store, artifacts, {}, {[] { return Time(10'000); }, random_id});
  for (std::int64_t n = 0; n < kOldJobs; ++n) REQUIRE(queue.get(kAdmin, id_of(n)).job == old_job(n));
  REQUIRE(queue.list(kAdmin, {}, "", 100).jobs.size() == kOldJobs);
  const std::vector<Event> events = queue.events(kAdmin, 0).events;
  REQUIRE(events.size() == kOldJobs);
  REQUIRE(events.back().sequence == 10 * (kOldJobs - 1) + 1);
  REQUIRE(queue.recover() == 2);  // the old workers are gone
  const Job next = queue.claim("new").value();
  REQUIRE(queue.heartbeat(lease_of(next), {"denoise", 1, 2, -1, 3}).progress.preview == 3);
  REQUIRE(queue.submit({.owner = "carol", .request = "{}"}).number > 500);
}

using Open = std::function<std::unique_ptr<Store>(const Probe&)>;

KilledChild::Work opening(const Open& open) {
  return [open](Fuse& fuse, int) { open([&fuse](const char*) { fuse.burn(); }); };
}

// Kills at each point of opening; fresh() makes the old queue. Beside it another program opens, where there is one.
int kill_everywhere(const std::function<Open()>& fresh, bool beside) {
  for (int n = 1;; ++n) {
    INFO("killed at point ", n);
    const Open open = fresh();
    KilledChild child(n, opening(open));
    if (beside) {
      KilledChild other(/*fuse_length=*/0, opening(open));
      other.wait();
      INFO(other.said());
      REQUIRE(other.fine());
    }
    child.wait();
    INFO(child.said());
    REQUIRE((child.killed() || child.fine()));
    expect_moved(*open({}));
    if (!child.killed()) return n - 1;
  }
}

Open sqlite_at(const std::string& path) {
  return [path](const Probe& probe) { return open_sqlite_store(path, {.probe = probe}); };
}

Open old_postgres(const std::string& address) {
  PostgresServer::empty(address);
  PostgresDatabase database(address, {});
  make_old(database);
  return [address](const Probe& probe) { return open_postgres_store(address, {.probe = probe}); };
}

// The bytes of an old queue's file.
std::string old_file(const std::string& path) {
  {
    SqliteDatabase database(path, {});
    make_old(database);
  }
  REQUIRE_FALSE(std::filesystem::exists(path + "-wal"));
  return bytes_of(path);
}

}  // namespace

TEST_CASE("jobs: there is an older schema to move on from") {
  REQUIRE(migrations().size() > 1);
  const QuickFolder folder;
  old_file(folder.file("old"));
  SqliteDatabase database(folder.file("old"), {});
  CHECK_THROWS_AS(database.transact([&] { database.run("SELECT preview FROM jobs", {}); }), StoreError);
}

TEST_CASE("jobs: kill -9 at every boundary of a migration of SQLite loses nothing") {
  const QuickFolder folder;
  const std::string bytes = old_file(folder.file("old"));
  int files = 0;
  const int kills = kill_everywhere(
      [&] {
        const std::string path = folder.file(concat("queue", ++files));
        write_bytes(path, bytes);
        return sqlite_at(path);
      },
      /*beside=*/false);
  std::printf("kill -9 while SQLite migrates: %d points\n", kills);
  CHECK(kills >= 30);
}

TEST_CASE("jobs: kill -9 at every boundary of a migration of PostgreSQL loses nothing, also beside another program") {
  PostgresServer* server = PostgresServer::shared();
  if (server == nullptr) return;
  const std::string address = server->new_database();
  for (const bool beside : {false, true}) {
    const int kills = kill_everywhere([&] { return old_postgres(address); }, beside);
    std::printf("kill -9 while PostgreSQL migrates%s: %d points\n", beside ? ", beside another program" : "", kills);
    CHECK(kills >= (beside ? 7 : 10));  // fewer where the other one came first
  }
}

TEST_CASE("jobs: of programs that open an old SQLite file at once one at a time has it, and none harms it") {
  const QuickFolder folder;
  const std::string bytes = old_file(folder.file("old"));
  for (int round = 0; round < 5; ++round) {
    const std::string path = folder.file(concat("queue", round));
    write_bytes(path, bytes);
    std::vector<std::unique_ptr<KilledChild>> children;
    for (int i = 0; i < 3; ++i) children.push_back(std::make_unique<KilledChild>(0, opening(sqlite_at(path))));
    int opened = 0;
    for (const auto& child : children) {
      child->wait();
      INFO(child->said());
      REQUIRE((child->fine() || child->said().find("another process has the queue open") != std::string::npos));
      opened += child->fine();
    }
    CHECK(opened >= 1);
    expect_moved(*sqlite_at(path)({}));
  }
}

TEST_CASE("jobs: programs that open an old or an empty PostgreSQL database at once all use it") {
  PostgresServer* server = PostgresServer::shared();
  if (server == nullptr) return;
  const std::string address = server->new_database();
  for (int round = 0; round < 6; ++round) {
    const bool empty = round % 2 == 1;
    const Open open = old_postgres(address);
    if (empty) PostgresServer::empty(address);
    std::vector<std::unique_ptr<KilledChild>> children;
    for (int i = 0; i < 4; ++i) children.push_back(std::make_unique<KilledChild>(0, opening(open)));
    for (const auto& child : children) {
      child->wait();
      INFO(child->said());
      CHECK(child->fine());
    }
    const auto store = open({});
    if (!empty) expect_moved(*store);
  }
}

}  // namespace phonofilm::test

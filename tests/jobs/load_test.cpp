// How long submit and claim take with ten thousand jobs waiting. Prints; asserts only that all of it happened.
#include <algorithm>
#include <chrono>

#include "jobs/jobs_helpers.h"
#include "jobs/memory_store.h"
#include "jobs/postgres_server.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::jobs;

// Milliseconds of each call.
template <class Action>
std::vector<double> timed(int count, const Action& action) {
  std::vector<double> milliseconds;
  for (int i = 0; i < count; ++i) {
    const auto start = std::chrono::steady_clock::now();
    action(i);
    milliseconds.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  return milliseconds;
}

void print(const char* store, const char* what, const std::vector<double>& sorted) {
  std::printf("%s: %s x %zu: p50 %.3f ms, p99 %.3f ms, worst %.3f ms\n", store, what, sorted.size(),
              sorted[sorted.size() / 2], sorted[sorted.size() * 99 / 100], sorted.back());
}

void measure(const char* name, Store& store, int jobs, int claims) {
  MemoryArtifacts artifacts;
  Queue queue(store, artifacts);
  const std::string request(2000, 'r');
  print(name, "submit",
        timed(jobs, [&](int i) { queue.submit({.owner = concat("owner", i % 20), .request = request}); }));
  CHECK(queue.counts().jobs[State::queued] == jobs);
  print(name, "claim", timed(claims, [&](int) { CHECK(queue.claim("w")); }));
  CHECK(queue.counts().jobs[State::running] == claims);
  const Job job = queue.list({.admin = true}, State::running, "", 1).jobs.at(0);
  print(name, "heartbeat", timed(claims, [&](int i) { queue.heartbeat(lease_of(job), {"denoise", i, claims}); }));
  print(name, "status", timed(claims, [&](int) { queue.get({.admin = true}, job.id); }));
}

}  // namespace

TEST_CASE("jobs: ten thousand waiting jobs, measured") {
  const QuickFolder memory;
  const TemporaryFolder disk;
  measure("SQLite, in memory", *open_sqlite_store(memory.file("queue.db")), 10'000, 200);
  measure("SQLite, flushed to disk", *open_sqlite_store(disk.file("queue.db")), 50, 20);
  if (PostgresServer* server = PostgresServer::shared()) {
    measure("PostgreSQL, without flushing", *open_postgres_store(server->new_database()), 500, 100);
  }
}

}  // namespace phonofilm::test

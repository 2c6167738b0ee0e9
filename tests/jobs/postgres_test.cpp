// What only a server can do wrong: several clients at once, connections that break, a server that is not there.
#include <libpq-fe.h>

#include <atomic>
#include <barrier>
#include <set>
#include <thread>
#include <utility>

#include "jobs/jobs_helpers.h"
#include "jobs/memory_store.h"
#include "jobs/postgres_server.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::jobs;

const Caller kAdmin{.admin = true};

void sql(const std::string& address, const std::string& statement) {
  PGconn* connection = PQconnectdb(address.c_str());
  PGresult* result = PQexec(connection, statement.c_str());
  CHECK((PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK));
  PQclear(result);
  PQfinish(connection);
}

// Ends every other connection to the database, as a restart of the server would.
void break_connections(const std::string& address) {
  sql(address,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
      "pg_backend_pid()");
}

void in_threads(int count, const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

// A client of its own: connection, files, queue.
struct Client {
  explicit Client(const std::string& address, const PostgresOptions& options = {})
      : store(open_postgres_store(address, options)) {}
  std::unique_ptr<Store> store;
  MemoryArtifacts artifacts{};
  Queue queue{*store, artifacts};
};

}  // namespace

TEST_CASE("jobs: clients of one server never take the same job, and submit a key once") {
  PostgresServer* server = PostgresServer::shared();
  if (server == nullptr) return;
  const std::string address = server->new_database();
  constexpr int kClients = 4, kJobs = 25;
  std::vector<std::vector<std::string>> taken(kClients);
  std::set<std::string> same_key[kClients];
  in_threads(kClients, [&](int i) {
    Client client(address);
    for (int n = 0; n < kJobs; ++n) {
      client.queue.submit({.owner = concat("owner", i), .request = "{}"});
      same_key[i].insert(client.queue.submit({.owner = "all", .key = concat("key", n % 5), .request = "{}"}).id);
    }
  });
  in_threads(kClients, [&](int i) {
    Client client(address);
    while (const auto job = client.queue.claim(concat("w", i))) {
      taken[size_t(i)].push_back(job->id);
      client.artifacts.publish(job->id, job->lease.token, "film.mp4", {});
      client.queue.succeed(lease_of(*job), {"film.mp4"});
    }
  });
  std::set<std::string> all;
  size_t claims = 0;
  for (const auto& ids : taken) claims += ids.size(), all.insert(ids.begin(), ids.end());
  CHECK(claims == all.size());
  CHECK(claims == kClients * kJobs + 5);
  for (const auto& keys : same_key) CHECK(keys == same_key[0]);
  // Sequences became visible in order: none is there twice, and jobs took theirs from the same sequence.
  Client client(address);
  CHECK(client.queue.counts().jobs[State::succeeded] == std::int64_t(claims));
}

TEST_CASE("jobs: a connection that breaks at any statement changes nothing of the outcome") {
  PostgresServer* server = PostgresServer::shared();
  if (server == nullptr) return;
  const std::string address = server->new_database();
  int breaks = 0;
  for (int at = 1; breaks == at - 1; ++at) {
    INFO("broken at statement ", at);
    int statement = 0, paused = 0;
    bool counting = false;
    Client client(address, {.pause = [&](int) { ++paused; },
                            .probe =
                                [&](const char*) {
                                  if (counting && ++statement == at) break_connections(address), ++breaks;
                                }});
    counting = true;
    const Job job = client.queue.submit({.owner = "alice", .request = "{}"});
    const Job taken = client.queue.claim("w").value();
    REQUIRE(taken.id == job.id);
    client.queue.heartbeat(lease_of(taken), {"denoise", 1, 2});
    client.artifacts.publish(taken.id, taken.lease.token, "film.mp4", {});
    REQUIRE(client.queue.succeed(lease_of(taken), {"film.mp4"}).state == State::succeeded);
    counting = false;
    REQUIRE(client.queue.list(kAdmin).jobs.size() == 1);
    REQUIRE(client.queue.get(kAdmin, job.id).job.attempts == 1);
    client.queue.remove(kAdmin, job.id);
    REQUIRE(paused <= 1);
  }
  std::printf("PostgreSQL connections broken: %d\n", breaks);
  CHECK(breaks > 25);
}

TEST_CASE("jobs: a server that is not there is an error after growing pauses") {
  std::vector<int> pauses;
  const PostgresOptions options{
      .attempts = 5, .first_pause = 10, .pause = [&](int milliseconds) { pauses.push_back(milliseconds); }};
  CHECK_THROWS_WITH_AS(open_postgres_store("host=/nowhere dbname=x password=secret", options),
                       doctest::Contains("cannot be reached"), StoreError);
  CHECK(pauses == std::vector<int>{10, 20, 40, 80});
  try {
    open_postgres_store("host=/nowhere dbname=x password=secret", options);
  } catch (const StoreError& error) {
    CHECK(std::string(error.what()).find("secret") == std::string::npos);
  }
}

// Two clients lock two rows in opposite order, each with one before the other asks: the server ends one, which comes
// again.
TEST_CASE("jobs: a deadlock is tried again") {
  PostgresServer* server = PostgresServer::shared();
  if (server == nullptr) return;
  const std::string address = server->new_database();
  sql(address, "ALTER DATABASE " +
                   address.substr(address.find("queue"), address.find(" user") - address.find("queue")) +
                   " SET deadlock_timeout = '10ms'");
  Client setup(address);
  const std::string ids[2] = {setup.queue.submit({.owner = "a", .request = "{}"}).id,
                              setup.queue.submit({.owner = "b", .request = "{}"}).id};
  std::barrier both(2);
  std::atomic<int> runs = 0;
  in_threads(2, [&](int i) {
    Client client(address);
    bool first = true;
    client.store->transact([&](Transaction& transaction) {
      ++runs;
      transaction.find(ids[i]);
      if (std::exchange(first, false)) both.arrive_and_wait();
      transaction.find(ids[1 - i]);
    });
  });
  CHECK(runs == 3);
}

TEST_CASE("jobs: a schema of a newer program is refused") {
  PostgresServer* server = PostgresServer::shared();
  if (server == nullptr) return;
  const std::string address = server->new_database();
  open_postgres_store(address);
  sql(address, "UPDATE meta SET value = 99 WHERE name = 'schema'");
  CHECK_THROWS_WITH_AS(open_postgres_store(address), doctest::Contains("version 99"), StoreError);
}

}  // namespace phonofilm::test

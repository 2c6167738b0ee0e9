// A queue on every store there is: memory, SQLite, PostgreSQL.
#pragma once

#include "jobs/jobs_helpers.h"
#include "jobs/memory_store.h"
#include "jobs/postgres_server.h"

namespace phonofilm::test {

using namespace phonofilm::jobs;

inline const Caller kAdmin{.admin = true};

struct Bench {
  std::unique_ptr<Store> store;
  MemoryArtifacts artifacts{};
  TestSources sources{};
  Limits limits{};
  std::optional<Queue> queue{};

  Job submit(const std::string& owner, const std::string& request = "{}", std::int64_t priority = 0) {
    return queue->submit({.owner = owner, .request = request, .priority = priority});
  }
  Job claim(const std::string& worker = "w") { return queue->claim(worker).value(); }
  void publish(const Job& job, std::string_view name) { artifacts.publish(job.id, job.lease.token, name, {}); }
  Job get(const Job& job) { return queue->get(kAdmin, job.id).job; }
};

// Runs the test on every store there is.
inline void on_each_store(const std::function<void(Bench&)>& test, const Limits& limits = {}) {
  const QuickFolder folder;
  const auto run = [&](const char* name, std::unique_ptr<Store> store) {
    INFO("store: ", name);
    Bench bench{.store = std::move(store), .limits = limits};
    bench.queue.emplace(*bench.store, bench.artifacts, limits, bench.sources.sources());
    test(bench);
  };
  run("memory", std::make_unique<MemoryStore>());
  run("sqlite", open_sqlite_store(folder.file("queue.db")));
  if (PostgresServer* server = PostgresServer::shared()) run("postgres", open_postgres_store(server->new_database()));
}

}  // namespace phonofilm::test

// Random sequences of actions, walked through on a real store and on the one in memory side by side: the same answers,
// the same jobs, events, counts and files after every action.
#include "jobs/driver.h"
#include "jobs/memory_store.h"
#include "jobs/postgres_server.h"
#include "phonofilm/base/random.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::jobs;

// One store with everything that acts on it.
struct Stage {
  Store& store;
  Limits limits{};
  MemoryArtifacts artifacts{};
  TestSources sources{};
  Actors actors{std::vector<std::optional<LeaseRef>>(3), std::vector<std::string>(5)};
  Queue queue{store, artifacts, limits, sources.sources()};
  Driver driver{queue, artifacts, sources, limits};
};

std::vector<std::int64_t> positions(Queue& queue, const std::vector<Job>& jobs) {
  std::vector<std::int64_t> positions;
  for (const Job& job : jobs) positions.push_back(queue.get({.admin = true}, job.id).position);
  return positions;
}

void expect_equal(Stage& real, Stage& model) {
  const Caller admin{.admin = true};
  const std::vector<Job> jobs = real.queue.list(admin, {}, "", 100).jobs;
  REQUIRE(jobs == model.queue.list(admin, {}, "", 100).jobs);
  REQUIRE(positions(real.queue, jobs) == positions(model.queue, jobs));
  REQUIRE(real.queue.list(admin, {}, "9", 3, ListOrder::oldest_first).jobs ==
          model.queue.list(admin, {}, "9", 3, ListOrder::oldest_first).jobs);
  for (const char* cursor : {"", "0.9"}) {
    REQUIRE(real.queue.list(admin, State::queued, cursor, 3, ListOrder::by_place).jobs ==
            model.queue.list(admin, State::queued, cursor, 3, ListOrder::by_place).jobs);
  }
  REQUIRE(real.queue.list({"alice"}, State::queued, "9", 3).jobs ==
          model.queue.list({"alice"}, State::queued, "9", 3).jobs);
  REQUIRE(real.queue.counts() == model.queue.counts());
  const std::int64_t recent = std::max<std::int64_t>(0, real.sources.last_id - 5);
  REQUIRE(real.queue.events(admin, recent).events == model.queue.events(admin, recent).events);
  REQUIRE(real.queue.events({"bob"}, 0).events == model.queue.events({"bob"}, 0).events);
  REQUIRE(real.artifacts.files == model.artifacts.files);
}

void walk(Stage& real, Stage& model, Random& random, int actions) {
  for (int i = 0; i < actions; ++i) {
    const std::vector<Action> choices = possible(model.actors);
    const Action action = random.pick(choices);
    INFO("action ", i, ": ", verb_name(action.verb), " ", action.who);
    REQUIRE(real.driver.apply(real.actors, action) == model.driver.apply(model.actors, action));
    real.sources.now += 1, model.sources.now += 1;
    expect_equal(real, model);
  }
}

void compare(const std::function<std::unique_ptr<Store>(int)>& open, int sequences, int actions) {
  Limits limits;
  limits.retention = 3 * limits.lease;
  limits.event_retention = 2 * limits.lease;
  for (int i = 0; i < sequences; ++i) {
    INFO("sequence ", i);
    Random random(mix_seed(1, "jobs: stores agree", std::uint64_t(i)));
    const std::unique_ptr<Store> store = open(i);
    MemoryStore memory;
    Stage real{.store = *store, .limits = limits}, model{.store = memory, .limits = limits};
    walk(real, model, random, actions);
  }
}

}  // namespace

TEST_CASE("jobs: SQLite answers like the model") {
  const QuickFolder folder;
  compare([&](int i) { return open_sqlite_store(folder.file(std::to_string(i))); }, /*sequences=*/40, /*actions=*/150);
}

TEST_CASE("jobs: PostgreSQL answers like the model") {
  PostgresServer* server = PostgresServer::shared();
  if (server == nullptr) return;
  compare([&](int) { return open_postgres_store(server->new_database()); }, /*sequences=*/4, /*actions=*/150);
}

}  // namespace phonofilm::test

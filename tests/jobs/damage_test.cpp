// Files that are damaged, foreign, newer or taken, and how a schema moves on.
#include <sqlite3.h>

#include "jobs/jobs_helpers.h"
#include "jobs/memory_store.h"
#include "phonofilm/base/random.h"
#include "phonofilm/jobs/schema.h"
#include "phonofilm/jobs/sql_store.h"
#include "phonofilm/jobs/sqlite_database.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::jobs;

const Caller kAdmin{.admin = true};

void run_sql(const std::string& path, const std::string& sql) {
  sqlite3* connection = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &connection) == SQLITE_OK);
  const int code = sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr);
  sqlite3_close(connection);
  REQUIRE(code == SQLITE_OK);
}

// The bytes of a closed queue with jobs in every state.
std::string queue_bytes(const std::string& path) {
  {
    const std::unique_ptr<Store> store = open_sqlite_store(path);
    MemoryArtifacts artifacts;
    TestSources sources;
    Queue queue(*store, artifacts, {}, sources.sources());
    for (int i = 0; i < 60; ++i) queue.submit({.owner = concat("owner", i % 7), .request = std::string(300, 'r')});
    for (int i = 0; i < 20; ++i) {
      const Job job = queue.claim("w").value();
      if (i % 2) queue.cancel(kAdmin, job.id);
    }
  }
  REQUIRE_FALSE(std::filesystem::exists(path + "-wal"));
  return bytes_of(path);
}

// Everything that a server would read and write; true where no damage was met.
bool works(const std::string& path) {
  try {
    const std::unique_ptr<Store> store = open_sqlite_store(path);
    MemoryArtifacts artifacts;
    TestSources sources;
    sources.last_id = 10'000;
    Queue queue(*store, artifacts, {}, sources.sources());
    queue.list(kAdmin, {}, "", 100);
    queue.events(kAdmin, 0);
    queue.counts();
    queue.submit({.owner = "owner1", .request = "{}"});
    queue.claim("w");
    sources.now += 1'000'000;
    queue.recover();
    return true;
  } catch (const StoreError& error) {
    CHECK(std::string(error.what()).size() > 20);
    return false;
  }
}

void put(const std::string& path, const std::string& bytes) {
  for (const char* end : {"-wal", "-shm"}) std::filesystem::remove(path + end);
  write_bytes(path, bytes);
}

}  // namespace

TEST_CASE("jobs: a truncated database is refused at every length") {
  const QuickFolder folder;
  const std::string path = folder.file("queue.db"), whole = queue_bytes(path);
  CHECK(works(path));
  int cuts = 0;
  for (size_t length = 1; length < whole.size(); length += 509, ++cuts) {
    CAPTURE(length);
    put(path, whole.substr(0, length));
    CHECK_FALSE(works(path));
  }
  CHECK(cuts > 50);
}

TEST_CASE("jobs: a database with damaged bytes is refused or read, and never crashes") {
  const QuickFolder folder;
  const std::string path = folder.file("queue.db"), whole = queue_bytes(path);
  Random random(mix_seed(1, "jobs: damaged bytes"));
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    CAPTURE(i);
    std::string bytes = whole;
    const std::int64_t size = std::int64_t(bytes.size()), start = random.below(size);
    const std::int64_t end = std::min(size, start + 1 + random.below(i % 3 ? 4 : 600));
    for (std::int64_t at = start; at < end; ++at) bytes[size_t(at)] = char(random.next());
    put(path, bytes);
    refused += !works(path);
  }
  CHECK(refused > 50);  // the rest hit texts and unused pages, of which the file keeps no sum
}

TEST_CASE("jobs: foreign, newer, taken and missing databases are told apart") {
  const QuickFolder folder;
  const auto fault = [](const std::string& path) -> std::string {
    try {
      open_sqlite_store(path, {.busy_timeout = 1});
    } catch (const StoreError& error) {
      return error.what();
    }
    return "";
  };
  const auto says = [&](const std::string& path, const char* words) {
    CAPTURE(words);
    const std::string message = fault(path);
    CHECK(message.find(words) != std::string::npos);
    CHECK(message.find(path) != std::string::npos);
  };
  write_bytes(folder.file("text"), std::string(2000, 't'));
  says(folder.file("text"), "no SQLite file");
  run_sql(folder.file("foreign"), "CREATE TABLE recipes (name TEXT)");
  const std::string before = bytes_of(folder.file("foreign"));
  says(folder.file("foreign"), "no queue of phonofilm");
  CHECK(bytes_of(folder.file("foreign")) == before);
  open_sqlite_store(folder.file("newer"));
  run_sql(folder.file("newer"), "UPDATE meta SET value = 99 WHERE name = 'schema'");
  says(folder.file("newer"), "version 99");
  const auto held = open_sqlite_store(folder.file("held"));
  says(folder.file("held"), "another process has the queue open");
  says(folder.file("no/such/folder"), "does the folder exist");
  write_bytes(folder.file("emptied"), "");
  write_bytes(folder.file("emptied-wal"), "log");
  says(folder.file("emptied"), "its log");
  write_bytes(folder.file("stub"), std::string(511, '\0'));
  says(folder.file("stub"), "shorter than any database");
  open_sqlite_store(folder.file("orphans"));
  run_sql(folder.file("orphans"),
          "PRAGMA foreign_keys = OFF; INSERT INTO jobs SELECT 'id', 'nobody', NULL, '{}', 'queued',"
          " 0, 1, 1, 1, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, '', '', '', 0, 0, '', 0, '', '', 0");
  says(folder.file("orphans"), "owners that are missing");
}

TEST_CASE("jobs: tables refuse rows that no rule would make") {
  const QuickFolder folder;
  const std::string path = folder.file("queue.db");
  queue_bytes(path);
  sqlite3* connection = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &connection) == SQLITE_OK);
  for (const char* sql : {"UPDATE jobs SET state = 'lost'", "UPDATE jobs SET token = '' WHERE state = 'running'",
                          "UPDATE jobs SET token = 'x' WHERE state = 'queued'", "UPDATE jobs SET state = 'succeeded'",
                          "UPDATE jobs SET number = 1", "UPDATE jobs SET priority = 'high'",
                          "UPDATE jobs SET key = 'k', owner = 'owner1'"}) {
    CAPTURE(sql);
    CHECK(sqlite3_exec(connection, sql, nullptr, nullptr, nullptr) == SQLITE_CONSTRAINT);
  }
  sqlite3_close(connection);
}

TEST_CASE("jobs: a schema moves on in one transaction") {
  const QuickFolder folder;
  const std::string path = folder.file("queue.db");
  queue_bytes(path);
  std::vector<Migration> steps = migrations();
  steps.push_back({"ALTER TABLE jobs ADD COLUMN colour {text} NOT NULL DEFAULT 'blue'"});
  const auto open_with = [&](const std::vector<Migration>& known) {
    SqliteDatabase database(path, {});
    migrate(database, known, path);
    std::string colours;
    database.transact([&] { colours = text(database.run("SELECT colour FROM jobs LIMIT 1", {}).at(0), 0); });
    return colours;
  };
  std::vector<Migration> broken = steps;
  broken.back().push_back("CREATE TABLE jobs (twice {integer})");
  CHECK_THROWS_AS(open_with(broken), StoreError);
  CHECK(works(path));  // still the old version
  CHECK(open_with(steps) == "blue");
  CHECK(open_with(steps) == "blue");
  CHECK_FALSE(works(path));  // too new for this program
}

}  // namespace phonofilm::test

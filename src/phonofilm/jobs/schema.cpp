#include "phonofilm/jobs/schema.h"

#include "phonofilm/jobs/refused.h"

namespace phonofilm::jobs {
namespace {

// meta holds three numbers: the version of the schema, the last sequence drawn, the last event forgotten.
constexpr const char* kMeta =
    "CREATE TABLE IF NOT EXISTS meta (name {text} PRIMARY KEY, value {integer} NOT NULL){suffix}";

const Migration& first_schema() {
  static const Migration statements{
      "INSERT INTO meta (name, value) VALUES ('sequence', 0), ('forgotten', 0)",
      "CREATE TABLE owners (owner {text} PRIMARY KEY, served {integer} NOT NULL){suffix}",
      "CREATE TABLE jobs (id {text} PRIMARY KEY, owner {text} NOT NULL REFERENCES owners (owner), key {text},"
      " request {text} NOT NULL,"
      " state {text} NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),"
      " priority {integer} NOT NULL, number {integer} NOT NULL UNIQUE, place {integer} NOT NULL,"
      " created {integer} NOT NULL, started {integer} NOT NULL, finished {integer} NOT NULL, "
      " expires {integer} NOT NULL,"
      " retention {integer} NOT NULL, stage {text} NOT NULL, step {integer} NOT NULL, steps {integer} NOT NULL,"
      " eta {integer} NOT NULL, attempts {integer} NOT NULL, failures {integer} NOT NULL, failure {text} NOT NULL,"
      " token {text} NOT NULL, worker {text} NOT NULL, lease_until {integer} NOT NULL, heartbeat {integer} NOT NULL,"
      " checkpoint {text} NOT NULL, checkpoint_step {integer} NOT NULL, result {text} NOT NULL, "
      " artifacts {text} NOT NULL,"
      // What the rules keep, the tables refuse to forget.
      " CHECK ((state = 'running') = (token <> '')), CHECK ((state = 'succeeded') = (result <> '')),"
      " UNIQUE (owner, key)){suffix}",
      "CREATE INDEX jobs_by_turn ON jobs (state, priority, place, owner, id)",
      "CREATE INDEX jobs_by_owner ON jobs (owner, number)",
      "CREATE INDEX jobs_by_token ON jobs (token)",
      "CREATE TABLE events (sequence {integer} PRIMARY KEY, job {text} NOT NULL, owner {text} NOT NULL, "
      " kind {text} NOT NULL, state {text} NOT NULL, step {integer} NOT NULL, steps {integer} NOT NULL,"
      " happened {integer} NOT NULL){suffix}",
      "CREATE INDEX events_by_owner ON events (owner, sequence)",
      "CREATE INDEX events_by_time ON events (happened, sequence)"};
  return statements;
}

// The picture of a running job, and the order in which claims look for the first job of one owner.
const Migration& previews_and_shares() {
  static const Migration statements{"ALTER TABLE jobs ADD COLUMN preview {integer} NOT NULL DEFAULT 0",
                                    "CREATE INDEX jobs_by_share ON jobs (state, priority, owner, place)"};
  return statements;
}

std::string in_dialect(std::string sql, const Dialect& dialect) {
  const std::vector<std::pair<std::string, std::string>> words{
      {"{integer}", dialect.integer}, {"{text}", dialect.text}, {"{suffix}", dialect.table_suffix}};
  for (const auto& [name, word] : words) {
    for (size_t at = sql.find(name); at != std::string::npos; at = sql.find(name)) sql.replace(at, name.size(), word);
  }
  return sql;
}

std::int64_t stored_version(Database& database) {
  database.run(in_dialect(kMeta, database.dialect()));
  // Locked: of two programs that start at once one migrates, the other waits and finds the new version.
  const std::vector<Row> rows =
      database.run(concat("SELECT value FROM meta WHERE name = 'schema'", database.dialect().lock));
  return rows.empty() ? 0 : integer(rows[0], 0);
}

void store_version(Database& database, std::int64_t version) {
  database.run("INSERT INTO meta (name, value) VALUES ('schema', $1) ON CONFLICT (name) DO UPDATE SET value = $1",
               {version});
}

}  // namespace

const std::vector<Migration>& migrations() {
  static const std::vector<Migration> all{first_schema(), previews_and_shares()};
  return all;
}

void migrate(Database& database, const std::vector<Migration>& steps, const std::string& where) {
  database.transact([&] {
    const std::int64_t version = stored_version(database), newest = std::int64_t(steps.size());
    PF_CHECK(version >= 0 && version <= newest, StoreError, "open queue", where, ": the schema has version ", version,
             ", this program knows up to ", newest, "; use the newer phonofilm that wrote it");
    if (version == newest) return;
    for (std::int64_t step = version; step < newest; ++step) {
      for (const std::string& sql : steps[size_t(step)]) database.run(in_dialect(sql, database.dialect()));
    }
    store_version(database, newest);
  });
}

}  // namespace phonofilm::jobs

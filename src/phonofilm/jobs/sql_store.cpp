#include "phonofilm/jobs/sql_store.h"

#include "phonofilm/jobs/job_rows.h"
#include "phonofilm/jobs/refused.h"

namespace phonofilm::jobs {
namespace {

class SqlTransaction : public Transaction {
 public:
  explicit SqlTransaction(Database& database) : database_(database) {}

  std::optional<Job> find(const std::string& id) override {
    return one_job(concat("WHERE id = $1", database_.dialect().lock), {id});
  }
  std::optional<Job> peek(const std::string& id) override { return one_job("WHERE id = $1", {id}); }
  std::optional<Job> find_key(const std::string& owner, const std::string& key) override {
    return one_job("WHERE owner = $1 AND key = $2", {owner, key});
  }
  std::optional<Job> find_lease(const std::string& token) override { return one_job("WHERE token = $1", {token}); }

  std::optional<Job> next_queued() override {
    // Owners are few and jobs are many: the index gives every owner's first job without a look at the others.
    for (auto priority = highest(""); priority; priority = highest(" AND priority < $1", {*priority})) {
      for (const Row& owner : owners_by_turn(*priority)) {
        const std::vector<Row> rows = database_.run(
            concat("SELECT j.id FROM jobs j WHERE j.state = 'queued' AND j.priority = $1 AND j.owner = $2"
                   " ORDER BY j.place LIMIT 1",
                   database_.dialect().lock_free),
            {*priority, text(owner, 0)});
        if (!rows.empty()) return find(text(rows[0], 0));
      }
    }
    return std::nullopt;
  }

  void insert(const Job& job) override {
    database_.run("INSERT INTO owners (owner, served) VALUES ($1, 0) ON CONFLICT (owner) DO NOTHING", {job.owner});
    database_.run(concat("INSERT INTO jobs (", job_columns(), ") VALUES (", job_parameters(), ")"), to_row(job));
  }
  void update(const Job& job) override {
    database_.run(concat("UPDATE jobs SET ", job_assignments(), " WHERE id = $1"), to_row(job));
  }
  void erase(const std::string& id) override { database_.run("DELETE FROM jobs WHERE id = $1", {id}); }
  void served(const std::string& owner, std::int64_t sequence) override {
    database_.run("UPDATE owners SET served = $2 WHERE owner = $1", {owner, sequence});
  }

  std::int64_t next_sequence() override {
    // The row stays locked to the end of the transaction.
    return number("UPDATE meta SET value = value + 1 WHERE name = 'sequence' RETURNING value");
  }
  void append(const Event& event) override {
    database_.run(concat("INSERT INTO events (", kEventColumns, ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"),
                  to_row(event));
  }
  std::vector<Event> events(const std::optional<std::string>& owner, std::int64_t after, std::int64_t limit) override {
    Row values{after, limit};
    if (owner) values.push_back(*owner);
    std::vector<Event> events;
    for (const Row& row : database_.run(concat("SELECT ", kEventColumns, " FROM events WHERE sequence > $1",
                                               owner ? " AND owner = $3" : "", " ORDER BY sequence LIMIT $2"),
                                        values)) {
      events.push_back(to_event(row));
    }
    return events;
  }
  std::int64_t forgotten() override { return number("SELECT value FROM meta WHERE name = 'forgotten'"); }
  void forget_events(Time before) override {
    const std::int64_t last = number("SELECT coalesce(max(sequence), 0) FROM events WHERE happened < $1", {before});
    if (last == 0) return;
    database_.run("DELETE FROM events WHERE sequence <= $1", {last});
    database_.run("UPDATE meta SET value = $1 WHERE name = 'forgotten'", {last});
  }

  std::vector<Job> list(const Listing& listing) override {
    std::string where = "WHERE number > 0";
    Row values{listing.limit};
    const auto also = [&](const char* condition, Value value) {
      values.push_back(std::move(value));
      where += concat(" AND ", condition, " $", values.size());
    };
    if (listing.owner) also("owner =", *listing.owner);
    if (listing.state) also("state =", std::string(state_name(*listing.state)));
    if (listing.order == ListOrder::by_place) return jobs_by_place(where, values, listing.cursor);
    const bool newest_first = listing.order == ListOrder::newest_first;
    if (listing.cursor) also(newest_first ? "number <" : "number >", listing.cursor->number);
    return jobs(concat(where, " ORDER BY number ", newest_first ? "DESC" : "ASC", " LIMIT $1"), values);
  }
  std::vector<Place> places(const std::string& owner, std::int64_t priority) override {
    std::vector<Place> places;
    for (const Row& row : database_.run(concat("SELECT id, place FROM jobs WHERE owner = $1 AND priority = $2 AND"
                                               " state = 'queued' ORDER BY place",
                                               database_.dialect().lock),
                                        {owner, priority})) {
      places.push_back({text(row, 0), integer(row, 1)});
    }
    return places;
  }
  std::int64_t queued(const std::optional<std::string>& owner) override {
    if (owner) return number("SELECT count(*) FROM jobs WHERE state = 'queued' AND owner = $1", {*owner});
    return number("SELECT count(*) FROM jobs WHERE state = 'queued'");
  }
  std::int64_t ahead_of(const Job& job) override {
    return number(
        "SELECT count(*) FROM jobs WHERE state = 'queued' AND (priority > $1 OR (priority = $1 AND place < $2))",
        {job.priority, job.place});
  }
  std::vector<std::string> lost(Time now) override {
    return ids("SELECT id FROM jobs WHERE state = 'running' AND lease_until < $1 ORDER BY number", {now});
  }
  std::vector<std::string> expired(Time now) override {
    return ids("SELECT id FROM jobs WHERE expires > 0 AND expires <= $1 ORDER BY number", {now});
  }
  std::vector<std::string> finished() override {
    return ids("SELECT id FROM jobs WHERE finished > 0 ORDER BY finished, number", {});
  }
  QueueCounts counts() override;

 private:
  // The highest priority that a waiting job has; none where none waits.
  std::optional<std::int64_t> highest(const std::string& condition, const Row& values = {}) {
    const std::vector<Row> rows = database_.run(
        concat("SELECT priority FROM jobs WHERE state = 'queued'", condition, " ORDER BY priority DESC LIMIT 1"),
        values);
    return rows.empty() ? std::nullopt : std::optional(integer(rows[0], 0));
  }
  // Owners with waiting jobs of this priority: the fewest running jobs, served longest ago, the first place.
  std::vector<Row> owners_by_turn(std::int64_t priority) {
    return database_.run(
        "SELECT q.owner FROM (SELECT o.owner, o.served, (SELECT min(j.place) FROM jobs j WHERE j.state = 'queued'"
        " AND j.priority = $1 AND j.owner = o.owner) AS place FROM owners o) q"
        " LEFT JOIN (SELECT owner, count(*) AS jobs FROM jobs WHERE state = 'running' GROUP BY owner) r"
        " ON r.owner = q.owner WHERE q.place IS NOT NULL ORDER BY coalesce(r.jobs, 0), q.served, q.place",
        {priority});
  }
  std::vector<Job> jobs_by_place(std::string where, Row values, const std::optional<ListCursor>& cursor) {
    if (cursor) {
      values.insert(values.end(), {cursor->priority, cursor->place});
      const std::string priority = concat("$", values.size() - 1), place = concat("$", values.size());
      where += concat(" AND (priority < ", priority, " OR (priority = ", priority, " AND place > ", place, "))");
    }
    return jobs(concat(where, " ORDER BY priority DESC, place LIMIT $1"), values);
  }
  std::vector<Job> jobs(const std::string& condition, const Row& values) {
    std::vector<Job> jobs;
    for (const Row& row : database_.run(concat("SELECT ", job_columns(), " FROM jobs ", condition), values)) {
      jobs.push_back(to_job(row));
    }
    return jobs;
  }
  std::optional<Job> one_job(const std::string& condition, const Row& values) {
    std::vector<Job> found = jobs(condition, values);
    return found.empty() ? std::nullopt : std::optional(std::move(found[0]));
  }
  std::int64_t number(const std::string& sql, const Row& values = {}) {
    const std::vector<Row> rows = database_.run(sql, values);
    PF_CHECK(rows.size() == 1, StoreError, "read", "the job store gave ", rows.size(), " rows where one is written");
    return integer(rows[0], 0);
  }
  std::vector<std::string> ids(const std::string& sql, const Row& values) {
    std::vector<std::string> ids;
    for (const Row& row : database_.run(sql, values)) ids.push_back(text(row, 0));
    return ids;
  }

  Database& database_;
};

QueueCounts SqlTransaction::counts() {
  QueueCounts counts;
  for (const State state : {State::queued, State::running, State::succeeded, State::failed, State::cancelled}) {
    counts.jobs[state] = 0;
  }
  for (const Row& row : database_.run("SELECT state, count(*) FROM jobs GROUP BY state")) {
    counts.jobs[state_of(text(row, 0))] = integer(row, 1);
  }
  for (const Row& row : database_.run("SELECT owner, count(*) FROM jobs WHERE state = 'running' GROUP BY owner")) {
    counts.running[text(row, 0)] = integer(row, 1);
  }
  counts.oldest_queued = number("SELECT coalesce(min(created), 0) FROM jobs WHERE state = 'queued'");
  return counts;
}

class SqlStore : public Store {
 public:
  explicit SqlStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  void transact(const std::function<void(Transaction&)>& work) override {
    database_->transact([&] {
      SqlTransaction transaction(*database_);
      work(transaction);
    });
  }

 private:
  std::unique_ptr<Database> database_;
};

}  // namespace

std::unique_ptr<Store> make_sql_store(std::unique_ptr<Database> database) {
  return std::make_unique<SqlStore>(std::move(database));
}

}  // namespace phonofilm::jobs

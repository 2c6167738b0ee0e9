// What a database must be able to do for the queue. Rules stand in rules.h and operations in queue.h; a store only
// finds, writes and orders rows, inside transactions.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/jobs/job.h"
#include "phonofilm/jobs/sources.h"

namespace phonofilm::jobs {

// The first two go by the jobs' numbers; the third, of waiting jobs, is that in which ahead_of() counts them.
enum class ListOrder { newest_first, oldest_first, by_place };

// Where a job stands in a list: number alone, or priority and place.
struct ListCursor {
  std::int64_t number = 0, priority = 0, place = 0;
};

struct Listing {
  std::optional<std::string> owner{};
  std::optional<State> state{};  // queued for ListOrder::by_place
  std::optional<ListCursor> cursor{};  // only jobs that come behind it in the order
  std::int64_t limit = 20;
  ListOrder order = ListOrder::newest_first;
};

struct Place {
  std::string id;
  std::int64_t place = 0;
};

// Figures for metrics.
struct QueueCounts {
  std::map<State, std::int64_t> jobs{};           // every state has its entry
  std::map<std::string, std::int64_t> running{};  // owner -> running jobs; owners with none are left out
  Time oldest_queued = 0;                         // when the oldest waiting job was submitted; 0: none waits
  bool operator==(const QueueCounts&) const = default;
};

// One transaction's view. Rows that find(), next_queued() and places() returned cannot change under the transaction:
// stores that serve several processes lock them. The other readers lock nothing.
class Transaction {
 public:
  virtual ~Transaction() = default;

  virtual std::optional<Job> find(const std::string& id) = 0;
  virtual std::optional<Job> peek(const std::string& id) = 0;  // find(), for reading only
  virtual std::optional<Job> find_key(const std::string& owner, const std::string& key) = 0;
  virtual std::optional<Job> find_lease(const std::string& token) = 0;
  // The job that a worker should take: highest priority; then the owner with the fewest running jobs; then the owner
  // served longest ago; then the first place. Jobs that another claim has locked are skipped.
  virtual std::optional<Job> next_queued() = 0;

  virtual void insert(const Job& job) = 0;
  virtual void update(const Job& job) = 0;  // by id
  virtual void erase(const std::string& id) = 0;
  virtual void served(const std::string& owner, std::int64_t sequence) = 0;  // the owner's turn has been now

  // The next number of the one sequence that orders events and submissions. Whoever has drawn one keeps others from
  // drawing until the end of the transaction, so that numbers become visible in their order.
  virtual std::int64_t next_sequence() = 0;
  virtual void append(const Event& event) = 0;
  virtual std::vector<Event> events(const std::optional<std::string>& owner, std::int64_t after,
                                    std::int64_t limit) = 0;
  virtual std::int64_t forgotten() = 0;  // the last sequence that forget_events() removed; 0: none
  virtual void forget_events(Time before) = 0;

  virtual std::vector<Job> list(const Listing& listing) = 0;
  // Waiting jobs of one owner and priority, in order of their places.
  virtual std::vector<Place> places(const std::string& owner, std::int64_t priority) = 0;
  virtual std::int64_t queued(const std::optional<std::string>& owner) = 0;
  virtual std::int64_t ahead_of(const Job& job) = 0;  // waiting jobs of higher priority, or the same and before it
  virtual std::vector<std::string> lost(Time now) = 0;     // ids of running jobs whose lease has run out
  virtual std::vector<std::string> expired(Time now) = 0;  // ids of finished jobs that are past their retention
  virtual std::vector<std::string> finished() = 0;         // ids of finished jobs, the oldest end first
  virtual QueueCounts counts() = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  // Runs `work` in a transaction and commits; what `work` throws rolls back and is thrown on. When this returns, the
  // changes are on the disk. `work` may run again where the database asked for it (a conflict with another
  // transaction, a lost connection), even after a commit whose answer was lost: it must find its own traces. Safe to
  // call from several threads. Throws StoreError.
  virtual void transact(const std::function<void(Transaction&)>& work) = 0;
};

struct SqliteOptions {
  int busy_timeout = 2000;  // milliseconds to wait for another process that has the file
  Probe probe{};
};

struct PostgresOptions {
  int attempts = 8;                               // of a transaction and of a connection, before StoreError
  int first_pause = 20;                           // milliseconds; doubles with each attempt
  std::function<void(int milliseconds)> pause{};  // sleeps unless given
  Probe probe{};
};

// Opens or creates a queue in a file that this process has for itself while the store lives. Checks the whole file.
// Throws StoreError for a file that is damaged, no queue, written by a newer program, or held by another process.
std::unique_ptr<Store> open_sqlite_store(const std::string& path, const SqliteOptions& options = {});

// connection: libpq's keywords or address, e.g. "host=/run/postgresql dbname=phonofilm". Several processes may share
// the database. Throws StoreError for a server that cannot be reached and a schema of a newer program.
std::unique_ptr<Store> open_postgres_store(const std::string& connection, const PostgresOptions& options = {});

}  // namespace phonofilm::jobs

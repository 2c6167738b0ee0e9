// Deletion and cancellation against completion, in threads on a real store: at every point outside of a transaction
// the schedule decides which thread goes on, and all schedules are tried.
#include <atomic>
#include <semaphore>
#include <thread>

#include "jobs/jobs_helpers.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::jobs;

// Lets one of two threads run at a time; each asks at its points who goes on. A schedule is a bit per turn, so that
// all schedules are numbers.
class Turns {
 public:
  // bits: who has the n-th turn, the lowest first; past the end, whoever is left.
  explicit Turns(std::uint64_t bits, int length) : bits_(bits), left_(length) {}

  void run(const std::function<void()>& first, const std::function<void()>& second) {
    std::thread threads[2]{std::thread([&] { play(0, first); }), std::thread([&] { play(1, second); })};
    give_turn();
    for (std::thread& thread : threads) thread.join();
  }

  // Called by the running thread between two of its operations.
  void yield() {
    const int me = running_;
    give_turn();
    gates_[me].acquire();
  }

 private:
  void play(int me, const std::function<void()>& work) {
    gates_[me].acquire();
    work();
    done_[me] = true;
    if (!done_[0] || !done_[1]) give_turn();
  }
  void give_turn() {
    int next = 0;
    if (left_-- > 0) next = int(bits_ & 1), bits_ >>= 1;
    running_ = done_[next] ? 1 - next : next;
    gates_[running_].release();
  }

  std::uint64_t bits_;
  int left_, running_ = 0;
  bool done_[2] = {false, false};
  std::binary_semaphore gates_[2]{std::binary_semaphore(0), std::binary_semaphore(0)};
};

// A real store and folder whose probes yield, except inside of transactions, which exclude each other.
class Arena {
 public:
  Job running_job() {
    queue_.submit({.owner = "alice", .request = "{}"});
    return queue_.claim("w").value();
  }

  // Points that `action` passes when it runs alone: the length of its part of a schedule.
  int points_of(const std::function<void()>& action) {
    int points = 0;
    on_point_ = [&] { ++points; };
    action();
    on_point_ = nullptr;
    return points;
  }

  void race(std::uint64_t bits, int length, const std::function<void()>& first, const std::function<void()>& second) {
    Turns turns(bits, length);
    on_point_ = [&] { turns.yield(); };
    turns.run(first, second);
    on_point_ = nullptr;
  }

  Queue& queue() { return queue_; }
  ArtifactFolder& artifacts() { return artifacts_; }
  // What a worker does: a fault of the files, among them a folder that a deletion took away, is said to the queue,
  // which knows better.
  void finish(const Job& job) {
    try {
      last_step(job);
    } catch (const ResourceError& error) {
      queue_.fail(lease_of(job), error.what());
    }
  }

 private:
  void last_step(const Job& job) {
    const auto publish = [&](std::string_view name) {
      artifacts_.publish(job.id, job.lease.token, name, [](const std::string& path) { write_bytes(path, "bytes"); });
    };
    queue_.heartbeat(lease_of(job), {"denoise", 2, 2});
    publish(kLatents);
    queue_.save_checkpoint(lease_of(job), 2);
    publish("film.mp4");
    queue_.succeed(lease_of(job), {"film.mp4"});
  }

  // The mutex of the store is held from the statement BEGIN to COMMIT: a thread that waited there could not be woken.
  void file_point(const char*) const {
    if (on_point_ && !inside_) on_point_();
  }
  void statement_point(const char* sql) {
    const std::string_view point(sql);
    if (point.starts_with("BEGIN")) inside_ = true;
    if (point == "committed") inside_ = false;
  }

  class Outside : public Store {  // yields before and after each transaction
   public:
    Outside(std::unique_ptr<Store> store, Arena& arena) : store_(std::move(store)), arena_(arena) {}
    void transact(const std::function<void(Transaction&)>& work) override {
      arena_.file_point("before");
      try {
        store_->transact(work);
      } catch (...) {
        arena_.inside_ = false;
        arena_.file_point("refused");
        throw;
      }
      arena_.file_point("after");
    }

   private:
    std::unique_ptr<Store> store_;
    Arena& arena_;
  };

  QuickFolder folder_;
  std::function<void()> on_point_;
  bool inside_ = false;  // one thread runs at a time, and each hand-over synchronises
  ArtifactFolder artifacts_{folder_.file("artifacts"), {.probe = [this](const char* point) { file_point(point); }}};
  Outside store_{
      open_sqlite_store(folder_.file("queue.db"), {.probe = [this](const char* sql) { statement_point(sql); }}),
      *this};
  TestSources sources_;
  Queue queue_{store_, artifacts_, {}, sources_.sources()};
};

struct Tally {
  int interleavings = 0, completed = 0, stopped = 0;
};

// The next larger number with as many bits set.
std::uint64_t next_schedule(std::uint64_t bits) {
  const std::uint64_t lowest = bits & -bits, carried = bits + lowest;
  return carried | (((bits ^ carried) / lowest) >> 2);
}

// The rival's turns at every place among the worker's: all of them, or every `stride`-th.
Tally race_all(Arena& arena, const std::function<void(const Job&)>& rival,
               const std::function<void(const Job&, bool)>& check, int stride) {
  const auto points_of = [&](const auto& action) {
    const Job job = arena.running_job();
    const int points = arena.points_of([&] { action(job); });
    refusal_of([&] { arena.queue().remove({.admin = true}, job.id); });
    return points + 1;
  };
  const int ours = points_of([&](const Job& job) { arena.finish(job); });
  const int theirs = points_of(rival), length = ours + theirs;
  Tally tally;
  std::uint64_t bits = (std::uint64_t(1) << theirs) - 1;
  for (std::int64_t i = 0; bits < (std::uint64_t(1) << length); ++i, bits = next_schedule(bits)) {
    if (i % stride != 0) continue;
    const Job job = arena.running_job();
    bool succeeded = false;
    const auto finish = [&] { succeeded = !refusal_of([&] { arena.finish(job); }); };
    arena.race(bits, length, finish, [&] { rival(job); });
    check(job, succeeded);
    ++tally.interleavings;
    ++(succeeded ? tally.completed : tally.stopped);
  }
  return tally;
}

}  // namespace

TEST_CASE("jobs: deletion races completion, and wins or comes after it") {
  Arena arena;
  int checked = 0;
  const auto remove = [&](const Job& job) { arena.queue().remove({"alice"}, job.id); };
  const auto check = [&](const Job& job, bool) {
    REQUIRE(refusal_of([&] { arena.queue().get({.admin = true}, job.id); }) == Refusal::not_found);
    if (++checked % 10 != 0) return;  // what ten worker threads may have left behind goes with the next sweep
    arena.queue().sweep();
    REQUIRE(arena.artifacts().jobs().empty());
  };
  const Tally tally = race_all(arena, remove, check, /*stride=*/8);
  std::printf("delete against completion: %d interleavings, %d completed before\n", tally.interleavings,
              tally.completed);
  CHECK(tally.interleavings >= 8000);
  CHECK(tally.completed > 0);
  CHECK(tally.stopped > 0);
}

TEST_CASE("jobs: cancellation races completion, and exactly one of them wins") {
  Arena arena;
  bool cancelled = false;
  const auto cancel = [&](const Job& job) {
    cancelled = !refusal_of([&] { arena.queue().cancel({"alice"}, job.id); });
  };
  const Tally tally = race_all(
      arena, cancel,
      [&](const Job& job, bool succeeded) {
        REQUIRE(cancelled != succeeded);
        const Job after = arena.queue().get({.admin = true}, job.id).job;
        REQUIRE(after.state == (succeeded ? State::succeeded : State::cancelled));
        REQUIRE(after.artifacts.empty() != succeeded);
        if (succeeded) REQUIRE(arena.artifacts().has(job.id, after.result, "film.mp4"));
        arena.queue().remove({"alice"}, job.id);
      },
      /*stride=*/1);
  std::printf("cancel against completion: %d interleavings, %d completed\n", tally.interleavings, tally.completed);
  CHECK(tally.completed > 0);
  CHECK(tally.stopped > 0);
}

}  // namespace phonofilm::test

// A supervisor and its worker processes: this very program, run for one of the skipped test cases below.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>

#include "phonofilm/workers/child_process.h"
#include "phonofilm/workers/remote_desk.h"
#include "phonofilm/workers/supervisor.h"
#include "workers/workers_helpers.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::jobs;
using namespace phonofilm::workers;

constexpr const char* kFolder = "PHONOFILM_TEST_FILES";  // where a worker of these tests finds the files of jobs

volatile std::sig_atomic_t asked_to_stop = 0;

// The life of a worker process.
void work_as(const std::function<void(std::int64_t step)>& before_step) {
  std::signal(SIGTERM, [](int) { asked_to_stop = 1; });
  RemoteDesk desk{Descriptor(3)};
  ArtifactFolder artifacts(std::getenv(kFolder));
  Counter counter;
  counter.before_step = before_step;
  try {
    Worker(desk, artifacts, counter, quick_worker()).work([] { return asked_to_stop != 0; });
  } catch (const ResourceError&) {
    _exit(6);
  }
  _exit(0);
}

void pause(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

}  // namespace

TEST_CASE("child: works" * doctest::skip()) {
  work_as([](std::int64_t) { pause(2); });
}
TEST_CASE("child: is slow" * doctest::skip()) {
  work_as([](std::int64_t) { pause(300); });
}
TEST_CASE("child: crashes at step three" * doctest::skip()) {
  work_as([](std::int64_t step) {
    if (step != 3) return;
    std::signal(SIGSEGV, SIG_DFL);  // the test framework would tell of it
    kill(getpid(), SIGSEGV);
  });
}
TEST_CASE("child: crashes once" * doctest::skip()) {
  work_as([](std::int64_t step) {
    const std::string mark = std::string(std::getenv(kFolder)) + ".crashed";
    if (step != 3 || is_file(mark)) return;
    std::ofstream(mark) << "x";
    kill(getpid(), SIGKILL);
  });
}
TEST_CASE("child: hangs at step four" * doctest::skip()) {
  work_as([](std::int64_t step) { pause(step == 4 ? 600'000 : 5); });
}
TEST_CASE("child: eats memory" * doctest::skip()) {
  work_as([](std::int64_t) {
    std::vector<std::string> eaten;
    for (;;) eaten.emplace_back(size_t(64) << 20, 'x');
  });
}
TEST_CASE("child: ends at once" * doctest::skip()) { _exit(3); }

namespace {

// A queue, and a supervisor in a thread of its own.
class Shop {
 public:
  explicit Shop(const std::string& role, SupervisorOptions options = {}, int workers = 1)
      : q_(folder_.file("files")) {
    setenv(kFolder, folder_.file("files").c_str(), 1);
    options.tell = [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      said_ += line + "\n";
    };
    if (options.first_pause == SupervisorOptions{}.first_pause) options.first_pause = 10;
    std::vector<WorkerSpec> specs;
    for (int i = 0; i < workers; ++i) {
      specs.push_back({concat("w", i), {own_program(), "--no-skip", "-tc=child: " + role, "-m", "-nv", "-ni"}});
    }
    thread_ = std::thread(
        [this, specs, options] { Supervisor(q_.queue, specs, options).run([this] { return stop_.load(); }); });
  }
  ~Shop() {
    close();
    unsetenv(kFolder);
  }
  void close() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  QueueFolder& queue() { return q_; }
  std::string said() {
    const std::lock_guard lock(mutex_);
    return said_;
  }
  bool ends_as(const Job& job, State state) {
    return eventually([&] { return q_.job(job.id).state == state; });
  }

 private:
  QuickFolder folder_;
  QueueFolder q_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::string said_;
  std::thread thread_;
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("workers: two processes compute the jobs of one SQLite queue") {
  Shop shop("works", {}, 2);
  std::vector<Job> jobs;
  for (int i = 0; i < 10; ++i) jobs.push_back(shop.queue().submit());
  for (const Job& job : jobs) {
    REQUIRE(shop.ends_as(job, State::succeeded));
    CHECK(shop.queue().file(shop.queue().job(job.id), "film.mp4") == state_after(kSteps));
  }
}

TEST_CASE("workers: a worker that is killed is started again, and the job goes on where it was") {
  Shop shop("crashes once");
  const Job job = shop.queue().submit();
  REQUIRE(shop.ends_as(job, State::succeeded));
  const Job done = shop.queue().job(job.id);
  CHECK(done.attempts == 2);
  CHECK(done.failures == 1);
  CHECK(shop.queue().file(done, "film.mp4") == state_after(kSteps));
  CHECK(contains(shop.said(), "signal 9"));
}

TEST_CASE("workers: a job that crashes its worker twice has failed, with the reason in words") {
  Shop shop("crashes at step three");
  const Job job = shop.queue().submit();
  REQUIRE(shop.ends_as(job, State::failed));
  CHECK(contains(shop.queue().job(job.id).failure, "the worker crashed"));
  CHECK(contains(shop.queue().job(job.id).failure, "Segmentation fault"));
}

TEST_CASE("workers: a worker that hangs is killed after its patience") {
  // The second attempt begins with the step that hangs, before any step of it is known.
  Shop shop("hangs at step four", {.patience = 10, .least_patience = 300, .start_patience = 5000});
  const Job job = shop.queue().submit();
  REQUIRE(shop.ends_as(job, State::failed));
  CHECK(contains(shop.queue().job(job.id).failure, "the worker hung"));
}

TEST_CASE("workers: memory beyond the limit ends the worker and not the machine") {
  Shop shop("eats memory", {.memory = std::int64_t(2) << 30});
  const Job job = shop.queue().submit();
  REQUIRE(shop.ends_as(job, State::failed));
  CHECK(contains(shop.queue().job(job.id).failure, "not enough memory"));
}

TEST_CASE("workers: a worker that does not come up is tried again, ever more slowly") {
  const auto begin = std::chrono::steady_clock::now();
  Shop shop("ends at once", {.first_pause = 20, .longest_pause = 10'000});
  int starts = 0;
  REQUIRE(eventually([&] {
    const std::string said = shop.said();
    starts = 0;
    for (size_t at = said.find("started"); at != std::string::npos; at = said.find("started", at + 1)) ++starts;
    return starts >= 4;
  }));
  CHECK(contains(shop.said(), "exit code 3"));
  // However slow the machine: pauses of 20, 40, 80, ... ms lie between the starts.
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(20 * ((1 << (starts - 1)) - 1)));
}

TEST_CASE("workers: SIGTERM ends a worker after its step, the job is given back and saved") {
  // Twice the five seconds that a service has, for slow machines.
  Shop shop("is slow", {.stop_patience = 10'000});
  const Job job = shop.queue().submit();
  REQUIRE(eventually([&] { return shop.queue().job(job.id).checkpoint.step >= 2; }));
  shop.close();
  const Job back = shop.queue().job(job.id);
  CHECK(back.state == State::queued);
  CHECK(back.attempts == 0);
  CHECK(back.checkpoint.step >= 2);
  CHECK(contains(shop.said(), "exit code 0"));  // else it would have been killed
}

TEST_CASE("workers: a supervisor that dies takes its workers with it") {
  const QuickFolder folder;
  setenv(kFolder, folder.file("files").c_str(), 1);
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t supervisor = fork();
  if (supervisor == 0) {
    QueueFolder q(folder.file("files"));
    q.submit();
    SupervisorOptions options;
    options.tell = [&](const std::string& line) {
      const std::string id = line.substr(line.rfind(' ') + 1) + "\n";
      if (write(ends[1], id.data(), id.size()) < 0) _exit(1);
    };
    Supervisor(q.queue, {{"w", {own_program(), "--no-skip", "-tc=child: is slow", "-m"}}}, options).run(never);
  }
  char buffer[32] = {};
  REQUIRE(read(ends[0], buffer, sizeof buffer - 1) > 0);
  const pid_t worker = std::atoi(buffer);
  REQUIRE(kill(worker, 0) == 0);
  kill(supervisor, SIGKILL);
  waitpid(supervisor, nullptr, 0);
  close(ends[1]);
  // The pipe is closed in the worker; its end shows in /proc alone.
  CHECK(eventually([&] {
    std::ifstream status(concat("/proc/", worker, "/stat"));
    std::string text;
    std::getline(status, text);
    return text.empty() || contains(text, ") Z ");
  }));
  close(ends[0]);
  unsetenv(kFolder);
}

}  // namespace phonofilm::test

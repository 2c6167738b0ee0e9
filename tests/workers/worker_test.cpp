// What a worker does with a job, on the queue itself and at the other end of a socket.
#include <unistd.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "phonofilm/workers/remote_desk.h"
#include "workers/workers_helpers.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::jobs;
using namespace phonofilm::workers;
using Came = Worker::Came;

// A worker on either kind of desk. The remote one is answered by a thread.
class Place {
 public:
  Place(QueueFolder& folder, bool remote) : direct_(folder.queue) {
    if (!remote) return;
    ChannelPair pair = make_channel();
    remote_.emplace(std::move(pair.theirs));
    clerk_ = std::thread([this, channel = std::make_shared<Descriptor>(std::move(pair.ours))] {
      while (const auto message = receive_message(channel->get())) {
        send_message(channel->get(), answer(direct_, *message));
      }
    });
  }
  ~Place() {
    remote_.reset();
    if (clerk_.joinable()) clerk_.join();
  }
  Desk& desk() { return remote_ ? static_cast<Desk&>(*remote_) : direct_; }

 private:
  QueueDesk direct_;
  std::optional<RemoteDesk> remote_;
  std::thread clerk_;
};

// test(queue, desk): once with each kind of desk, on a queue of its own.
template <class Test>
void on_each_desk(const Test& test) {
  for (const bool remote : {false, true}) {
    CAPTURE(remote);
    const QuickFolder folder;
    QueueFolder q(folder.file("q"));
    Place place(q, remote);
    test(q, place.desk());
  }
}

}  // namespace

TEST_CASE("workers: a job is computed, published and told, on both kinds of desk") {
  on_each_desk([](QueueFolder& q, Desk& desk) {
    Counter counter;
    Worker worker(desk, q.artifacts, counter, quick_worker());
    CHECK(worker.work_once(never) == Came::nothing);
    const Job job = q.submit();
    CHECK(worker.work_once(never) == Came::success);
    const Job done = q.job(job.id);
    CHECK(done.state == State::succeeded);
    CHECK(done.artifacts == std::vector<std::string>{"film.mp4", "settings.json"});
    CHECK(q.file(done, "film.mp4") == state_after(kSteps));
    CHECK(done.lease.worker == "w");
  });
}

TEST_CASE("workers: a failure is retried once from what was saved, then it is the job's") {
  on_each_desk([](QueueFolder& q, Desk& desk) {
    Counter counter;
    std::vector<std::int64_t> steps;
    counter.before_step = [&](std::int64_t step) {
      steps.push_back(step);
      PF_CHECK(step != 3, MediaError, "test", "no step three \xff");
    };
    Worker worker(desk, q.artifacts, counter, quick_worker());
    const Job job = q.submit();
    CHECK(worker.work_once(never) == Came::failure);
    CHECK(q.job(job.id).state == State::queued);
    CHECK(worker.work_once(never) == Came::failure);
    CHECK(steps == std::vector<std::int64_t>{1, 2, 3, 3});
    CHECK(q.job(job.id).state == State::failed);
    CHECK(q.job(job.id).failure.find("no step three") != std::string::npos);
  });
}

TEST_CASE("workers: a request that cannot be fulfilled fails at once, with its reason") {
  const QuickFolder folder;
  for (const bool remote : {false, true}) {
    QueueFolder q(folder.file(concat("q", remote)));
    Place place(q, remote);
    Counter counter;
    counter.before_step = [](std::int64_t) { throw InvalidRequest("test", "there is no such voice"); };
    Worker worker(place.desk(), q.artifacts, counter, quick_worker());
    const Job job = q.submit();
    CHECK(worker.work_once(never) == Came::failure);
    CHECK(q.job(job.id).state == State::failed);
    CHECK(q.job(job.id).failure.find("no such voice") != std::string::npos);
    CHECK(worker.work_once(never) == Came::nothing);
  }
}

TEST_CASE("workers: a cancelled or deleted job is left within one step") {
  for (const bool removed : {false, true}) {
    on_each_desk([&](QueueFolder& q, Desk& desk) {
      Counter counter;
      const Job job = q.submit();
      std::int64_t last = 0;
      counter.before_step = [&](std::int64_t step) {
        last = step;
        if (step != 2) return;
        if (removed) q.queue.remove({.admin = true}, job.id);
        else q.queue.cancel({.admin = true}, job.id);
      };
      CHECK(Worker(desk, q.artifacts, counter, quick_worker()).work_once(never) == Came::unwanted);
      CHECK(last == 2);
      q.queue.sweep();
      CHECK(q.artifacts.jobs().empty() == removed);
    });
  }
}

TEST_CASE("workers: a program that stops gives its job back, and the next one goes on") {
  on_each_desk([](QueueFolder& q, Desk& desk) {
    Counter counter;
    std::vector<std::int64_t> steps;
    counter.before_step = [&](std::int64_t step) { steps.push_back(step); };
    Worker worker(desk, q.artifacts, counter, quick_worker());
    const Job job = q.submit();
    CHECK(worker.work_once([&] { return steps.size() == 3; }) == Came::released);
    CHECK(q.job(job.id).state == State::queued);
    CHECK(q.job(job.id).attempts == 0);
    CHECK(q.job(job.id).checkpoint.step == 3);
    CHECK(worker.work_once(never) == Came::success);
    CHECK(steps == std::vector<std::int64_t>{1, 2, 3, 4, 5});
    CHECK(q.file(q.job(job.id), "film.mp4") == state_after(kSteps));
  });
}

TEST_CASE("workers: what is not for owners goes to the log") {
  const QuickFolder folder;
  QueueFolder q(folder.file("q"));
  QueueDesk desk(q.queue);
  Counter counter;
  counter.before_step = [](std::int64_t) { throw std::runtime_error("out of memory said /home/secret/model.cpp:7"); };
  WorkerOptions options = quick_worker();
  std::string log;
  options.log = [&](const std::string& text) { log += text; };
  const Job job = q.submit();
  CHECK(Worker(desk, q.artifacts, counter, options).work_once(never) == Came::failure);
  CHECK(q.job(job.id).failure.find("secret") == std::string::npos);
  CHECK(q.job(job.id).failure.find("log") != std::string::npos);
  CHECK(log.find("secret") != std::string::npos);
}

TEST_CASE("workers: a store that cannot be reached for a while costs no film and no worker") {
  // Does not answer the first claim and the first two successes.
  struct Shaky : QueueDesk {
    using QueueDesk::QueueDesk;
    int claims = 0, successes = 0;
    std::optional<Job> claim(const std::string& worker) override {
      PF_CHECK(++claims > 1, StoreError, "test", "no connection");
      return QueueDesk::claim(worker);
    }
    void succeed(const LeaseRef& lease, const std::vector<std::string>& names) override {
      PF_CHECK(++successes > 2, StoreError, "test", "no connection");
      QueueDesk::succeed(lease, names);
    }
  };
  const QuickFolder folder;
  QueueFolder q(folder.file("q"));
  Shaky desk(q.queue);
  Counter counter;
  Worker worker(desk, q.artifacts, counter, quick_worker());
  const Job job = q.submit();
  CHECK(worker.work_once(never) == Came::nothing);
  CHECK(worker.work_once(never) == Came::success);
  CHECK(q.job(job.id).state == State::succeeded);
  CHECK(q.job(job.id).failures == 0);
  CHECK(desk.successes == 3);
}

TEST_CASE("workers: a message that nobody takes is given up at the deadline") {
  const ChannelPair pair = make_channel();
  const Deadline soon = Deadline::clock::now() + std::chrono::milliseconds(50);
  CHECK_FALSE(send_message(pair.ours.get(), std::string(kLongestMessage, 'm'), soon));
}

TEST_CASE("workers: exhausted memory is told and ends the worker") {
  const QuickFolder folder;
  QueueFolder q(folder.file("q"));
  QueueDesk desk(q.queue);
  Counter counter;
  counter.before_step = [](std::int64_t) { throw std::bad_alloc(); };
  const Job job = q.submit();
  CHECK_THROWS_AS(Worker(desk, q.artifacts, counter, quick_worker()).work_once(never), ResourceError);
  CHECK(q.job(job.id).failure.find("not enough memory") != std::string::npos);
}

TEST_CASE("workers: a lease is renewed while a step lasts longer than it") {
  const QuickFolder folder;
  std::atomic<Time> now{1000};
  QueueFolder q(folder.file("q"), {}, {[&] { return now.load(); }, random_id});
  QueueDesk desk(q.queue);
  Counter counter;
  WorkerOptions options = quick_worker();
  options.session.idle_beat = 5;
  const Job job = q.submit();
  counter.before_step = [&](std::int64_t step) {
    if (step != 2) return;
    now = Time(1000) + 2 * Limits{}.lease;
    CHECK(eventually([&] { return q.job(job.id).lease.until > now; }));
    CHECK(q.queue.recover() == 0);
  };
  CHECK(Worker(desk, q.artifacts, counter, options).work_once(never) == Came::success);
}

TEST_CASE("workers: previews have numbers, and uploads that did not come are named") {
  const QuickFolder folder;
  QueueFolder q(folder.file("q"));
  QueueDesk desk(q.queue);
  const Job job = q.submit();
  Session session(desk, q.artifacts, *desk.claim("w"), never, quick_worker().session);
  for (const int number : {1, 2}) {
    session.show("preview.jpg", [&](const std::string& path) { write_bytes(path, concat(number)); });
    CHECK(session.report({"denoise", 1, 5}));
    CHECK(q.job(job.id).progress.preview == number);
  }
  CHECK_FALSE(session.watched());
  q.artifacts.watch(job.id);
  CHECK(session.watched());
  CHECK_THROWS_WITH_AS(session.upload("image"), doctest::Contains("did not come"), InvalidRequest);
  q.artifacts.publish(job.id, std::string(kUploads), "image", [](const std::string& path) { write_bytes(path, "i"); });
  CHECK(bytes_of(session.upload("image")) == "i");
}

TEST_CASE("workers: a desk understands what a worker says, and nothing else") {
  const QuickFolder folder;
  QueueFolder q(folder.file("q"));
  QueueDesk desk(q.queue);
  for (const char* message : {"", "{", "[]", "{\"say\": \"drop\"}", "{\"say\": 1}", "{\"say\": \"claim\", \"x\": 1}"}) {
    CAPTURE(message);
    CHECK_THROWS_AS(answer(desk, message), InvalidRequest);
  }
  CHECK(answer(desk, R"({"say": "claim", "worker": "w"})") == "{}");
  const std::string refused = answer(desk, R"({"say": "heartbeat", "job": "x", "token": "y"})");
  CHECK(nlohmann::json::parse(refused)["refused"] == int(Refusal::not_found));
}

TEST_CASE("workers: messages are whole or none") {
  ChannelPair pair = make_channel();
  for (const size_t size : {size_t(0), size_t(1), size_t(100'000)}) {
    const std::string text(size, 'm');
    std::thread sender([&] { CHECK(send_message(pair.ours.get(), text)); });
    CHECK(receive_message(pair.theirs.get()) == text);
    sender.join();
  }
  CHECK_THROWS_AS(send_message(pair.ours.get(), std::string(kLongestMessage + 1, 'm')), InvalidRequest);
  const std::string huge = "\xff\xff\xff\xff";
  REQUIRE(write(pair.ours.get(), huge.data(), huge.size()) == 4);
  CHECK_FALSE(receive_message(pair.theirs.get()));
  const std::string half("\x05\0\0\0ab", 6);
  REQUIRE(write(pair.ours.get(), half.data(), half.size()) == 6);
  const Deadline soon = Deadline::clock::now() + std::chrono::milliseconds(20);
  CHECK_FALSE(receive_message(pair.theirs.get(), soon));
  pair.theirs.reset();
  CHECK_FALSE(send_message(pair.ours.get(), "nobody hears it"));
}

}  // namespace phonofilm::test

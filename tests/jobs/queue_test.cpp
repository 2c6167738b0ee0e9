// What the queue promises, on every store.
#include "jobs/queue_bench.h"

namespace phonofilm::test {

TEST_CASE("jobs: a job goes from submission to its film") {
  on_each_store([](Bench& bench) {
    const Job submitted = bench.submit("alice", R"({"prompt": "a bell"})");
    CHECK(submitted.state == State::queued);
    CHECK(bench.queue->get({"alice"}, submitted.id).position == 1);

    const Job running = bench.claim("gpu-0");
    CHECK(running.id == submitted.id);
    CHECK(running.attempts == 1);
    CHECK_FALSE(bench.queue->claim("gpu-1"));
    bench.sources.now += 500;
    CHECK(bench.queue->heartbeat(lease_of(running), {"denoise", 3, 30, 9000}).progress.step == 3);

    CHECK(refusal_of([&] { bench.queue->succeed(lease_of(running), {"film.mp4"}); }) == Refusal::invalid);
    bench.publish(running, "film.mp4");
    const Job done = bench.queue->succeed(lease_of(running), {"film.mp4"});
    CHECK(done.state == State::succeeded);
    CHECK(done.result == running.lease.token);
    CHECK(done.finished == bench.sources.now);
    CHECK(bench.queue->succeed(lease_of(running), {"film.mp4"}) == done);  // said twice, done once
    CHECK(bench.get(submitted) == done);
    CHECK(refusal_of([&] { bench.queue->heartbeat(lease_of(running), {}); }) == Refusal::lease_lost);
  });
}

TEST_CASE("jobs: an idempotency key gives the same job, or a conflict") {
  on_each_store([](Bench& bench) {
    const Submission asked{.owner = "alice", .key = "k1", .request = "{\"a\": 1}"};
    const Job first = bench.queue->submit(asked);
    CHECK(bench.queue->submit(asked) == first);
    Submission other = asked;
    other.request = "{\"a\": 2}";
    CHECK(refusal_of([&] { bench.queue->submit(other); }) == Refusal::conflict);
    other.owner = "bob";  // keys are the owner's own
    CHECK(bench.queue->submit(other).id != first.id);
    CHECK(bench.queue->counts().jobs[State::queued] == 2);
    CHECK(bench.queue->events(kAdmin, 0).events.size() == 2);
  });
}

TEST_CASE("jobs: jobs of others do not exist") {
  on_each_store([](Bench& bench) {
    const Job job = bench.submit("alice");
    const Caller bob{"bob"};
    CHECK(refusal_of([&] { bench.queue->get(bob, job.id); }) == Refusal::not_found);
    CHECK(refusal_of([&] { bench.queue->cancel(bob, job.id); }) == Refusal::not_found);
    CHECK(refusal_of([&] { bench.queue->edit(bob, job.id, {}); }) == Refusal::not_found);
    CHECK(refusal_of([&] { bench.queue->move(bob, job.id, ""); }) == Refusal::not_found);
    CHECK(refusal_of([&] { bench.queue->remove(bob, job.id); }) == Refusal::not_found);
    CHECK(bench.queue->list(bob).jobs.empty());
    CHECK(bench.queue->events(bob, 0).events.empty());
    CHECK(refusal_of([&] { bench.queue->get(kAdmin, "../../etc/passwd"); }) == Refusal::not_found);
    CHECK(bench.get(job) == job);
  });
}

TEST_CASE("jobs: priority first, then fair shares, then order") {
  on_each_store([](Bench& bench) {
    for (int i = 0; i < 4; ++i) bench.submit("alice", "{\"a\": " + std::to_string(i) + "}");
    for (int i = 0; i < 2; ++i) bench.submit("bob", "{\"b\": " + std::to_string(i) + "}");
    bench.submit("carol", "{\"c\": 0}");
    bench.submit("bob", "{\"urgent\": 1}", 5);
    std::string order;
    std::vector<Job> taken;
    while (const auto job = bench.queue->claim("w")) taken.push_back(*job), order += job->owner[0];
    // bob's urgent one; then each without a running job: alice, carol; then one each: bob, alice; ...
    CHECK(order == "bacbabaa");
    CHECK(taken[0].request == "{\"urgent\": 1}");
    CHECK(taken[1].request == "{\"a\": 0}");
  });
}

TEST_CASE("jobs: among owners with equal shares the one served longest ago is next") {
  on_each_store([](Bench& bench) {
    std::string order;
    for (int i = 0; i < 3; ++i) bench.submit("alice"), bench.submit("bob");
    while (const auto job = bench.queue->claim("w")) {
      order += job->owner[0];
      bench.publish(*job, "film.mp4");
      bench.queue->succeed(lease_of(*job), {"film.mp4"});
    }
    CHECK(order == "ababab");
  });
}

TEST_CASE("jobs: cancel reaches the worker at its next heartbeat, and success comes too late") {
  on_each_store([](Bench& bench) {
    bench.submit("alice");
    const Job running = bench.claim();
    CHECK(bench.queue->cancel({"alice"}, running.id).state == State::cancelled);
    CHECK(refusal_of([&] { bench.queue->heartbeat(lease_of(running), {"denoise", 1, 2}); }) == Refusal::cancelled);
    bench.publish(running, "film.mp4");
    CHECK(refusal_of([&] { bench.queue->succeed(lease_of(running), {"film.mp4"}); }) == Refusal::cancelled);
    CHECK(bench.artifacts.files.empty());
    CHECK(bench.get(running).state == State::cancelled);
    CHECK(refusal_of([&] { bench.queue->fail(lease_of(running), "no"); }) == Refusal::cancelled);
    CHECK(bench.queue->cancel({"alice"}, running.id).state == State::cancelled);
    CHECK_FALSE(bench.queue->claim("w"));
  });
}

TEST_CASE("jobs: a deleted job is gone for its worker, and so are its files") {
  on_each_store([](Bench& bench) {
    bench.submit("alice");
    const Job running = bench.claim();
    bench.publish(running, kLatents);
    bench.queue->save_checkpoint(lease_of(running), 3);
    bench.queue->remove({"alice"}, running.id);
    CHECK(bench.artifacts.files.empty());
    CHECK(refusal_of([&] { bench.queue->heartbeat(lease_of(running), {}); }) == Refusal::not_found);
    bench.publish(running, "film.mp4");
    CHECK(refusal_of([&] { bench.queue->succeed(lease_of(running), {"film.mp4"}); }) == Refusal::not_found);
    CHECK(bench.artifacts.files.empty());
    CHECK(refusal_of([&] { bench.queue->remove({"alice"}, running.id); }) == Refusal::not_found);
  });
}

TEST_CASE("jobs: a failure is retried once, then final with its reason") {
  on_each_store([](Bench& bench) {
    bench.submit("alice");
    const Job first = bench.claim();
    CHECK(bench.queue->fail(lease_of(first), "out of memory").state == State::queued);
    const Job second = bench.claim();
    CHECK(second.id == first.id);
    CHECK(second.failure == "out of memory");
    CHECK(refusal_of([&] { bench.queue->heartbeat(lease_of(first), {}); }) == Refusal::lease_lost);
    const Job done = bench.queue->fail(lease_of(second), "again\x1b[31m");
    CHECK(done.state == State::failed);
    CHECK(done.failure == "again [31m");
    CHECK_FALSE(bench.queue->claim("w"));
  });
}

TEST_CASE("jobs: a request that no attempt can fulfil fails at once") {
  on_each_store([](Bench& bench) {
    bench.submit("alice");
    const Job done = bench.queue->fail(lease_of(bench.claim()), "no such voice", Fault::request);
    CHECK(done.state == State::failed);
    CHECK(done.failure == "no such voice");
    CHECK(done.attempts == 1);
    CHECK_FALSE(bench.queue->claim("w"));
    CHECK(bench.queue->events({.admin = true}, 0).events.back().kind == EventKind::failed);
  });
}

TEST_CASE("jobs: a lost worker's job goes on from its checkpoint") {
  on_each_store([](Bench& bench) {
    bench.submit("alice");
    const Job first = bench.claim();
    bench.publish(first, kLatents);
    bench.queue->save_checkpoint(lease_of(first), 7);
    bench.sources.now += bench.limits.lease;
    CHECK(bench.queue->recover() == 0);
    bench.sources.now += 1;
    CHECK(bench.queue->recover() == 1);
    CHECK(bench.queue->recover() == 0);
    const Job second = bench.claim("w2");
    CHECK(second.checkpoint == Checkpoint{first.lease.token, 7});
    CHECK(second.attempts == 2);
    // The first worker wakes up: nothing that it says counts, and the latents that the second needs stay.
    bench.publish(first, "film.mp4");
    CHECK(refusal_of([&] { bench.queue->succeed(lease_of(first), {"film.mp4"}); }) == Refusal::lease_lost);
    CHECK(bench.artifacts.has(first.id, first.lease.token, kLatents));
    bench.publish(second, "film.mp4");
    CHECK(bench.queue->succeed(lease_of(second), {"film.mp4"}).result == second.lease.token);
    CHECK(bench.queue->sweep().folders == 1);
    CHECK(refusal_of([&] { bench.queue->succeed(lease_of(first), {"film.mp4"}); }) == Refusal::lease_lost);
    CHECK(bench.get(second).result == second.lease.token);
    CHECK(bench.artifacts.files.size() == 1);
  });
}

TEST_CASE("jobs: workers that are lost again and again end a job; released ones do not") {
  on_each_store([](Bench& bench) {
    bench.submit("alice");
    for (int i = 0; i < 20; ++i) CHECK(bench.queue->release(lease_of(bench.claim())).attempts == 0);
    for (int i = 0; i < bench.limits.max_attempts; ++i) {
      bench.claim();
      bench.sources.now += bench.limits.lease + 1;
      CHECK(bench.queue->recover() == 1);
    }
    const Job job = bench.queue->list(kAdmin).jobs.at(0);
    CHECK(job.state == State::failed);
    CHECK(job.failure == "the worker was lost (attempt 5 of 5)");
  });
}

TEST_CASE("jobs: finished jobs go after their retention, the oldest earlier where the disk is full") {
  Limits limits;
  limits.max_disk = 2;
  on_each_store(
      [](Bench& bench) {
        const auto make = [&](std::optional<std::int64_t> retention) {
          bench.queue->submit({.owner = "alice", .request = "{}", .retention = retention});
          const Job job = bench.claim();
          bench.publish(job, "film.mp4");
          bench.sources.now += 10;
          return bench.queue->succeed(lease_of(job), {"film.mp4"});
        };
        const Job empty = bench.queue->cancel(kAdmin, bench.submit("alice").id);
        const Job brief = make(100), oldest = make({}), newer = make({}), newest = make({});
        const Job waiting = bench.submit("alice");
        bench.sources.now = brief.finished + 99;
        CHECK(bench.queue->sweep().jobs == 2);  // four files, room for two
        CHECK(refusal_of([&] { bench.get(brief); }) == Refusal::not_found);
        CHECK(refusal_of([&] { bench.get(oldest); }) == Refusal::not_found);
        CHECK(bench.get(newer) == newer);
        CHECK(bench.get(empty) == empty);  // the oldest, but its end would free nothing
        bench.sources.now = newest.expires;
        CHECK(bench.queue->sweep().jobs == 3);
        CHECK(bench.get(waiting) == waiting);
        CHECK(bench.artifacts.files.empty());
      },
      limits);
}

TEST_CASE("jobs: limits and texts are checked before anything is stored") {
  Limits limits;
  limits.max_request = 100, limits.max_queued = 3, limits.max_queued_per_owner = 2;
  on_each_store(
      [](Bench& bench) {
        const auto refused = [&](const Submission& submission) {
          return refusal_of([&] { bench.queue->submit(submission); });
        };
        CHECK(refused({.owner = "", .request = "{}"}) == Refusal::invalid);
        CHECK(refused({.owner = "a", .request = ""}) == Refusal::invalid);
        CHECK(refused({.owner = "a", .request = std::string(101, 'x')}) == Refusal::invalid);
        CHECK(refused({.owner = "a", .request = "\xff"}) == Refusal::invalid);
        CHECK(refused({.owner = "a", .request = std::string("a\0b", 3)}) == Refusal::invalid);
        CHECK(refused({.owner = "a", .key = std::string(201, 'k'), .request = "{}"}) == Refusal::invalid);
        CHECK(refused({.owner = "a", .request = "{}", .priority = 1001}) == Refusal::invalid);
        CHECK(refused({.owner = "a", .request = "{}", .retention = -1}) == Refusal::invalid);
        CHECK(bench.queue->counts().jobs[State::queued] == 0);
        bench.submit("a"), bench.submit("a");
        CHECK(refused({.owner = "a", .request = "{}"}) == Refusal::queue_full);
        bench.submit("b");
        CHECK(refused({.owner = "c", .request = "{}"}) == Refusal::queue_full);
        const Job job = bench.claim();
        for (const Progress& bad :
             {Progress{"x", 3, 2}, Progress{"x", -1, 2}, Progress{"x", 1, 2, -2}, Progress{"\xff", 1, 2}}) {
          CHECK(refusal_of([&] { bench.queue->heartbeat(lease_of(job), bad); }) == Refusal::invalid);
        }
        CHECK(refusal_of([&] { bench.queue->claim(""); }) == Refusal::invalid);
        CHECK(bench.get(job) == job);
      },
      limits);
}

TEST_CASE("jobs: what a request says is kept to the byte") {
  on_each_store([](Bench& bench) {
    const std::string request = "{\"prompt\": \"'; DROP TABLE jobs; -- $1 \\u0000 \xF0\x9F\x94\x94 \xC3\xA9\r\n\t\"}";
    const Job job = bench.queue->submit({.owner = "o'wner $1", .key = "k\"'", .request = request});
    CHECK(bench.get(job).request == request);
    CHECK(bench.get(job).owner == "o'wner $1");
    CHECK(bench.get(job) == job);
  });
}

TEST_CASE("jobs: counts add up") {
  on_each_store([](Bench& bench) {
    bench.submit("alice");
    bench.sources.now += 5;
    const Job second = bench.submit("bob");
    bench.claim();
    const QueueCounts counts = bench.queue->counts();
    CHECK(counts.jobs.at(State::queued) == 1);
    CHECK(counts.jobs.at(State::running) == 1);
    CHECK(counts.jobs.at(State::failed) == 0);
    CHECK(counts.running == std::map<std::string, std::int64_t>{{"alice", 1}});
    CHECK(counts.oldest_queued == second.created);
  });
}

}  // namespace phonofilm::test

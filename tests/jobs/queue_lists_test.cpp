// What the queue tells of its jobs and lets be changed while they wait, on every store.
#include "jobs/queue_bench.h"

namespace phonofilm::test {

TEST_CASE("jobs: waiting jobs can be edited and reordered, running ones not") {
  on_each_store([](Bench& bench) {
    const Job a = bench.submit("alice", "{\"a\": 1}"), other = bench.submit("bob"),
              b = bench.submit("alice", "{\"b\": 1}"), c = bench.submit("alice", "{\"c\": 1}");
    CHECK(bench.queue->edit({"alice"}, b.id, {.request = "{\"b\": 2}"}).request == "{\"b\": 2}");
    bench.queue->move({"alice"}, c.id, a.id);  // c a b
    bench.queue->move({"alice"}, a.id, "");    // c b a
    CHECK(bench.get(other).place == other.place);
    CHECK(refusal_of([&] { bench.queue->move({"alice"}, a.id, other.id); }) == Refusal::wrong_state);
    CHECK(refusal_of([&] { bench.queue->move({"alice"}, a.id, a.id); }) == Refusal::wrong_state);
    CHECK(bench.queue->get(kAdmin, c.id).position == 1);
    CHECK(bench.queue->get(kAdmin, b.id).position == 3);
    CHECK(bench.queue->get(kAdmin, a.id).position == 4);
    std::vector<std::string> order;
    while (const auto job = bench.queue->claim("w")) order.push_back(job->id);
    CHECK(order == std::vector<std::string>{c.id, other.id, b.id, a.id});
    CHECK(refusal_of([&] { bench.queue->edit({"alice"}, a.id, {.priority = 1}); }) == Refusal::wrong_state);
    CHECK(refusal_of([&] { bench.queue->move({"alice"}, a.id, ""); }) == Refusal::wrong_state);
  });
}

TEST_CASE("jobs: waiting jobs are listed by their places") {
  on_each_store([](Bench& bench) {
    const Job a = bench.submit("alice"), other = bench.submit("bob"), b = bench.submit("alice"),
              c = bench.submit("alice");
    bench.queue->move({"alice"}, c.id, a.id);
    bench.queue->edit({"alice"}, b.id, {.priority = -1});
    const auto ids = [&](const Caller& caller, std::int64_t limit) {
      std::vector<std::string> ids;
      std::string cursor;
      do {
        const Page page = bench.queue->list(caller, State::queued, cursor, limit, ListOrder::by_place);
        for (const Job& job : page.jobs) ids.push_back(job.id);
        cursor = page.next;
      } while (!cursor.empty());
      return ids;
    };
    for (const std::int64_t limit : {1, 2, 10}) {
      CAPTURE(limit);
      CHECK(ids(kAdmin, limit) == std::vector<std::string>{c.id, other.id, a.id, b.id});
      CHECK(ids({"alice"}, limit) == std::vector<std::string>{c.id, a.id, b.id});
    }
    std::int64_t position = 0;
    for (const std::string& id : ids(kAdmin, 10)) CHECK(bench.queue->get(kAdmin, id).position == ++position);
    for (const char* cursor : {"x", "17", "1.", ".1", "0.1x", "0.1.2"}) {
      CAPTURE(cursor);
      const auto list = [&] { bench.queue->list(kAdmin, State::queued, cursor, 2, ListOrder::by_place); };
      CHECK(refusal_of(list) == Refusal::invalid);
    }
    CHECK(refusal_of([&] { bench.queue->list(kAdmin, {}, "", 2, ListOrder::by_place); }) == Refusal::invalid);
  });
}

TEST_CASE("jobs: pages stay where they are while jobs come and go") {
  on_each_store([](Bench& bench) {
    std::vector<Job> jobs;
    for (int i = 0; i < 7; ++i) jobs.push_back(bench.submit(i % 3 == 2 ? "bob" : "alice"));
    const Page first = bench.queue->list({"alice"}, {}, "", 2);
    REQUIRE(first.jobs.size() == 2);
    CHECK(first.jobs[0].id == jobs[6].id);
    bench.submit("alice");
    bench.queue->remove({"alice"}, first.jobs[1].id);
    bench.queue->cancel({"alice"}, jobs[3].id);
    const Page second = bench.queue->list({"alice"}, {}, first.next, 2);
    REQUIRE(second.jobs.size() == 2);
    CHECK(second.jobs[0].id == jobs[3].id);
    CHECK(second.jobs[1].id == jobs[1].id);
    CHECK(bench.queue->list({"alice"}, {}, second.next, 2).next.empty());
    CHECK(bench.queue->list(kAdmin, State::cancelled).jobs.size() == 1);
    CHECK(bench.queue->list(kAdmin).jobs.size() == 7);
    for (const char* cursor : {"x", "-1", "0", "12x", "99999999999999999999"}) {
      CHECK(refusal_of([&] { bench.queue->list(kAdmin, {}, cursor); }) == Refusal::invalid);
    }
    CHECK(refusal_of([&] { bench.queue->list(kAdmin, {}, "", 0); }) == Refusal::invalid);
  });
}

TEST_CASE("jobs: events tell every change in order, and say when some were forgotten") {
  on_each_store([](Bench& bench) {
    bench.submit("alice");
    bench.submit("bob");
    const Job job = bench.claim();
    bench.queue->heartbeat(lease_of(job), {"denoise", 1, 2});
    bench.queue->cancel({"alice"}, job.id);
    bench.queue->remove({"alice"}, job.id);
    std::string kinds;
    std::int64_t last = 0;
    for (const Event& event : bench.queue->events({"alice"}, 0).events) {
      kinds += std::string(event_name(event.kind)) + " ";
      CHECK(event.sequence > last);
      last = event.sequence;
    }
    CHECK(kinds == "submitted started progress cancelled deleted ");
    CHECK(bench.queue->events({"alice"}, last).events.empty());
    CHECK(bench.queue->events(kAdmin, 1, 2).events.size() == 2);
    bench.sources.now += bench.limits.event_retention + 1;
    bench.queue->sweep();
    CHECK_FALSE(bench.queue->events({"alice"}, 0).complete);
    CHECK(bench.queue->events({"alice"}, last).complete);
  });
}

}  // namespace phonofilm::test

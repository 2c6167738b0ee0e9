// Server-sent events: what a listener hears, and how it comes back.
#include "server/server_helpers.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::server;

std::string next_of(const Answer& answer) {
  return answer.response.stream ? answer.response.stream->next() : answer.response.body;
}

int count_of(const std::string& text, const std::string& what) {
  int count = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("events: a listener hears what happens, and comes back to where it was") {
  ServiceBench bench;
  const std::string id = bench.submit();
  bench.events.poll();
  const Answer listener = bench.ask("GET", "/api/v1/events");
  CHECK(listener.header("content-type") == "text/event-stream; charset=utf-8");
  CHECK(next_of(listener) == "retry: 2000\n\n");
  const jobs::Job job = bench.queue.claim("w").value();
  bench.queue.heartbeat(lease_of(job), {"denoise", 1, 4, 9000});
  bench.events.poll();
  const std::string text = next_of(listener);
  CHECK(count_of(text, "event: job\n") == 2);
  CHECK(text.find("\"stage\":\"denoise\"") != text.npos);
  CHECK(text.find("\"eta_ms\":9000") != text.npos);
  CHECK(next_of(listener).empty());
  const std::string last = std::to_string(bench.events.sequence() - 1);
  const Answer again = bench.ask("GET", "/api/v1/events", "", {{"last-event-id", last}});
  CHECK(count_of(next_of(again), "event: job\n") == 1);
  CHECK(count_of(next_of(bench.ask("GET", "/api/v1/events?after=0")), "event: job\n") == 3);
  for (const char* wrong : {"-1", "x", "1.5", "", "99999999999999999999"}) {
    CHECK(bench.ask("GET", "/api/v1/events", "", {{"last-event-id", wrong}}).status == 400);
  }
  CHECK(next_of(bench.ask("GET", "/api/v1/events?after=999")).find("event: reset") != std::string::npos);
}

TEST_CASE("events: silence is filled with comments; the end is announced") {
  ServiceBench bench;
  const Answer listener = bench.ask("GET", "/api/v1/events");
  next_of(listener);
  bench.seconds += 14;
  CHECK(next_of(listener).empty());
  bench.seconds += 1;
  CHECK(next_of(listener) == ": beat\n\n");
  CHECK(next_of(listener).empty());
  CHECK(listener.response.stream->farewell() == "event: stopping\ndata: {}\n\n");
  CHECK(bench.metrics.open_streams() == 1);
}

TEST_CASE("events: the stream of a job begins with the job and ends with its end") {
  ServiceBench bench;
  const std::string id = bench.submit(), other = bench.submit(), path = "/api/v1/jobs/" + id + "/events";
  bench.events.poll();
  const Answer listener = bench.ask("GET", path);
  const std::string first = next_of(listener);
  CHECK(first.find("event: snapshot\ndata: {") != first.npos);
  CHECK(first.find(id) != first.npos);
  bench.queue.cancel({.admin = true}, other);
  bench.events.poll();
  CHECK(next_of(listener).empty());
  bench.queue.cancel({.admin = true}, id);
  bench.events.poll();
  CHECK(!listener.response.stream->ended());
  CHECK(count_of(next_of(listener), "\"cancelled\"") == 2);  // kind and state
  CHECK(listener.response.stream->ended());
  // A browser comes back by itself; 204 tells it to stop.
  CHECK(bench.ask("GET", path, "", {{"last-event-id", std::to_string(bench.events.sequence())}}).status == 204);
  // Where it is not known what the listener has heard, it is told the end again.
  const Answer lost = bench.ask("GET", path + "?after=999");
  CHECK(lost.status == 200);
  CHECK(lost.response.body.find("event: reset") != std::string::npos);
  CHECK(lost.response.body.find("event: snapshot") != std::string::npos);
  const Answer late = bench.ask("GET", path);
  CHECK(!late.response.stream);
  CHECK(late.response.body.find("event: snapshot") != std::string::npos);
  CHECK(bench.ask("GET", "/api/v1/jobs/" + id_of(99) + "/events").status == 404);
}

TEST_CASE("events: a stream ends with its key, within seconds") {
  ServiceBench bench(/*with_keys=*/true);
  const Answer alice = bench.ask("GET", "/api/v1/events", "", bench.key("alice"));
  const Answer bob = bench.ask("GET", "/api/v1/events", "", bench.key("bob"));
  next_of(alice), next_of(bob);
  const std::string file = bench.file("keys.json");
  server::change_keys(file, [](std::vector<Key>& keys) {
    std::erase_if(keys, [](const Key& key) { return key.owner == "alice"; });
    for (Key& key : keys) key.expires = 2'000'000;
  });
  bench.keys().refresh();
  bench.seconds += 5;
  CHECK(next_of(alice).empty());
  CHECK(alice.response.stream->ended());
  next_of(bob);
  CHECK(!bob.response.stream->ended());
  bench.sources.now = 2'000'000;
  bench.seconds += 5;
  next_of(bob);
  CHECK(bob.response.stream->ended());
}

TEST_CASE("events: who reads too slowly is told to read afresh, and misses nothing after that") {
  const QuickFolder folder;
  MemoryStore store;
  jobs::ArtifactFolder artifacts(folder.file("films"));
  Metrics metrics;
  jobs::Queue queue(store, artifacts);
  EventHub hub(queue, artifacts, metrics, /*kept=*/5);
  EventStream stream(hub, metrics, {{"a"}, "", hub.index(), ""}, [] { return 0.0; });
  for (int i = 0; i < 8; ++i) queue.submit({.owner = "a", .request = "{}"});
  hub.poll();
  CHECK(stream.next().starts_with("id: 8\nevent: reset\ndata: {\"sequence\":8}"));
  queue.submit({.owner = "a", .request = "{}"});
  hub.poll();
  CHECK(count_of(stream.next(), "event: job") == 1);
  EventHub restarted(queue, artifacts, metrics, 5);
  CHECK(restarted.sequence() == 9);
  CHECK(!restarted.index_behind(2));
  CHECK(restarted.index_behind(6));
  CHECK(restarted.behind(*restarted.index_behind(6), {"a"}, "", 10).messages.size() == 3);
}

}  // namespace phonofilm::test

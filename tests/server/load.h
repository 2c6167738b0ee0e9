// A crowd for a server: submitters, listeners and readers over real connections, beside a worker that makes films of no
// bytes. Short in the tests, long in the benchmark.
#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "server/wire.h"

namespace phonofilm::test {

struct Load {
  int queued = 1000;   // jobs that wait before the clients come
  int streams = 50;    // listeners
  int rate = 100;      // requests a second, of all kinds
  double seconds = 3;  // of requests
  int clients = 8;     // connections that they come over
};

// Milliseconds by kind of request, and what went wrong.
struct LoadReport {
  std::map<std::string, std::vector<double>> times{};
  int errors = 0, finished = 0;
  std::int64_t events = 0;  // messages that all listeners got
  std::int64_t growth = 0;  // bytes of memory
};

inline double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, std::size_t(share * double(values.size())))];
}

class Crowd {
 public:
  Crowd(WireServer& server, const Load& load) : server_(server), load_(load) {}

  LoadReport run() {
    for (int i = 0; i < load_.queued; ++i) server_.queue.submit({.owner = "local", .request = R"({"prompt": "a"})"});
    const std::int64_t before = resident();
    std::vector<std::thread> threads;
    threads.emplace_back([this] { listen(); });
    threads.emplace_back([this] { work(); });
    for (int i = 0; i < load_.clients; ++i) threads.emplace_back([this, i] { ask(i); });
    for (std::size_t i = 2; i < threads.size(); ++i) threads[i].join();
    over_ = true;
    threads[0].join();
    threads[1].join();
    report_.growth = resident() - before;
    return report_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  // One thread for all listeners: it only counts what comes.
  void listen() {
    std::vector<std::unique_ptr<WireClient>> listeners;
    for (int i = 0; i < load_.streams; ++i) {
      listeners.push_back(std::make_unique<WireClient>(server_->port()));
      if (!listeners.back()->send(get("/api/v1/events"))) ++report_.errors;
    }
    while (!over_) {
      for (const auto& listener : listeners) count_events(listener->receive(0));
      usleep(50'000);
    }
    for (const auto& listener : listeners) count_events(listener->receive(500));
  }
  void count_events(const std::string& text) {
    for (std::size_t at = text.find("event: job"); at != text.npos; at = text.find("event: job", at + 1))
      ++report_.events;
  }

  // The stand-in for a worker: some twenty films a second.
  void work() {
    while (!over_) {
      if (const auto job = server_.queue.claim("stand-in")) {
        server_.queue.heartbeat(lease_of(*job), {"denoise", 1, 1});
        server_.artifacts.publish(job->id, job->lease.token, "film.mp4",
                                  [](const std::string& path) { write_bytes(path, "film"); });
        server_.queue.succeed(lease_of(*job), {"film.mp4"});
        ++report_.finished;
      }
      usleep(50'000);
    }
  }

  // Each client has its share of the requests, at even distances; what comes late does not make the next one later.
  void ask(int index) {
    WireClient client(server_->port());
    const auto distance = std::chrono::duration<double>(double(load_.clients) / load_.rate);
    const Clock::time_point start =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(distance * index / load_.clients);
    std::string last = "00000000000000000000000000000000";
    for (int i = 0;; ++i) {
      const auto due = start + std::chrono::duration_cast<Clock::duration>(distance * i);
      if (std::chrono::duration<double>(due - start).count() > load_.seconds) return;
      std::this_thread::sleep_until(due);
      const auto [kind, request] = next(i, last);
      const std::string answer = client.ask(request);
      const double milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - due).count();
      const bool fine = status_of(answer) / 100 == 2;
      if (fine && kind == "submit") last = answer.substr(answer.find("\"id\":\"") + 6, 32);
      const std::lock_guard lock(mutex_);
      if (!fine) ++report_.errors;
      report_.times[kind].push_back(milliseconds);
    }
  }
  std::pair<std::string, std::string> next(int i, const std::string& last) {
    if (i % 5 == 0) return {"submit", post("/api/v1/jobs", R"({"request": {"prompt": "a bell rings"}})")};
    if (i % 5 == 1) return {"list", get("/api/v1/jobs?limit=20")};
    if (i % 5 == 2) return {"videos", get("/v1/videos?limit=20")};
    return {"status", get("/api/v1/jobs/" + last)};
  }

  WireServer& server_;
  Load load_;
  std::mutex mutex_;
  LoadReport report_;
  std::atomic<bool> over_ = false;
};

}  // namespace phonofilm::test

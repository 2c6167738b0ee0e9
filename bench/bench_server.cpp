// A server with a stand-in for its workers under load: one JSON line for each kind of request.
//
//   bench_server [queued jobs] [event streams] [requests a second] [seconds]
#define DOCTEST_CONFIG_IMPLEMENT
#include "server/load.h"

#include <cstdlib>

int main(int argc, char** argv) {
  using namespace phonofilm::test;
  const auto argument = [&](int i, int fallback) { return argc > i ? std::atoi(argv[i]) : fallback; };
  const Load load{.queued = argument(1, 10'000),
                  .streams = argument(2, 500),
                  .rate = argument(3, 100),
                  .seconds = double(argument(4, 60))};
  WireServer server([](phonofilm::server::ServerOptions& options) { options.http.max_connections_per_address = 1000; });
  const LoadReport report = Crowd(server, load).run();
  for (const auto& [kind, times] : report.times) {
    std::printf(
        R"({"name": "server", "request": "%s", "queued": %d, "streams": %d, "rate": %d, "count": %d, "p50_ms": %.2f, "p99_ms": %.2f, "max_ms": %.2f})"
        "\n",
        kind.c_str(), load.queued, load.streams, load.rate, int(times.size()), quantile(times, 0.5),
        quantile(times, 0.99), quantile(times, 1));
  }
  std::printf(R"({"name": "server", "errors": %d, "finished": %d, "events": %lld, "memory_growth": %lld})"
              "\n",
              report.errors, report.finished, static_cast<long long>(report.events),
              static_cast<long long>(report.growth));
  return report.errors == 0 ? 0 : 1;
}

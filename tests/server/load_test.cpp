// The server under a small load; bench_server has the large one.
#include "server/load.h"

namespace phonofilm::test {

TEST_CASE("load: submissions, lists, states and listeners beside each other, without an error") {
  WireServer server;
  const Load load{.queued = 300, .streams = 40, .rate = 100, .seconds = 2};
  const LoadReport report = Crowd(server, load).run();
  CHECK(report.errors == 0);
  CHECK(report.finished > 0);
  const std::size_t submitted = report.times.at("submit").size();
  CHECK(submitted >= 30);
  // Every listener heard of every submission.
  CHECK(report.events >= std::int64_t(submitted) * load.streams);
  for (const auto& [kind, times] : report.times) {
    std::printf("load: %-8s %4d requests, p50 %.1f ms, p99 %.1f ms\n", kind.c_str(), int(times.size()),
                quantile(times, 0.5), quantile(times, 0.99));
    CHECK(quantile(times, 0.5) < 500);
  }
}

}  // namespace phonofilm::test

// What a worker adds to the making of a film: queue, files, saving, previews. JSON lines; films of all kinds take turns, so
// that a machine that grows slower is fair to all, and processor time is told beside the clock's, for machines that are shared:
//   bench_workers [models/mini] [steps] [films]
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "measure.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/workers/film_executor.h"

using namespace phonofilm;
using namespace phonofilm::bench;

namespace {

struct Kind {
  const char* name;
  bool watched;
  double save_every, preview_share;
};

double processor_seconds() { return double(std::clock()) / CLOCKS_PER_SEC; }

constexpr std::array<Kind, 4> kKinds{{{"plain", false, 1e9, 0},
                                      {"saved every step", false, 0, 0},
                                      {"watched", true, 1e9, 0.03},
                                      {"watched, previews at every step", true, 1e9, 1e9}}};

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "models/mini";
  const int steps = argc > 2 ? std::atoi(argv[2]) : 25, films = argc > 3 ? std::atoi(argv[3]) : 7;
  const auto place = std::filesystem::temp_directory_path() / concat("phonofilm_bench_", steps);
  std::filesystem::remove_all(place);
  std::filesystem::create_directories(place);
  nn::RunContext run;
  run.dtype = __builtin_cpu_supports("avx512bf16") ? at::kBFloat16 : at::kFloat;
  const auto model = families::load_generator(folder, run.dtype);
  at::set_num_threads(1);

  const auto store = jobs::open_sqlite_store((place / "queue.db").string());
  jobs::ArtifactFolder artifacts((place / "films").string());
  jobs::Queue queue(*store, artifacts);
  workers::QueueDesk desk(queue);
  const nlohmann::json request{{"prompt", "a red rubber ball falls and bounces three times"}, {"steps", steps}};
  std::array<std::vector<double>, kKinds.size()> times, processor;
  std::vector<workers::FilmExecutor> executors;
  for (const Kind& kind : kKinds) {
    workers::FilmExecutorOptions options{.run = run};
    options.save_every = kind.save_every, options.preview_share = kind.preview_share;
    executors.emplace_back(*model, options);
  }
  for (int film = -1; film < films; ++film) {  // the first round warms up
    for (size_t k = 0; k < kKinds.size(); ++k) {
      const jobs::Job job = queue.submit({.owner = "bench", .request = request.dump()});
      const auto look = [&] {
        if (kKinds[k].watched) artifacts.watch(job.id);
        return false;
      };
      const auto start = Clock::now();
      const double begun = processor_seconds();
      workers::Worker(desk, artifacts, executors[k], {.name = "bench"}).work_once(look);
      if (film >= 0) times[k].push_back(seconds_since(start)), processor[k].push_back(processor_seconds() - begun);
    }
  }
  const double plain = median(times[0]), plain_processor = median(processor[0]);
  for (size_t k = 0; k < kKinds.size(); ++k) {
    std::printf("{\"bench\": \"workers\", \"kind\": \"%s\", \"median_ms\": %.1f, \"processor_ms\": %.1f, \"over_plain\": %.4f, "
                "\"processor_over_plain\": %.4f}\n",
                kKinds[k].name, 1000 * median(times[k]), 1000 * median(processor[k]), median(times[k]) / plain - 1,
                median(processor[k]) / plain_processor - 1);
  }
  std::filesystem::remove_all(place);
}

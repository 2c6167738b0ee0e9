// Time per stage of `generate` as JSON lines, with the floating-point rate of the denoising passes as a fraction of
// the GEMM peak measured in the same run:
//   bench_generate [models/mini] [steps] [repeats]
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "measure.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/pipeline/generate.h"

using namespace phonofilm;
using namespace phonofilm::bench;

namespace {

void print_stage(const std::string& stage, const std::vector<double>& times) {
  std::printf("{\"bench\": \"generate\", \"stage\": \"%s\", \"median_ms\": %.1f, \"min_ms\": %.1f}\n", stage.c_str(),
              1000 * median(times), 1000 * *std::min_element(times.begin(), times.end()));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "models/mini";
  const std::int64_t steps = argc > 2 ? std::atoll(argv[2]) : 25;
  const int repeats = argc > 3 ? std::atoi(argv[3]) : 5;
  pipeline::GenerateOptions options;
  options.run.dtype = __builtin_cpu_supports("avx512bf16") ? at::kBFloat16 : at::kFloat;
  const auto model = families::load_generator(folder, options.run.dtype);
  at::set_num_threads(1);
  const double peak = gemm_rate(options.run.dtype);

  pipeline::GenerateRequest request;
  request.prompt = "a red rubber ball falls and bounces three times";
  request.steps = steps;
  std::map<std::string, std::vector<double>> stages;
  std::vector<double> totals;
  for (int i = 0; i <= repeats; ++i) {  // the first run warms up and is not counted
    const auto start = Clock::now();
    const auto result = pipeline::generate(*model, request, {}, options);
    if (i == 0) continue;
    totals.push_back(seconds_since(start));
    for (const auto& [stage, seconds] : result.seconds) stages[stage].push_back(seconds);
  }
  for (const auto& [stage, times] : stages) print_stage(stage, times);
  print_stage("total", totals);
  const double cores = std::min(2.0, double(std::thread::hardware_concurrency()));
  const auto plan = model->plan(model->clip_spec({}), model->info().sampling, /*voices=*/false);
  const double flop = plan.step_flop * double(steps);
  std::printf("{\"bench\": \"generate\", \"stage\": \"denoise\", \"gflop\": %.1f, \"gflop_per_s\": %.1f, "
              "\"gemm_peak_gflop_per_s\": %.1f, \"fraction_of_peak\": %.3f}\n",
              flop / 1e9, flop / median(stages["denoise"]) / 1e9, cores * peak / 1e9,
              flop / median(stages["denoise"]) / (cores * peak));
}

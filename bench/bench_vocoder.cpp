// BigVGAN of the published size on random weights: its activation in one pass and by LibTorch's operators at the sizes of
// every stage, then the whole network. One JSON line each, least processor time of several runs on one thread (other work
// on the machine cannot lengthen it).
//
//   bench_vocoder [MEL_FRAMES]
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>

#include "phonofilm/tensor/ops.h"
#include "phonofilm/vocoders/bigvgan/bigvgan.h"
#include "phonofilm/vocoders/bigvgan/fused_snake.h"

namespace {

using namespace phonofilm;

double milliseconds(int runs, const std::function<void()>& work) {
  double least = 1e30;
  for (int i = 0; i < runs; ++i) {
    const std::clock_t start = std::clock();
    work();
    least = std::min(least, 1e3 * double(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return least;
}

void bench_activation(std::int64_t frames) {
  const vocoders::BigVganConfig config;
  std::int64_t channels = config.upsample_initial_channel, samples = frames;
  const Tensor filter = vocoders::kaiser_low_pass(vocoders::kSnakeTaps, 0.25, 0.3).view({1, 1, vocoders::kSnakeTaps});
  for (const std::int64_t rate : config.upsample_rates) {
    channels /= 2;
    samples *= rate;
    const Tensor x = at::randn({1, channels, samples});
    const vocoders::SnakeParameters p{at::randn({channels}), at::randn({channels}), filter, filter};
    const double composite = milliseconds(5, [&] { vocoders::anti_aliased_snake(x, p); });
    const double fused = milliseconds(20, [&] { vocoders::fused_snake(x, p); });
    std::printf("{\"name\": \"anti_aliased_snake\", \"channels\": %lld, \"samples\": %lld, \"composite_ms\": %.3f, "
                "\"fused_ms\": %.3f}\n", static_cast<long long>(channels), static_cast<long long>(samples), composite, fused);
  }
}

void bench_network(std::int64_t frames, at::ScalarType dtype, const char* name) {
  vocoders::BigVgan source{vocoders::BigVganConfig{}}, model{vocoders::BigVganConfig{}};
  source.initialise(1);
  model.load(source.state_dict(), "random", "", dtype);
  const Tensor mel = at::randn({1, model.config().num_mels, frames});
  const double ms = milliseconds(3, [&] { model.forward(mel, {dtype}); });
  std::printf("{\"name\": \"bigvgan\", \"dtype\": \"%s\", \"frames\": %lld, \"ms\": %.0f, \"real_time_factor\": %.2f}\n", name,
              static_cast<long long>(frames), ms, ms / (1e3 * double(frames * model.config().hop()) / 16000));
}

}  // namespace

int main(int argc, char** argv) {
  const c10::InferenceMode guard;
  at::set_num_threads(1);
  const std::int64_t frames = argc > 1 ? std::atoll(argv[1]) : 64;
  bench_activation(frames);
  bench_network(frames, at::kFloat, "float32");
  bench_network(frames, at::kBFloat16, "bfloat16");
  return 0;
}

// One layer of UMT5-XXL with random weights in bfloat16 at 128 tokens, as a JSON line: seconds and share of the GEMM peak
// measured in the same run. tools/eager_parts.py runs the same layer in PyTorch.
//   bench_umt5 [threads]
#include <cstdio>
#include <cstdlib>

#include "measure.h"
#include "phonofilm/text_encoders/umt5/umt5_encoder.h"

using namespace phonofilm;
using namespace phonofilm::bench;

int main(int argc, char** argv) {
  const c10::InferenceMode guard;
  at::set_num_threads(argc > 1 ? std::atoi(argv[1]) : 2);
  constexpr std::int64_t kTokens = 128;
  text_encoders::Umt5Config config;
  config.vocab = 256;
  config.num_layers = 1;
  text_encoders::Umt5Encoder encoder(config);
  encoder.initialise(1);
  encoder.convert(at::kBFloat16);
  const auto batch = text_encoders::pad_tokens({std::vector<std::int64_t>(kTokens, 7)});
  const nn::RunContext run{at::kBFloat16, nn::AttentionBackend::explicit_};
  double best = 1e9;
  for (int i = 0; i < 10; ++i) {
    const auto start = Clock::now();
    encoder.forward(batch, run);
    if (i > 0) best = std::min(best, seconds_since(start));
  }
  const double d = double(config.dim), linear = 4 * d * double(config.dim_attn) + 3 * d * double(config.dim_ffn);
  const double flop = 2 * double(kTokens) * (linear + 2 * double(kTokens) * double(config.dim_attn));
  const double peak = gemm_rate(at::kBFloat16);
  std::printf("{\"bench\": \"umt5\", \"tokens\": %lld, \"threads\": %d, \"seconds\": %.5f, \"gflop\": %.2f, "
              "\"gflop_per_s\": %.1f, \"fraction_of_peak\": %.3f}\n",
              static_cast<long long>(kTokens), at::get_num_threads(), best, flop / 1e9, flop / best / 1e9, flop / best / peak);
}

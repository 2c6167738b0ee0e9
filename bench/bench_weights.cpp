// What it costs to keep weights in fewer bits or to stream them, as JSON lines with the ratio to the plain way, both
// measured in turns in the same run. "storage": the largest layer of Ovi's blocks at 1024 tokens, in bfloat16. "stream": a smaller
// Ovi whose blocks are copied into buffers.
//   bench_weights [storage|stream]...
#include <cstdio>
#include <functional>
#include <set>
#include <string>

#include "measure.h"
#include "phonofilm/families/ovi/transformer.h"
#include "phonofilm/nn/memory_plan.h"
#include "phonofilm/tensor/random.h"

using namespace phonofilm;
using namespace phonofilm::bench;

namespace {

// Seconds of the fastest of some calls of each; the calls take turns, so that a busy machine slows all alike.
std::vector<double> fastest(const std::vector<std::function<void()>>& calls, int repeats) {
  std::vector<double> best(calls.size(), 1e9);
  for (int i = 0; i <= repeats; ++i) {  // the first round warms up
    for (size_t k = 0; k < calls.size(); ++k) {
      const auto start = Clock::now();
      calls[k]();
      if (i > 0) best[k] = std::min(best[k], seconds_since(start));
    }
  }
  return best;
}

// The largest layer of a block, 1024 tokens.
void run_storage() {
  struct Layer : nn::Module {
    nn::Linear ffn{*this, "ffn", 3072, 14336};
  };
  const c10::InferenceMode guard;
  Layer source;
  source.initialise(1);
  const std::map<std::string, Tensor> wide = source.state_dict();
  std::map<std::string, Tensor> cast = wide;
  cast["ffn.weight"] = wide.at("ffn.weight").to(at::kFloat8_e4m3fn);
  const char* names[] = {"bfloat16", "float8_cast", "float8_scaled", "int8"};
  Layer layers[4];
  layers[0].load(wide, "bench", "", at::kBFloat16);
  layers[1].load(cast, "bench", "", nn::kStoredDtype);
  layers[2].load(wide, "bench", "", {at::kBFloat16, nn::LinearStorage::float8});
  layers[3].load(wide, "bench", "", {at::kBFloat16, nn::LinearStorage::int8});
  const Tensor x = randn({1024, 3072}, make_generator(2)).to(at::kBFloat16);
  std::vector<std::function<void()>> calls;
  for (const Layer& layer : layers) calls.push_back([&] { layer.ffn.forward(x, {at::kBFloat16}); });
  const std::vector<double> seconds = fastest(calls, /*repeats=*/5);
  for (size_t i = 0; i < calls.size(); ++i) {
    std::printf("{\"case\": \"storage\", \"weights\": \"%s\", \"layer\": [3072, 14336], \"tokens\": 1024, \"threads\": %d, "
                "\"seconds\": %.4f, \"bfloat16_seconds\": %.4f, \"ratio\": %.3f}\n",
                names[i], at::get_num_threads(), seconds[i], seconds[0], seconds[i] / seconds[0]);
  }
}

// 12 blocks of 80 MB; 2744 tokens of picture and 80 of sound.
ovi::OviConfig stream_config() {
  ovi::OviConfig config;
  for (ovi::TowerConfig* tower : {&config.video, &config.audio}) {
    tower->dim = 1024;
    tower->ffn_dim = 4608;
    tower->num_heads = 8;
    tower->num_layers = 12;
    tower->text_dim = 64;
  }
  return config;
}

void run_stream() {
  const c10::InferenceMode guard;
  const nn::RunContext run{at::kBFloat16, nn::AttentionBackend::explicit_};
  ovi::OviTransformer model(stream_config());
  model.initialise(1);
  model.convert(at::kBFloat16);
  const at::Generator noise = make_generator(2);
  const Tensor rows = randn({1, 512, 64}, noise);
  const ovi::PreparedContext context = model.prepare_context(rows, rows, run);
  const ovi::OviInputs inputs{.latent = {randn({1, 48, 7, 28, 56}, noise), randn({1, 20, 80}, noise)},
                              .timestep = at::full({1}, 500.0), .context = &context};
  const nn::PlainRunner resident;
  const nn::Placement streamed = nn::place_weights(model, model.blocks(), {.mode = nn::MemoryMode::stream});
  const std::vector<double> seconds = fastest({[&] { model.forward(inputs, run, resident); },
                                               [&] { model.forward(inputs, run, *streamed.runner); }}, /*repeats=*/2);
  std::printf("{\"case\": \"stream\", \"dim\": 1024, \"layers\": 12, \"tokens\": 2744, \"threads\": %d, "
              "\"streamed_bytes\": %llu, \"resident_seconds\": %.4f, \"streamed_seconds\": %.4f, \"ratio\": %.3f}\n",
              at::get_num_threads(), (unsigned long long)streamed.plan.streamed, seconds[0], seconds[1], seconds[1] / seconds[0]);
}

}  // namespace

int main(int argc, char** argv) {
  const std::set<std::string> wanted(argv + 1, argv + argc);
  if (wanted.empty() || wanted.contains("storage")) run_storage();
  if (wanted.empty() || wanted.contains("stream")) run_stream();
}

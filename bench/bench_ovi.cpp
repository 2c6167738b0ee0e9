// Blocks of Ovi's twin towers with random weights in bfloat16, as JSON lines: seconds, floating-point rate and its share
// of the GEMM peak measured in the same run; and the batch's samples one after the other. tools/eager_ovi.py bench runs the
// same cases in PyTorch.
//   bench_ovi [nano|mini|small|block1k|block4k|loop]...
// "loop" is the nano model's whole sampling loop: ten guided UniPC steps, embeddings and heads included.
#include <cstdio>
#include <set>
#include <string>

#include "measure.h"
#include "phonofilm/diffusion/guidance.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/diffusion/sigma_schedule.h"
#include "phonofilm/families/ovi/plan.h"
#include "phonofilm/families/ovi/transformer.h"
#include "phonofilm/tensor/random.h"

using namespace phonofilm;
using namespace phonofilm::bench;

namespace {

struct Case {
  std::string name;
  std::int64_t dim, ffn_dim, heads, layers;
  std::int64_t frames, rows, columns, sounds;  // token grid of the picture, tokens of the sound
  std::int64_t batch, text_len;
  int repeats;

  std::int64_t tokens() const { return frames * rows * columns; }
};

const Case kCases[] = {
    {"nano", 256, 1024, 2, 4, 5, 8, 8, 40, 2, 512, 20},
    {"mini", 512, 2304, 4, 8, 5, 16, 16, 40, 2, 512, 5},
    {"small", 1024, 4608, 8, 12, 7, 14, 28, 80, 2, 512, 2},
    {"block1k", 3072, 14336, 24, 1, 4, 16, 16, 157, 2, 512, 3},
    {"block4k", 3072, 14336, 24, 1, 4, 32, 32, 157, 2, 512, 2},
};

ovi::OviConfig config_of(const Case& c) {
  ovi::OviConfig config;
  for (ovi::TowerConfig* tower : {&config.video, &config.audio}) {
    tower->dim = c.dim;
    tower->ffn_dim = c.ffn_dim;
    tower->num_heads = c.heads;
    tower->num_layers = c.layers;
    tower->text_len = c.text_len;
    tower->text_dim = 64;
  }
  return config;
}

// Of the blocks for the whole batch; keys and values of the text are prepared before.
double flop(const Case& c) {
  return double(c.batch * c.layers) * ovi::block_flop(config_of(c), c.tokens(), c.sounds);
}

// Runs blocks plainly and adds up their time: embeddings and heads do not count.
class TimingRunner : public nn::BlockRunner {
 public:
  nn::BlockState run(std::int64_t, const nn::BlockFn& block, const nn::BlockState& state) const override {
    const auto start = Clock::now();
    nn::BlockState after = block(state);
    seconds += seconds_since(start);
    return after;
  }
  mutable double seconds = 0;
};

constexpr nn::RunContext kRun{at::kBFloat16, nn::AttentionBackend::explicit_};

void draw(ovi::OviTransformer& model) {
  model.initialise(1);
  model.convert(at::kBFloat16);
}

void run_loop(const Case& c, std::int64_t steps) {
  const c10::InferenceMode guard;
  ovi::OviTransformer model(config_of(c));
  draw(model);
  const at::Generator noise = make_generator(2);
  const Tensor rows = randn({2, c.text_len, 64}, noise);
  const diffusion::JointLatent start{randn({1, 48, c.frames, 2 * c.rows, 2 * c.columns}, noise), randn({1, 20, c.sounds}, noise)};
  diffusion::GuidanceScales scales;
  scales.text = {4, 3};
  scales.use_align = false;
  double best = 1e9;
  for (int i = 0; i <= 5; ++i) {
    const auto begin = Clock::now();
    const ovi::PreparedContext context = model.prepare_context(rows, rows, kRun);
    const dit::TokenLayout layout = model.layout(start, {});
    const auto velocity = [&](const diffusion::JointLatent& latent, double sigma) {
      const auto twice = diffusion::map([](const Tensor& x) { return at::cat({x, x}); }, latent);
      const auto both = model.forward({.latent = twice, .timestep = at::full({2}, 1000 * sigma), .context = &context,
                                       .layout = &layout}, kRun);
      const auto half = [&](std::int64_t k) { return diffusion::map([&](const Tensor& x) { return x.narrow(0, k, 1); }, both); };
      return diffusion::combine({half(0), half(1), {}, {}}, scales);
    };
    const auto solver = diffusion::make_solver("unipc");
    diffusion::sample(velocity, start, diffusion::ovi_unipc_sigmas(steps, 5), *solver, nullptr, nullptr);
    if (i > 0) best = std::min(best, seconds_since(begin));
  }
  std::printf("{\"case\": \"loop\", \"of\": \"%s\", \"steps\": %lld, \"threads\": %d, \"seconds\": %.4f}\n", c.name.c_str(),
              (long long)steps, at::get_num_threads(), best);
  std::fflush(stdout);
}

// Seconds in the blocks, of the fastest of some passes of `batch` samples.
double fastest_pass(const ovi::OviTransformer& model, const Case& c, std::int64_t batch) {
  const at::Generator noise = make_generator(2);
  const Tensor rows = randn({batch, c.text_len, 64}, noise);
  const ovi::PreparedContext context = model.prepare_context(rows, rows, kRun);
  const ovi::OviInputs inputs{
      .latent = {randn({batch, 48, c.frames, 2 * c.rows, 2 * c.columns}, noise), randn({batch, 20, c.sounds}, noise)},
      .timestep = at::full({batch}, 500.0), .context = &context};
  double best = 1e9;
  for (int i = 0; i <= c.repeats; ++i) {  // the first run warms up
    const TimingRunner timing;
    model.forward(inputs, kRun, timing);
    if (i > 0) best = std::min(best, timing.seconds);
  }
  return best;
}

void run_case(const Case& c) {
  const c10::InferenceMode guard;
  ovi::OviTransformer model(config_of(c));
  draw(model);
  const double best = fastest_pass(model, c, c.batch), one_by_one = double(c.batch) * fastest_pass(model, c, 1);
  const double peak = gemm_rate(at::kBFloat16), rate = flop(c) / best;
  std::printf("{\"case\": \"%s\", \"dim\": %lld, \"ffn_dim\": %lld, \"heads\": %lld, \"layers\": %lld, "
              "\"grid\": [%lld, %lld, %lld], \"sounds\": %lld, \"batch\": %lld, \"text_len\": %lld, \"threads\": %d, "
              "\"repeats\": %d, \"seconds\": %.4f, \"one_by_one_seconds\": %.4f, \"gflop\": %.1f, \"gflop_per_s\": %.1f, "
              "\"gemm_peak_gflop_per_s\": %.1f, \"fraction_of_peak\": %.3f}\n",
              c.name.c_str(), (long long)c.dim, (long long)c.ffn_dim, (long long)c.heads, (long long)c.layers,
              (long long)c.frames, (long long)c.rows, (long long)c.columns, (long long)c.sounds, (long long)c.batch,
              (long long)c.text_len, at::get_num_threads(), c.repeats, best, one_by_one, flop(c) / 1e9, rate / 1e9, peak / 1e9,
              rate / peak);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::set<std::string> wanted(argv + 1, argv + argc);
  for (const Case& c : kCases) {
    if (wanted.empty() || wanted.contains(c.name)) run_case(c);
  }
  if (wanted.empty() || wanted.contains("loop")) run_loop(kCases[0], 10);
}

// Wan 2.2's video autoencoder at its published widths, with random weights and small pictures. JSON lines:
//   bench_wan22_vae [threads] [latent frames] [latent rows] [latent columns] [runs]
// times its causal convolution beside LibTorch's 3-D convolution at the widths of the decoder, then encoding and
// decoding, as floating-point rates and as fractions of the rate of a square matrix product in the same run. Runs
// alternate, so that other work on the machine hits all alike; the fastest of each counts.
//   bench_wan22_vae decode FOLDER float32|bfloat16 THREADS RUNS
// decodes FOLDER/latent.safetensors with the weights of FOLDER/weights.safetensors (both are drawn if they are not
// there), writes FOLDER/video_<dtype>.safetensors and FOLDER/statistics.safetensors (what latents are multiplied by and
// moved by before decoding), and prints the time; for tools/eager_parts.py.
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "phonofilm/autoencoders/wan22_vae/convolution.h"
#include "phonofilm/autoencoders/wan22_vae/latent_statistics.h"
#include "phonofilm/autoencoders/wan22_vae/wan22_vae.h"
#include "phonofilm/base/text.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/weights/safetensors.h"

using namespace phonofilm;
using namespace phonofilm::autoencoders;

namespace {

struct Entry {
  std::string name;
  at::ScalarType dtype;
  double flop;
  std::function<void()> work;
  double seconds = 1e9;  // the fastest run
};

const char* name_of(at::ScalarType dtype) { return dtype == at::kBFloat16 ? "bfloat16" : "float32"; }

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void run_all(std::vector<Entry>& entries, int runs) {
  for (int run = 0; run <= runs; ++run) {  // the first warms up
    for (Entry& entry : entries) {
      const double seconds = seconds_of(entry.work);
      if (run > 0) entry.seconds = std::min(entry.seconds, seconds);
    }
  }
}

Entry matrix_product() {
  constexpr std::int64_t n = 2048;
  const Tensor a = at::rand({n, n}).to(at::kBFloat16), b = at::rand({n, n}).to(at::kBFloat16);
  return {"matrix_product", at::kBFloat16, 2.0 * n * n * n, [=] { at::matmul(a, b); }};
}

void print_lines(const std::vector<Entry>& entries) {
  const double peak = entries.front().flop / entries.front().seconds;
  for (const Entry& e : entries) {
    std::printf("{\"bench\": \"wan22_vae\", \"name\": \"%s\", \"dtype\": \"%s\", \"threads\": %d, \"ms\": %.2f, \"gflop\": %.2f, "
                "\"gflop_per_s\": %.1f, \"fraction_of_bfloat16_peak\": %.3f}\n",
                e.name.c_str(), name_of(e.dtype), at::get_num_threads(), 1e3 * e.seconds, e.flop / 1e9,
                e.flop / e.seconds / 1e9, e.flop / e.seconds / peak);
  }
}

// --- one convolution ---

struct Size {
  std::int64_t width, frames, rows, columns;
};

void add_convolution(std::vector<Entry>& entries, nn::Module& root, const Size& s, at::ScalarType dtype) {
  using wan22::CausalConv;
  const auto conv = std::make_shared<CausalConv>(root, concat("conv", entries.size()), s.width, s.width, /*taps=*/3, /*kernel=*/3);
  conv->initialise(1);
  for (auto& [name, p] : conv->named_parameters()) p.set_data(wan22::arranged(p.detach().to(dtype)));
  const Tensor x = at::rand({1, s.frames, s.rows, s.columns, s.width}).to(dtype);
  const auto stream = std::make_shared<wan22::Stream>();
  conv->forward(x, *stream, {.dtype = dtype});  // from here on the layer has its two frames of history
  const double flop = 2.0 * 27 * double(s.width * s.width * s.frames * s.rows * s.columns);
  const std::string name = concat("convolution of ", s.width, " channels, ", s.frames, " x ", s.rows, " x ", s.columns, ": ");
  entries.push_back({name + "taps", dtype, flop, [=] { conv->forward(x, *stream, {.dtype = dtype}); }});

  const auto parameters = conv->state_dict();
  const Tensor history = at::rand({1, s.width, s.frames + 2, s.rows, s.columns}).to(dtype);
  for (const auto& [label, format] : {std::pair{"conv3d", at::MemoryFormat::Contiguous},
                                      std::pair{"conv3d channels last", at::MemoryFormat::ChannelsLast3d}}) {
    const Tensor input = history.contiguous(format), weight = parameters.at("weight").contiguous(format);
    const Tensor bias = parameters.at("bias");
    entries.push_back({name + label, dtype, flop, [=] {
                         at::conv3d(input, weight, bias, /*stride=*/1, /*padding=*/{0, 1, 1});
                       }});
  }
}

// --- the whole network ---

// Multiply-adds of one film, counted twice; taps that meet only the zeros before the film are not counted.
class FlopCounter {
 public:
  explicit FlopCounter(double positions) : positions_(positions) {}  // of a latent frame
  void causal(std::int64_t in, std::int64_t out, double frames, double scale) {
    add(9 * in * out, frames == 1 ? 1 : 3 * frames - 3, scale);
  }
  void residual(std::int64_t in, std::int64_t out, double frames, double scale) {
    causal(in, out, frames, scale);
    causal(out, out, frames, scale);
    if (in != out) add(in * out, frames, scale);
  }
  void middle(std::int64_t width, double frames) {
    for (int i = 0; i < 2; ++i) residual(width, width, frames, 1);
    add(4 * width * width, frames, 1);
    flop_ += 4 * double(width) * frames * positions_ * positions_;
  }
  // weights applied at `frames` frames of scale x scale the positions of a latent frame
  void add(std::int64_t weights, double frames, double scale) { flop_ += 2 * double(weights) * frames * scale * scale * positions_; }
  double flop() const { return flop_; }

 private:
  double positions_, flop_ = 0;
};

double encode_flop(const Wan22VaeConfig& config, double latent_frames, double positions) {
  FlopCounter count(positions);
  const auto widths = config.encoder_widths();
  double frames = 4 * latent_frames - 3, scale = 8;
  count.causal(12, widths[0], frames, scale);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::int64_t j = 0; j < config.num_res_blocks; ++j) count.residual(j == 0 ? widths[i] : widths[i + 1], widths[i + 1], frames, scale);
    if (i == 3) break;
    const std::int64_t square = widths[i + 1] * widths[i + 1];
    scale /= 2;
    count.add(9 * square, frames, scale);
    if (i == 0) continue;
    frames = (frames + 1) / 2;
    count.add(3 * square, frames - 1, scale);
  }
  count.middle(widths[4], frames);
  count.causal(widths[4], 2 * kWan22LatentChannels, frames, scale);
  return count.flop();
}

std::unique_ptr<Wan22Vae> random_vae() {
  auto vae = std::make_unique<Wan22Vae>();
  vae->initialise(1);
  return vae;
}

void bench_all(std::int64_t frames, std::int64_t rows, std::int64_t columns, int runs) {
  std::vector<Entry> entries{matrix_product()};
  nn::Module root;
  for (const at::ScalarType dtype : {at::kBFloat16, at::kFloat}) {
    for (const Size& s : {Size{1024, 1, rows, columns}, {1024, 2, 2 * rows, 2 * columns}, {512, 4, 4 * rows, 4 * columns},
                          {256, 4, 8 * rows, 8 * columns}}) {
      add_convolution(entries, root, s, dtype);
    }
  }
  run_all(entries, 2 * runs);
  print_lines(entries);

  const auto vae = random_vae();
  const Tensor latent = randn({1, kWan22LatentChannels, frames, rows, columns}, make_generator(1));
  const Tensor video = at::rand({1, 3, 4 * frames - 3, 16 * rows, 16 * columns}) * 2 - 1;
  const double decode = wan22_decode_flop(vae->config(), frames, rows, columns);
  const double encode = encode_flop(vae->config(), double(frames), double(rows * columns));
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {  // the second rounds the weights
    vae->prepare(dtype);
    const nn::RunContext run{.dtype = dtype};
    entries = {matrix_product(), {"encode", dtype, encode, [&] { vae->encode(video, run); }},
               {"decode", dtype, decode, [&] { vae->decode(latent, run); }}};
    run_all(entries, runs);
    print_lines(entries);
  }
}

void decode_folder(const std::string& folder, at::ScalarType dtype, int runs) {
  const std::string weights = folder + "/weights.safetensors", input = folder + "/latent.safetensors";
  if (!std::filesystem::exists(weights)) {
    const auto vae = random_vae();
    vae->convert(at::kBFloat16);
    weights::save_safetensors(weights, vae->state_dict());
  }
  if (!std::filesystem::exists(input)) {
    weights::save_safetensors(input, {{"latent", randn({1, kWan22LatentChannels, 3, 8, 8}, make_generator(1))}});
  }
  const Tensor mean = wan22::restore_latent(at::zeros({kWan22LatentChannels}));
  const Tensor std = wan22::restore_latent(at::ones({kWan22LatentChannels})) - mean;
  weights::save_safetensors(folder + "/statistics.safetensors", {{"mean", mean}, {"std", std}});
  const auto vae = load_wan22_vae(weights, {}, dtype);
  const auto file = weights::SafetensorsFile::open(input);
  const Tensor latent = file.at("latent");
  Tensor video;
  std::vector<Entry> entries{matrix_product()};
  entries.push_back({"decode", dtype, wan22_decode_flop({}, latent.size(2), latent.size(3), latent.size(4)),
                     [&] { video = vae->decode(latent, {.dtype = dtype}); }});
  run_all(entries, runs);
  print_lines(entries);
  weights::save_safetensors(concat(folder, "/video_", name_of(dtype), ".safetensors"), {{"video", video}});
}

}  // namespace

int main(int argc, char** argv) {
  const at::NoGradGuard no_grad;
  const auto number = [&](int i, int otherwise) { return argc > i ? std::atoi(argv[i]) : otherwise; };
  if (argc > 3 && std::string(argv[1]) == "decode") {
    at::set_num_threads(number(4, 2));
    decode_folder(argv[2], std::string(argv[3]) == "bfloat16" ? at::kBFloat16 : at::kFloat, number(5, 3));
  } else {
    at::set_num_threads(number(1, 2));
    bench_all(number(2, 3), number(3, 8), number(4, 8), number(5, 3));
  }
}

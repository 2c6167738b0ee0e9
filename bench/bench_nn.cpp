// Fused operations of nn/ against LibTorch's own at the size of the mini family's video and audio tokens: one JSON line
// each, least of many runs of the forward and of the backward pass. Runs alternate, so that other work on the machine
// hits all alike.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>

#include "phonofilm/nn/composite.h"
#include "phonofilm/nn/fused.h"
#include "phonofilm/tensor/ops.h"

namespace {

using namespace phonofilm;
using namespace phonofilm::nn;

struct Entry {
  const char *name, *path;
  std::vector<Tensor> leaves;
  std::function<Tensor(const std::vector<Tensor>&)> formula;
  double forward = 1e9, backward = 1e9;  // seconds
};

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void run_once(Entry& entry) {
  const double start = seconds();
  const Tensor y = entry.formula(entry.leaves);
  const double middle = seconds();
  y.backward(at::ones(y.sizes(), y.options()));
  entry.backward = std::min(entry.backward, seconds() - middle);
  entry.forward = std::min(entry.forward, middle - start);
  for (Tensor& leaf : entry.leaves) leaf.mutable_grad() = Tensor();
}

Tensor leaf(const Shape& shape, at::ScalarType dtype) {
  return at::randn(shape).to(dtype).requires_grad_(true);
}

std::vector<Entry> entries() {
  constexpr std::int64_t kSamples = 16, kTokens = 272, kHeads = 4, kHeadWidth = 48, kWidth = kHeads * kHeadWidth;
  const Tensor x = leaf({kSamples, kTokens, kWidth}, at::kFloat), y = leaf({kSamples, kTokens, kWidth}, at::kBFloat16);
  const Tensor row = leaf({kSamples, 1, kWidth}, at::kFloat), weight = leaf({kWidth}, at::kFloat);
  const Shape heads = {kSamples, kHeads, kTokens, kHeadWidth};
  const Tensor q = leaf(heads, at::kBFloat16), k = leaf(heads, at::kBFloat16), v = leaf(heads, at::kBFloat16);
  const Tensor wide = leaf({kSamples, kTokens, 3 * kWidth}, at::kBFloat16);
  const RopeTable rope = rope_table(at::rand({kTokens, kHeadWidth / 2}, at::kDouble) * 20);
  const auto norm = [](auto f) {
    return [f](const std::vector<Tensor>& in) { return f(in[0], in[1], in[1], Tensor(), at::kBFloat16); };
  };
  const auto residual = [](auto f) {
    return [f](const std::vector<Tensor>& in) { return f(in[0], in[1], in[2], Tensor()); };
  };
  const auto turned = [rope](auto f) {
    return [f, rope](const std::vector<Tensor>& in) { return f(in[0], in[1], 1e-6, kHeads, &rope); };
  };
  const auto attend = [](auto f) { return [f](const std::vector<Tensor>& in) { return f(in[0], in[1], in[2]); }; };
  const auto flash = [](const Tensor& a, const Tensor& b, const Tensor& c) {
    return at::scaled_dot_product_attention(a, b, c);
  };
  return {{"modulated_norm", "composite", {x, row}, norm(composite::modulated_norm)},
          {"modulated_norm", "fused", {x, row}, norm(fused::modulated_norm)},
          {"gated_residual", "composite", {x, y, row}, residual(composite::gated_residual)},
          {"gated_residual", "fused", {x, y, row}, residual(fused::gated_residual)},
          {"rms_norm_rope", "composite", {y, weight}, turned(composite::rms_norm_rope)},
          {"rms_norm_rope", "fused", {y, weight}, turned(fused::rms_norm_rope)},
          {"gelu_tanh", "libtorch", {wide}, [](const auto& in) { return at::gelu(in[0], "tanh"); }},
          {"gelu_tanh", "fused", {wide}, [](const auto& in) { return fused::gelu_tanh(in[0]); }},
          {"attention", "libtorch", {q, k, v}, attend(flash)},
          {"attention", "composite", {q, k, v}, attend(composite::attention)},
          {"attention", "product", {q, k, v}, attend(fused::product_attention)},
          {"attention", "fused", {q, k, v}, attend(fused::attention)}};
}

}  // namespace

int main() {
  constexpr int kRuns = 20;
  std::vector<Entry> all = entries();
  for (int run = 0; run < kRuns; ++run) {
    for (Entry& entry : all) run_once(entry);
  }
  for (const Entry& entry : all) {
    std::printf("{\"name\": \"%s\", \"path\": \"%s\", \"forward_ms\": %.3f, \"backward_ms\": %.3f}\n", entry.name,
                entry.path, entry.forward * 1e3, entry.backward * 1e3);
  }
}

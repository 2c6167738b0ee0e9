// The fused CPU kernels against the same formulas in float64, values and all gradients.
#include "phonofilm/nn/fused.h"

#include <ATen/Parallel.h>

#include <cmath>
#include <functional>

#include "phonofilm/base/error.h"
#include "phonofilm/nn/activation.h"
#include "phonofilm/nn/composite.h"
#include "phonofilm/nn/modulation.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "support/support.h"

namespace phonofilm::nn {
namespace {

using Tensors = std::vector<Tensor>;
using Formula = std::function<Tensor(const Tensors&)>;

// The result and the gradient of sum(result * g) for every input.
Tensors value_and_gradients(const Formula& formula, const Tensors& inputs, const Tensor& g) {
  Tensors leaves;
  for (const Tensor& input : inputs) leaves.push_back(input.detach().clone().requires_grad_(true));
  const Tensor y = formula(leaves);
  (y.to(g.scalar_type()) * g).sum().backward();
  Tensors result = {y.detach()};
  for (const Tensor& leaf : leaves) result.push_back(leaf.grad());
  return result;
}

// Compares a fused formula with its float64 oracle on the same (rounded) inputs.
void expect_same(const Formula& fused, const Formula& oracle, const Tensors& inputs, double tolerance,
                 const std::string& what) {
  Tensors wide;
  for (const Tensor& input : inputs) wide.push_back(input.to(at::kDouble));
  const Tensor g = randn(oracle(wide).sizes().vec(), make_generator(99)).to(at::kBFloat16).to(at::kFloat);
  const Tensors actual = value_and_gradients(fused, inputs, g);
  const Tensors expected = value_and_gradients(oracle, wide, g.to(at::kDouble));
  for (size_t i = 0; i < actual.size(); ++i) {
    if (i > 0) CHECK((actual[i].scalar_type() == inputs[i - 1].scalar_type()));
    test::expect_close(actual[i].to(at::kDouble), expected[i], tolerance, what + (i == 0 ? ": value" : ": gradient"));
  }
}

double tolerance_of(at::ScalarType a, at::ScalarType b) {
  return a == at::kFloat && b == at::kFloat ? 3e-6 : 6e-3;  // one bfloat16 rounding is 2^-9 at most
}

Tensor rows_of(std::int64_t tokens, std::int64_t rows) { return at::arange(tokens, at::kInt) * 7 % rows; }

struct Size {
  std::int64_t samples, tokens, width, rows;
};
const std::vector<Size> kSizes = {{1, 1, 5, 1}, {2, 3, 16, 2}, {2, 70, 37, 3}, {3, 130, 192, 2}, {1, 65, 24, 1}};
const std::vector<at::ScalarType> kTypes = {at::kFloat, at::kBFloat16};

TEST_CASE("modulated_norm equals the formula in float64, with its gradients") {
  auto generator = make_generator(1);
  for (const Size& s : kSizes) {
    for (const at::ScalarType x_type : kTypes) {
      for (const at::ScalarType y_type : kTypes) {
        const Tensor x = (randn({s.samples, s.tokens, s.width}, generator) * 3 + 1).to(x_type);
        const Tensor shift = randn({s.samples, s.rows, s.width}, generator).to(y_type);
        const Tensor scale = randn({s.samples, s.rows, s.width}, generator);
        const Tensor rows = s.rows == 1 ? Tensor() : rows_of(s.tokens, s.rows);
        const Formula fused = [&](const Tensors& in) { return modulated_norm(in[0], in[1], in[2], rows, y_type); };
        const Formula oracle = [&](const Tensors& in) {
          return composite::modulated_norm(in[0], in[1], in[2], rows, at::kDouble);
        };
        expect_same(fused, oracle, {x, shift, scale}, tolerance_of(x_type, y_type),
                    phonofilm::concat("modulated_norm of width ", s.width));
      }
    }
  }
}

TEST_CASE("gated_residual equals the formula in float64, with its gradients") {
  auto generator = make_generator(2);
  for (const Size& s : kSizes) {
    for (const at::ScalarType x_type : kTypes) {
      for (const at::ScalarType y_type : kTypes) {
        const Tensor x = randn({s.samples, s.tokens, s.width}, generator).to(x_type);
        const Tensor y = randn({s.samples, s.tokens, s.width}, generator).to(y_type);
        const Tensor gate = randn({s.samples, s.rows, s.width}, generator).to(x_type);
        const Tensor rows = s.rows == 1 ? Tensor() : rows_of(s.tokens, s.rows);
        const Formula fused = [&](const Tensors& in) { return gated_residual(in[0], in[1], in[2], rows); };
        const Formula oracle = [&](const Tensors& in) { return composite::gated_residual(in[0], in[1], in[2], rows); };
        expect_same(fused, oracle, {x, y, gate}, tolerance_of(x_type, y_type),
                    phonofilm::concat("gated_residual of width ", s.width));
      }
    }
  }
}

RopeTable table_of(std::int64_t tokens, std::int64_t pairs) {
  return rope_table(at::rand({tokens, pairs}, make_generator(3), at::kDouble) * 20);
}

TEST_CASE("rms_norm_rope equals the formula in float64, with its gradients") {
  auto generator = make_generator(4);
  struct Heads {
    std::int64_t samples, tokens, heads, width;
  };
  for (const Heads s : {Heads{1, 1, 1, 2}, {2, 67, 3, 6}, {2, 20, 2, 16}, {2, 130, 4, 48}, {1, 5, 2, 38}}) {
    const RopeTable table = table_of(s.tokens, s.width / 2);
    for (const RopeTable* rope : {&table, static_cast<const RopeTable*>(nullptr)}) {
      for (const at::ScalarType type : kTypes) {
        const Tensor x = (randn({s.samples, s.tokens, s.heads * s.width}, generator) * 2).to(type);
        const Tensor weight = randn({s.heads * s.width}, generator);
        expect_same([&](const Tensors& in) { return rms_norm_rope(in[0], in[1], 1e-6, s.heads, rope); },
                    [&](const Tensors& in) { return composite::rms_norm_rope(in[0], in[1], 1e-6, s.heads, rope); },
                    {x, weight}, tolerance_of(type, type), phonofilm::concat("rms_norm_rope of width ", s.width));
      }
    }
  }
}

TEST_CASE("rms_norm_rope takes a slice of longer rows without copying it") {
  const Tensor qkv = randn({2, 9, 3 * 32}, make_generator(5));
  const RopeTable rope = table_of(9, 8);
  const Formula sliced = [&](const Tensors& in) {
    return rms_norm_rope(in[0].narrow(2, 32, 32), in[1], 1e-6, 2, &rope);
  };
  const Formula oracle = [&](const Tensors& in) {
    return composite::rms_norm_rope(in[0].narrow(2, 32, 32), in[1], 1e-6, 2, &rope);
  };
  expect_same(sliced, oracle, {qkv, randn({32}, make_generator(6))}, 3e-6, "rms_norm_rope of a slice");
}

TEST_CASE("gelu_tanh equals the formula in float64, far from zero too") {
  for (const at::ScalarType type : kTypes) {
    const Tensor x = at::cat({randn({3, 333}, make_generator(11)).flatten() * 3, at::linspace(-30, 30, 50)}).to(type);
    expect_same([](const Tensors& in) { return gelu_tanh(in[0]); },
                [](const Tensors& in) { return at::gelu(in[0], "tanh"); }, {x}, tolerance_of(type, type), "gelu_tanh");
  }
  CHECK(std::abs(gelu_tanh(at::full({1}, -1e6)).item<float>()) < 1e-30f);
  CHECK(gelu_tanh(at::full({1}, 1e6)).item<float>() == 1e6f);
  CHECK(std::isnan(gelu_tanh(at::full({1}, NAN)).item<float>()));
}

TEST_CASE("explicit attention in bfloat16 is close to float64, with its gradients") {
  auto generator = make_generator(7);
  for (const auto& [queries, keys, width] :
       {std::tuple{1, 1, 4}, {33, 33, 16}, {20, 75, 48}, {272, 16, 48}, {50, 272, 128}}) {
    const Tensor q = randn({2, 3, queries, width}, generator).to(at::kBFloat16);
    const Tensor k = randn({2, 3, keys, width}, generator).to(at::kBFloat16);
    const Tensor v = randn({2, 3, keys, width}, generator).to(at::kBFloat16);
    for (const auto attend : {fused::attention, fused::product_attention}) {  // fused::attention is tiled with AMX
      expect_same([&](const Tensors& in) { return attend(in[0], in[1], in[2]); },
                  [](const Tensors& in) { return composite::attention(in[0], in[1], in[2]); }, {q, k, v},
                  /*tolerance=*/2e-2, phonofilm::concat("attention of ", queries, " queries to ", keys, " keys"));
    }
  }
}

// A block's worth of fused operations, to be run again and again.
Tensors block_gradients() {
  auto generator = make_generator(8);
  const Tensors inputs = {randn({3, 300, 128}, generator), randn({3, 2, 128}, generator), randn({3, 2, 128}, generator),
                          randn({3, 2, 128}, generator), randn({128}, generator)};
  const Tensor rows = rows_of(300, 2);
  const RopeTable rope = table_of(300, 16);
  const auto block = [&](const Tensors& in, at::ScalarType dtype, auto norm, auto norm_rope, auto residual) {
    const Tensor h = norm(in[0], in[1], in[2], rows, dtype);
    const Tensor q = norm_rope(h, in[4], 1e-6, 4, &rope);
    return residual(in[0], join_heads(q * q), in[3], rows);
  };
  const Tensor g = randn({3, 300, 128}, generator);
  const Formula fused = [&](const Tensors& in) {
    return block(in, at::kFloat, modulated_norm, rms_norm_rope, gated_residual);
  };
  const Tensors actual = value_and_gradients(fused, inputs, g);
  Tensors wide;
  for (const Tensor& input : inputs) wide.push_back(input.to(at::kDouble));
  const Tensors expected = value_and_gradients(
      [&](const Tensors& in) {
        return block(in, at::kDouble, composite::modulated_norm, composite::rms_norm_rope, composite::gated_residual);
      },
      wide, g.to(at::kDouble));
  for (size_t i = 0; i < actual.size(); ++i) CHECK(test::relative_error(actual[i], expected[i]) < 1e-5);
  return actual;
}

TEST_CASE("gradients of a composition are right, and the same bit for bit with any number of threads") {
  const int threads = at::get_num_threads();
  const Tensors once = block_gradients();
  for (const int other : {1, 2}) {
    at::set_num_threads(other);
    const Tensors again = block_gradients();
    for (size_t i = 0; i < once.size(); ++i) CHECK(at::equal(once[i], again[i]));
  }
  at::set_num_threads(threads);
}

TEST_CASE("without gradients the fused path builds no graph and gives the same values") {
  const Tensor x = randn({2, 5, 32}, make_generator(9)).requires_grad_(true);
  const Tensor rows = randn({2, 1, 32}, make_generator(10));
  const Tensor with = modulated_norm(x, rows, rows, {}, at::kBFloat16);
  at::NoGradGuard no_grad;
  const Tensor without = modulated_norm(x, rows, rows, {}, at::kBFloat16);
  CHECK(with.requires_grad());
  CHECK_FALSE(without.requires_grad());
  CHECK(at::equal(with.detach(), without));
}

TEST_CASE("wrong shapes and row numbers are refused by name") {
  const Tensor x = at::zeros({2, 4, 8}), rows = at::zeros({2, 1, 8});
  CHECK_THROWS_AS(modulated_norm(x, at::zeros({2, 1, 6}), rows, {}, at::kFloat), ShapeError);
  CHECK_THROWS_AS(modulated_norm(x, rows, rows, at::ones({4}, at::kInt), at::kFloat), ShapeError);
  CHECK_THROWS_AS(gated_residual(x, at::zeros({2, 5, 8}), rows, {}), ShapeError);
  CHECK_THROWS_AS(rms_norm_rope(x, at::zeros({8}), 1e-6, 3, nullptr), ShapeError);
}

}  // namespace
}  // namespace phonofilm::nn

// The kernels of every instruction set agree: the fastest of this processor against the generic ones.
#include "phonofilm/nn/kernels/rows.h"

#include <bit>
#include <cmath>
#include <vector>

#include "support/support.h"

namespace phonofilm::nn::kernels {
namespace {

float to_float(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t(bits) << 16); }
std::uint16_t to_bf16(float value) { return std::uint16_t(std::bit_cast<std::uint32_t>(value) >> 16); }

// bfloat16 numbers between about -4 and 4.
std::vector<std::uint16_t> numbers(std::size_t count, std::uint32_t seed) {
  std::vector<std::uint16_t> result(count);
  for (std::uint16_t& bits : result) {
    seed = seed * 1664525u + 1013904223u;
    bits = to_bf16(float(std::int32_t(seed)) * 0x1p-29f);
  }
  return result;
}

TEST_CASE("softmax rows sum to one and have the right ratios") {
  for (const std::int64_t width : {1, 7, 16, 17, 64, 100}) {
    const std::vector<std::uint16_t> scores = numbers(std::size_t(3 * width), 1);
    std::vector<std::uint16_t> p = scores;
    table().softmax(p.data(), 3, width, 0.5f);
    for (std::int64_t r = 0; r < 3; ++r) {
      double total = 0;
      for (std::int64_t i = 0; i < width; ++i) total += std::exp(0.5 * to_float(scores[std::size_t(r * width + i)]));
      for (std::int64_t i = 0; i < width; ++i) {
        const auto at = std::size_t(r * width + i);
        CHECK(to_float(p[at]) == doctest::Approx(std::exp(0.5 * to_float(scores[at])) / total).epsilon(0.005));
      }
    }
  }
}

TEST_CASE("softmax survives masks and passes on a NaN") {
  std::vector<std::uint16_t> masked = {to_bf16(-INFINITY), to_bf16(3e38f), to_bf16(-3e38f)};
  table().softmax(masked.data(), 1, 3, 1.0f);
  CHECK(to_float(masked[0]) < 1e-30f);
  CHECK(to_float(masked[1]) == 1.0f);
  std::vector<std::uint16_t> broken = {0, to_bf16(NAN), 0};
  table().softmax(broken.data(), 1, 3, 1.0f);
  CHECK(std::isnan(to_float(broken[0])));
}

TEST_CASE("generic and native kernels agree to a rounding") {
  const std::int64_t width = 75, rows = 4;
  const std::vector<std::uint16_t> p = numbers(std::size_t(width * rows), 3);
  std::vector<std::uint16_t> native = numbers(std::size_t(width * rows), 4), generic = native;
  table().softmax_backward(p.data(), native.data(), rows, width, 0.3f);
  generic_table().softmax_backward(p.data(), generic.data(), rows, width, 0.3f);
  for (std::size_t i = 0; i < native.size(); ++i) {
    CHECK(to_float(native[i]) == doctest::Approx(to_float(generic[i])).epsilon(0.01));
  }
}

TEST_CASE("parts are added in order") {
  const std::vector<float> parts = {1e8f, 1, 1, 2, -1e8f, 3};  // [3, 2]
  float total[2];
  table().add_parts(parts.data(), 3, 2, total);
  CHECK(total[0] == 1e8f + 1 - 1e8f);
  CHECK(total[1] == 6);
}

}  // namespace
}  // namespace phonofilm::nn::kernels

// Compiled with OpenMP and without the precompiled header: at::parallel_for is serial otherwise.
#include "phonofilm/vocoders/bigvgan/fused_snake.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>

#include <cstring>
#include <numbers>

namespace phonofilm::vocoders {
namespace {

// The sanitizers' run time is not there yet when the loader chooses a clone.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define PF_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define PF_CLONES
#endif
#define PF_INLINE inline __attribute__((always_inline))

// Sixteen floats, by the vector extension of GCC and Clang: mapped to whatever registers a clone has.
typedef float Lanes __attribute__((vector_size(64)));
constexpr std::int64_t kLanes = 16;

constexpr std::int64_t kTile = 256;               // samples that are finished together
constexpr std::int64_t kHalo = 3;                 // doubled samples needed to either side of them
constexpr std::int64_t kDense = kTile + kLanes;   // pairs of doubled samples per tile, a whole number of lanes
constexpr std::int64_t kSource = kDense + kLanes;  // samples that those are made of, likewise
constexpr std::int64_t kPhase = kSnakeTaps / 2;   // taps of either half of a filter

// A filter in two halves, which meet every other sample: its even and its odd taps.
struct Halves {
  float even[kPhase], odd[kPhase];
};

struct Row {
  const float* x;
  float* y;
  std::int64_t samples;
  float turns, weight;  // SnakeBeta(u) = u + weight * sin^2(pi * turns * u)
};

struct Tile {
  alignas(64) float source[kSource];
  alignas(64) float even[kDense], odd[kDense];  // the doubled signal: sample i at 2 i and at 2 i + 1
};

PF_INLINE void load(const float* p, Lanes& v) { std::memcpy(&v, p, sizeof v); }
PF_INLINE void store(float* p, const Lanes& v) { std::memcpy(p, &v, sizeof v); }

// u + weight * sin^2(pi * turns * u), absolute error of the sine below 1e-7: sin^2 has period 1 in turns * u, which is
// reduced to [-1/2, 1/2]; there the Taylor series of degree 11 is enough.
PF_INLINE void snake(Lanes& u, float turns, float weight) {
  constexpr float kPi = std::numbers::pi_v<float>, kPi2 = kPi * kPi;
  constexpr float kWhole = 12582912;  // 1.5 * 2^23: a sum with it is rounded to an integer
  const Lanes angle = u * turns;
  Lanes r = angle - ((angle + kWhole) - kWhole);
  r = r > 0.5f ? Lanes{} + 0.5f : r;  // beyond 2^22 turns, where float32 has no fractions left
  r = r < -0.5f ? Lanes{} - 0.5f : r;
  const Lanes z = r * r * kPi2;
  Lanes p = z * (-1.0f / 39916800) + 1.0f / 362880;
  p = p * z - 1.0f / 5040;
  p = p * z + 1.0f / 120;
  p = p * z - 1.0f / 6;
  p = p * z + 1.0f;
  u += z * p * p * weight;
}

// source[i] is sample first - 2 * kHalo + i; the ends are repeated.
PF_INLINE void gather(const Row& row, std::int64_t first, Tile& tile) {
  const std::int64_t start = first - 2 * kHalo;
  if (start >= 0 && start + kSource <= row.samples) {
    std::memcpy(tile.source, row.x + start, sizeof tile.source);
    return;
  }
  for (std::int64_t i = 0; i < kSource; ++i) {
    const std::int64_t at = start + i < 0 ? 0 : start + i;
    tile.source[i] = row.x[at < row.samples ? at : row.samples - 1];
  }
}

// even[i] and odd[i] become doubled samples 2 n and 2 n + 1, n = first - kHalo + i. `up` holds twice the filter.
PF_INLINE void make_dense(const Row& row, const Halves& up, Tile& tile) {
  for (std::int64_t i = 0; i < kDense; i += kLanes) {
    Lanes even = {}, odd = {}, x;
    for (std::int64_t m = 0; m < kPhase; ++m) {
      load(tile.source + i + m, x);
      even += x * up.odd[kPhase - 1 - m];
      load(tile.source + i + m + 1, x);
      odd += x * up.even[kPhase - 1 - m];
    }
    snake(even, row.turns, row.weight);
    snake(odd, row.turns, row.weight);
    store(tile.even + i, even);
    store(tile.odd + i, odd);
  }
}

// What lies beyond the ends of the doubled signal repeats its first and its last sample.
PF_INLINE void repeat_ends(const Row& row, std::int64_t first, Tile& tile) {
  if (first == 0) {
    for (std::int64_t i = 0; i < kHalo; ++i) tile.even[i] = tile.odd[i] = tile.even[kHalo];
  }
  const std::int64_t end = row.samples - first + kHalo;
  for (std::int64_t i = end; i < kDense; ++i) tile.even[i] = tile.odd[i] = tile.odd[end - 1];
}

PF_INLINE void decimate(const Row& row, std::int64_t first, const Halves& down, const Tile& tile) {
  const std::int64_t count = row.samples - first < kTile ? row.samples - first : kTile;
  for (std::int64_t i = 0; i < count; i += kLanes) {
    Lanes y = {}, s;
    for (std::int64_t q = 0; q < kPhase; ++q) {
      load(tile.odd + i + q, s);
      y += s * down.even[q];
      load(tile.even + i + q + 1, s);
      y += s * down.odd[q];
    }
    const std::int64_t left = count - i < kLanes ? count - i : kLanes;
    std::memcpy(row.y + first + i, &y, std::size_t(left) * sizeof(float));
  }
}

PF_CLONES void process(const Row& row, const Halves& up, const Halves& down) {
  Tile tile;
  for (std::int64_t first = 0; first < row.samples; first += kTile) {
    gather(row, first, tile);
    make_dense(row, up, tile);
    repeat_ends(row, first, tile);
    decimate(row, first, down, tile);
  }
}

Halves halves_of(const Tensor& filter, float gain) {
  const Tensor taps = filter.to(at::kFloat).contiguous();
  const float* tap = taps.const_data_ptr<float>();
  Halves halves;
  for (std::int64_t i = 0; i < kPhase; ++i) {
    halves.even[i] = gain * tap[2 * i];
    halves.odd[i] = gain * tap[2 * i + 1];
  }
  return halves;
}

}  // namespace

Tensor fused_snake(const Tensor& x, const SnakeParameters& parameters) {
  const Tensor from = x.to(at::kFloat).contiguous(), to = at::empty_like(from);
  const Tensor turns = (parameters.alpha.to(at::kDouble).exp() / std::numbers::pi).to(at::kFloat);
  const Tensor weights = (parameters.beta.to(at::kDouble).exp() + 1e-9).reciprocal().to(at::kFloat);
  const Halves up = halves_of(parameters.up, 2), down = halves_of(parameters.down, 1);
  const float *source = from.const_data_ptr<float>(), *turn = turns.const_data_ptr<float>();
  const float* weight = weights.const_data_ptr<float>();
  float* target = to.mutable_data_ptr<float>();
  const std::int64_t channels = x.size(1), samples = x.size(2);
  if (samples == 0) return to;
  const std::int64_t grain = std::max<std::int64_t>(1, (1 << 14) / samples);  // fewer are not worth waking a thread
  at::parallel_for(0, x.size(0) * channels, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t c = r % channels;
      process({source + r * samples, target + r * samples, samples, turn[c], weight[c]}, up, down);
    }
  });
  return to;
}

}  // namespace phonofilm::vocoders

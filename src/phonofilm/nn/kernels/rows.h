// CPU kernels over rows of tokens, free of LibTorch: compiled once for each instruction set and chosen at run time.
//
// Every function works on tokens [first, last) of one sample, so that the caller spreads the work over threads.
// Sums over tokens are returned as one partial sum per call; adding those in a fixed order makes gradients
// independent of the number of threads, bit for bit. Arithmetic and statistics are in float32.
#pragma once

#include <cstdint>

namespace phonofilm::nn::kernels {

enum class Type { f32, bf16 };

struct Span {
  std::int64_t sample, first, last;
};

// y = norm(x) * (1 + scale[row]) + shift[row], and its gradients from g = dLoss/dy.
struct ModulatedNorm {
  std::int64_t tokens, width, rows;
  float eps;
  const std::int32_t* row_of_token;  // [L], or nullptr for row 0
  const void* x;                     // [B, L, D]
  Type x_type;
  const float *shift, *scale;        // [B, R, D]
  const void* g;                     // [B, L, D], backward only
  void* y;                           // forward: y; backward: dx, in the type of x; [B, L, D]
  Type y_type;                       // of y and g
};

// y = x + f * gate[row]; its gradient for f is g * gate[row], for the gate sum(g * f).
struct GatedResidual {
  std::int64_t tokens, width, rows;
  const std::int32_t* row_of_token;
  const void *x, *f;  // [B, L, D]; x is g in the backward pass
  Type x_type, f_type;
  const float* gate;  // [B, R, D]
  void* y;            // forward: y, in the type of x; backward: df, in the type of f
};

// y = rotate(x * rsqrt(mean(x^2) + eps) * weight), split into heads.
struct NormRope {
  std::int64_t tokens, heads, head_width;
  float eps;
  const void* x;                          // [B, L, N * K], in elements:
  std::int64_t sample_stride, token_stride;
  Type type;                              // of x, y, g and dx
  const float* weight;                    // [N * K]
  const float *cos, *sin;                 // [L, K], each pair's value twice, the sine as (-s, +s); or nullptr
  const void* g;                          // [B, N, L, K], backward only
  void* y;                                // forward: y [B, N, L, K]; backward: dx [B, L, N * K]
};

struct Table {
  const char* name;  // "avx512", "avx2" or "generic"
  void (*modulated_norm)(const ModulatedNorm&, Span);
  void (*modulated_norm_backward)(const ModulatedNorm&, Span, float* sums);  // sums [2, R, D]: dshift, dscale
  void (*gated_residual)(const GatedResidual&, Span);
  void (*gated_residual_backward)(const GatedResidual&, Span, float* sums);  // sums [R, D]: dgate
  void (*norm_rope)(const NormRope&, Span);
  void (*norm_rope_backward)(const NormRope&, Span, float* sums, float* scratch);  // [D]: dweight; scratch [D]
  // GELU in its tanh form over `count` elements; dx = g * gelu'(x).
  void (*gelu)(const void* x, Type type, std::int64_t count, void* y);
  void (*gelu_backward)(const void* x, const void* g, Type type, std::int64_t count, void* dx);
  // In place on `rows` rows of `width` bfloat16: s = softmax(scale * s), largest value subtracted first.
  void (*softmax)(std::uint16_t* s, std::int64_t rows, std::int64_t width, float scale);
  // dp = scale * p * (dp - sum(dp * p)), in place.
  void (*softmax_backward)(const std::uint16_t* p, std::uint16_t* dp, std::int64_t rows, std::int64_t width,
                           float scale);
  // total[i] = sum over count parts[k, i], in the order of k.
  void (*add_parts)(const float* parts, std::int64_t count, std::int64_t width, float* total);
};

const Table& table();          // for the instructions of this processor
const Table& generic_table();  // for any processor

}  // namespace phonofilm::nn::kernels

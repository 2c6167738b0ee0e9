// The kernels of rows.h, written once. Each rows_<isa>.cpp defines PF_ISA and includes this file; the namespace keeps
// the instruction sets apart.
#include <cstddef>
#include <cstdint>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#include "phonofilm/nn/kernels/rows.h"

namespace phonofilm::nn::kernels::PF_ISA {
namespace {

#include "phonofilm/nn/kernels/lanes.h"

// Calls f with a pointer of the element type.
template <class F>
PF_INLINE void typed(Type type, F f) {
  if (type == Type::f32) {
    f(static_cast<float*>(nullptr));
  } else {
    f(static_cast<Bf16*>(nullptr));
  }
}

void clear(float* p, std::int64_t n) { __builtin_memset(p, 0, std::size_t(n) * sizeof(float)); }

PF_INLINE std::int64_t row_of(const std::int32_t* row_of_token, std::int64_t token) {
  return row_of_token == nullptr ? 0 : row_of_token[token];
}

struct Moments {
  float mean, rstd;
};

template <class X>
PF_INLINE Moments moments(const X* x, std::int64_t n, float eps) {
  Lanes total = {}, square = {};
  blocks(n, [&](std::int64_t i, auto part) { total += load(x, i, part); });
  const float mean = sum(total) / float(n);
  blocks(n, [&](std::int64_t i, auto part) {
    const Lanes d = keep(load(x, i, part) - mean, part);
    square += d * d;
  });
  return {mean, 1 / __builtin_sqrtf(sum(square) / float(n) + eps)};
}

template <class X, class Y>
void modulated_norm_tokens(const ModulatedNorm& a, Span span) {
  for (std::int64_t l = span.first; l < span.last; ++l) {
    const std::int64_t at = (span.sample * a.tokens + l) * a.width;
    const std::int64_t row = (span.sample * a.rows + row_of(a.row_of_token, l)) * a.width;
    const X* x = static_cast<const X*>(a.x) + at;
    Y* y = static_cast<Y*>(a.y) + at;
    const Moments m = moments(x, a.width, a.eps);
    blocks(a.width, [&](std::int64_t i, auto part) {
      const Lanes normed = (load(x, i, part) - m.mean) * m.rstd;
      store(y, i, normed * (load(a.scale + row, i, part) + 1) + load(a.shift + row, i, part), part);
    });
  }
}

template <class X, class Y>
void modulated_norm_backward_tokens(const ModulatedNorm& a, Span span, float* sums) {
  for (std::int64_t l = span.first; l < span.last; ++l) {
    const std::int64_t at = (span.sample * a.tokens + l) * a.width, row = row_of(a.row_of_token, l);
    const X* x = static_cast<const X*>(a.x) + at;
    const Y* g = static_cast<const Y*>(a.g) + at;
    X* dx = static_cast<X*>(a.y) + at;
    const float* scale = a.scale + (span.sample * a.rows + row) * a.width;
    float *dshift = sums + row * a.width, *dscale = dshift + a.rows * a.width;
    const Moments m = moments(x, a.width, a.eps);
    Lanes total = {}, along = {};  // of the gradient of the normalised row, and of its product with that row
    blocks(a.width, [&](std::int64_t i, auto part) {
      const Lanes normed = (load(x, i, part) - m.mean) * m.rstd, gi = load(g, i, part);
      const Lanes inner = gi * (load(scale, i, part) + 1);
      total += inner;
      along += inner * normed;
      store(dshift, i, load(dshift, i, part) + gi, part);
      store(dscale, i, load(dscale, i, part) + gi * normed, part);
    });
    const float mean_total = sum(total) / float(a.width), mean_along = sum(along) / float(a.width);
    blocks(a.width, [&](std::int64_t i, auto part) {
      const Lanes normed = (load(x, i, part) - m.mean) * m.rstd;
      const Lanes inner = load(g, i, part) * (load(scale, i, part) + 1);
      store(dx, i, (inner - mean_total - normed * mean_along) * m.rstd, part);
    });
  }
}

template <class X, class F>
void gated_residual_tokens(const GatedResidual& a, Span span) {
  for (std::int64_t l = span.first; l < span.last; ++l) {
    const std::int64_t at = (span.sample * a.tokens + l) * a.width;
    const float* gate = a.gate + (span.sample * a.rows + row_of(a.row_of_token, l)) * a.width;
    const X* x = static_cast<const X*>(a.x) + at;
    const F* f = static_cast<const F*>(a.f) + at;
    X* y = static_cast<X*>(a.y) + at;
    blocks(a.width, [&](std::int64_t i, auto part) {
      store(y, i, load(x, i, part) + load(f, i, part) * load(gate, i, part), part);
    });
  }
}

template <class X, class F>
void gated_residual_backward_tokens(const GatedResidual& a, Span span, float* sums) {
  for (std::int64_t l = span.first; l < span.last; ++l) {
    const std::int64_t at = (span.sample * a.tokens + l) * a.width, row = row_of(a.row_of_token, l);
    const float* gate = a.gate + (span.sample * a.rows + row) * a.width;
    const X* g = static_cast<const X*>(a.x) + at;
    const F* f = static_cast<const F*>(a.f) + at;
    F* df = static_cast<F*>(a.y) + at;
    float* dgate = sums + row * a.width;
    blocks(a.width, [&](std::int64_t i, auto part) {
      const Lanes gi = load(g, i, part);
      store(dgate, i, load(dgate, i, part) + gi * load(f, i, part), part);
      store(df, i, gi * load(gate, i, part), part);
    });
  }
}

template <class X>
PF_INLINE float inverse_rms(const X* x, std::int64_t n, float eps) {
  Lanes square = {};
  blocks(n, [&](std::int64_t i, auto part) {
    const Lanes v = load(x, i, part);
    square += v * v;
  });
  return 1 / __builtin_sqrtf(sum(square) / float(n) + eps);
}

template <class X>
void norm_rope_tokens(const NormRope& a, Span span) {
  const std::int64_t k = a.head_width, width = a.heads * k;
  for (std::int64_t l = span.first; l < span.last; ++l) {
    const X* x = static_cast<const X*>(a.x) + span.sample * a.sample_stride + l * a.token_stride;
    const float rstd = inverse_rms(x, width, a.eps);
    for (std::int64_t n = 0; n < a.heads; ++n) {
      X* y = static_cast<X*>(a.y) + ((span.sample * a.heads + n) * a.tokens + l) * k;
      blocks(k, [&](std::int64_t i, auto part) {
        const Lanes v = load(x + n * k, i, part) * rstd * load(a.weight + n * k, i, part);
        const Lanes turned = a.cos == nullptr ? v
                             : v * load(a.cos + l * k, i, part) + swap_pairs(v) * load(a.sin + l * k, i, part);
        store(y, i, turned, part);
      });
    }
  }
}

// The gradient before the rotation, g turned back, goes to scratch; the rest is the backward pass of the RMS norm.
template <class X>
void norm_rope_backward_tokens(const NormRope& a, Span span, float* sums, float* scratch) {
  const std::int64_t k = a.head_width, width = a.heads * k;
  for (std::int64_t l = span.first; l < span.last; ++l) {
    const X* x = static_cast<const X*>(a.x) + span.sample * a.sample_stride + l * a.token_stride;
    X* dx = static_cast<X*>(a.y) + (span.sample * a.tokens + l) * width;
    const float rstd = inverse_rms(x, width, a.eps);
    Lanes along = {};
    for (std::int64_t n = 0; n < a.heads; ++n) {
      const X* g = static_cast<const X*>(a.g) + ((span.sample * a.heads + n) * a.tokens + l) * k;
      blocks(k, [&](std::int64_t i, auto part) {
        const Lanes gi = load(g, i, part), normed = load(x + n * k, i, part) * rstd;
        const Lanes back = a.cos == nullptr ? gi
                           : gi * load(a.cos + l * k, i, part) - swap_pairs(gi) * load(a.sin + l * k, i, part);
        const Lanes inner = back * load(a.weight + n * k, i, part);
        along += inner * normed;
        store(scratch + n * k, i, inner, part);
        store(sums + n * k, i, load(sums + n * k, i, part) + back * normed, part);
      });
    }
    const float mean_along = sum(along) / float(width);
    blocks(width, [&](std::int64_t i, auto part) {
      const Lanes normed = load(x, i, part) * rstd;
      store(dx, i, (load(scratch, i, part) - normed * mean_along) * rstd, part);
    });
  }
}

void modulated_norm(const ModulatedNorm& a, Span span) {
  typed(a.x_type, [&]<class X>(X*) {
    typed(a.y_type, [&]<class Y>(Y*) { modulated_norm_tokens<X, Y>(a, span); });
  });
}

void modulated_norm_backward(const ModulatedNorm& a, Span span, float* sums) {
  clear(sums, 2 * a.rows * a.width);
  typed(a.x_type, [&]<class X>(X*) {
    typed(a.y_type, [&]<class Y>(Y*) { modulated_norm_backward_tokens<X, Y>(a, span, sums); });
  });
}

void gated_residual(const GatedResidual& a, Span span) {
  typed(a.x_type, [&]<class X>(X*) {
    typed(a.f_type, [&]<class F>(F*) { gated_residual_tokens<X, F>(a, span); });
  });
}

void gated_residual_backward(const GatedResidual& a, Span span, float* sums) {
  clear(sums, a.rows * a.width);
  typed(a.x_type, [&]<class X>(X*) {
    typed(a.f_type, [&]<class F>(F*) { gated_residual_backward_tokens<X, F>(a, span, sums); });
  });
}

void norm_rope(const NormRope& a, Span span) {
  typed(a.type, [&]<class X>(X*) { norm_rope_tokens<X>(a, span); });
}

void norm_rope_backward(const NormRope& a, Span span, float* sums, float* scratch) {
  clear(sums, a.heads * a.head_width);
  typed(a.type, [&]<class X>(X*) { norm_rope_backward_tokens<X>(a, span, sums, scratch); });
}

// x * sigmoid(z), the tanh form of GELU: tanh(z / 2) = 2 sigmoid(z) - 1.
struct Gelu {
  Lanes value, slope;
};
PF_INLINE Gelu gelu_lanes(Lanes x) {
  constexpr float kTwiceRoot = 1.59576912f, kCubic = 0.044715f;  // 2 sqrt(2 / pi)
  const Lanes square = x * x;
  const Lanes sigmoid = 1 / (1 + exp(-kTwiceRoot * x * (1 + kCubic * square)));
  const Lanes inner = kTwiceRoot * (1 + 3 * kCubic * square);
  return {x * sigmoid, sigmoid + x * sigmoid * (1 - sigmoid) * inner};
}

void gelu(const void* x, Type type, std::int64_t count, void* y) {
  typed(type, [&]<class X>(X*) {
    blocks(count, [&](std::int64_t i, auto part) {
      store(static_cast<X*>(y), i, gelu_lanes(load(static_cast<const X*>(x), i, part)).value, part);
    });
  });
}

void gelu_backward(const void* x, const void* g, Type type, std::int64_t count, void* dx) {
  typed(type, [&]<class X>(X*) {
    blocks(count, [&](std::int64_t i, auto part) {
      const Lanes slope = gelu_lanes(load(static_cast<const X*>(x), i, part)).slope;
      store(static_cast<X*>(dx), i, load(static_cast<const X*>(g), i, part) * slope, part);
    });
  });
}

void softmax(std::uint16_t* s, std::int64_t rows, std::int64_t width, float scale) {
  constexpr float kLowest = -3.4e38f;
  for (std::int64_t r = 0; r < rows; ++r) {
    Bf16* row = reinterpret_cast<Bf16*>(s) + r * width;
    Lanes top = Lanes{} + kLowest, total = {};
    blocks(width, [&](std::int64_t i, auto part) { top = larger(top, keep(load(row, i, part), part, kLowest)); });
    const float offset = largest(top) * scale;
    // The exponentials are computed twice, so that no row of float32 needs to be kept.
    blocks(width, [&](std::int64_t i, auto part) {
      total += keep(exp(load(row, i, part) * scale - offset), part);
    });
    const float inverse = 1 / sum(total);
    blocks(width, [&](std::int64_t i, auto part) {
      store(row, i, exp(load(row, i, part) * scale - offset) * inverse, part);
    });
  }
}

void softmax_backward(const std::uint16_t* p, std::uint16_t* dp, std::int64_t rows, std::int64_t width, float scale) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const Bf16* out = reinterpret_cast<const Bf16*>(p) + r * width;
    Bf16* grad = reinterpret_cast<Bf16*>(dp) + r * width;
    Lanes total = {};
    blocks(width, [&](std::int64_t i, auto part) { total += load(out, i, part) * load(grad, i, part); });
    const float along = sum(total);
    blocks(width, [&](std::int64_t i, auto part) {
      store(grad, i, load(out, i, part) * (load(grad, i, part) - along) * scale, part);
    });
  }
}

void add_parts(const float* parts, std::int64_t count, std::int64_t width, float* total) {
  blocks(width, [&](std::int64_t i, auto part) {
    Lanes v = {};
    for (std::int64_t k = 0; k < count; ++k) v += load(parts + k * width, i, part);
    store(total, i, v, part);
  });
}

}  // namespace

extern const Table kTable;
const Table kTable = {
    .name = PF_ISA_NAME,
    .modulated_norm = modulated_norm,
    .modulated_norm_backward = modulated_norm_backward,
    .gated_residual = gated_residual,
    .gated_residual_backward = gated_residual_backward,
    .norm_rope = norm_rope,
    .norm_rope_backward = norm_rope_backward,
    .gelu = gelu,
    .gelu_backward = gelu_backward,
    .softmax = softmax,
    .softmax_backward = softmax_backward,
    .add_parts = add_parts,
};

}  // namespace phonofilm::nn::kernels::PF_ISA

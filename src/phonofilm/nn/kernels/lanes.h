// Sixteen float lanes, by the vector extension of GCC and Clang: the compiler maps them to whatever registers the
// file is compiled for. Included by row_kernels.h only, inside the namespace of one instruction set; templates of
// the standard library must not appear here, or the linker might pick their AVX-512 code for an older processor.

#define PF_INLINE static inline __attribute__((always_inline))

inline constexpr std::int64_t kLanes = 16;

typedef float Lanes __attribute__((vector_size(64)));
typedef std::int32_t IntLanes __attribute__((vector_size(64)));
typedef std::uint32_t WordLanes __attribute__((vector_size(64)));
typedef std::uint16_t HalfLanes __attribute__((vector_size(32)));
typedef float Lanes8 __attribute__((vector_size(32)));
typedef float Lanes4 __attribute__((vector_size(16)));

struct Bf16 {
  std::uint16_t bits;
};

// How much of a block of lanes exists: all of it, or the first `count` lanes at the end of a row.
struct Whole {};
struct Part {
  std::int64_t count;
};

// Calls f(i, Whole or Part) for i = 0, 16, 32 ... below n.
template <class F>
PF_INLINE void blocks(std::int64_t n, F f) {
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) f(i, Whole{});
  if (i < n) f(i, Part{n - i});
}

PF_INLINE Lanes widen(HalfLanes half) {
#ifdef __AVX512F__  // GCC 12 splits the generic conversion in two
  return (Lanes)_mm512_slli_epi32(_mm512_cvtepu16_epi32((__m256i)half), 16);
#else
  return (Lanes)(__builtin_convertvector(half, WordLanes) << 16);
#endif
}

// Rounds to nearest, ties to even. A NaN stays one: the rounding could carry its payload into the sign.
PF_INLINE HalfLanes narrow(Lanes v) {
#ifdef __AVX512BF16__
  return (HalfLanes)_mm512_cvtneps_pbh((__m512)v);
#else
  const WordLanes bits = (WordLanes)v;
  const WordLanes rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const WordLanes nan = (WordLanes)(v != v);
  return __builtin_convertvector((rounded & ~nan) | (nan & 0x7fc0u), HalfLanes);
#endif
}

PF_INLINE Lanes load(const float* p, std::int64_t i, Whole) {
  Lanes v;
  __builtin_memcpy(&v, p + i, sizeof v);
  return v;
}
PF_INLINE Lanes load(const float* p, std::int64_t i, Part part) {
  Lanes v = {};
  __builtin_memcpy(&v, p + i, std::size_t(part.count) * sizeof(float));
  return v;
}
PF_INLINE Lanes load(const Bf16* p, std::int64_t i, Whole) {
  HalfLanes v;
  __builtin_memcpy(&v, p + i, sizeof v);
  return widen(v);
}
PF_INLINE Lanes load(const Bf16* p, std::int64_t i, Part part) {
  HalfLanes v = {};
  __builtin_memcpy(&v, p + i, std::size_t(part.count) * sizeof(Bf16));
  return widen(v);
}

PF_INLINE void store(float* p, std::int64_t i, Lanes v, Whole) { __builtin_memcpy(p + i, &v, sizeof v); }
PF_INLINE void store(float* p, std::int64_t i, Lanes v, Part part) {
  __builtin_memcpy(p + i, &v, std::size_t(part.count) * sizeof(float));
}
PF_INLINE void store(Bf16* p, std::int64_t i, Lanes v, Whole) {
  const HalfLanes half = narrow(v);
  __builtin_memcpy(p + i, &half, sizeof half);
}
PF_INLINE void store(Bf16* p, std::int64_t i, Lanes v, Part part) {
  const HalfLanes half = narrow(v);
  __builtin_memcpy(p + i, &half, std::size_t(part.count) * sizeof(Bf16));
}

inline constexpr IntLanes kIndex = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// Replaces the lanes that do not exist.
PF_INLINE Lanes keep(Lanes v, Whole, float = 0) { return v; }
PF_INLINE Lanes keep(Lanes v, Part part, float other = 0) {
  return kIndex < std::int32_t(part.count) ? v : Lanes{} + other;
}

PF_INLINE Lanes larger(Lanes a, Lanes b) { return a > b ? a : b; }

PF_INLINE float sum(Lanes v) {
  const Lanes8 v8 = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                    __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  const Lanes4 v4 = __builtin_shufflevector(v8, v8, 0, 1, 2, 3) + __builtin_shufflevector(v8, v8, 4, 5, 6, 7);
  return (v4[0] + v4[2]) + (v4[1] + v4[3]);
}

PF_INLINE float largest(Lanes v) {
  v = larger(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  v = larger(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  v = larger(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  return v[0] > v[1] ? v[0] : v[1];
}

// (v1, v0, v3, v2, ...)
PF_INLINE Lanes swap_pairs(Lanes v) {
  return __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
}

// e^x, relative error below 2e-7: 2^n e^r with |r| <= ln(2) / 2, e^r by its Taylor series of degree 7. The argument is
// clamped to +-87, where the result is still a normal number; a NaN stays one.
PF_INLINE Lanes exp(Lanes x) {
  const Lanes above = x < -87.0f ? Lanes{} - 87.0f : x, clamped = above > 87.0f ? Lanes{} + 87.0f : above;
  const Lanes shifted = clamped * 1.44269504f + 12582912.0f;  // 1.5 * 2^23: the sum is rounded to an integer
  const Lanes n = shifted - 12582912.0f;
  const Lanes r = (clamped - n * 0.693145752f) - n * 1.42860677e-6f;
  Lanes p = r * (1.0f / 5040) + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const Lanes power = (Lanes)((IntLanes)p + (__builtin_convertvector(n, IntLanes) << 23));
  return x != x ? x : power;
}

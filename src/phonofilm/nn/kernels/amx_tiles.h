// Products on the matrix unit (AMX) and the layouts its operands need. Included in the anonymous namespace of the files
// that are compiled for it, after lanes.h.
//
// Letters: m rows and n columns of a product, k what it sums over. The unit multiplies A, 16 rows of 32 bfloat16, by B,
// 16 rows of 16 pairs (elements 2i and 2i + 1 of a column), into C, 16 x 16 float32.

constexpr std::int64_t kTile = 16, kStep = 32;

std::int64_t round_up(std::int64_t n, std::int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

struct alignas(64) TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t bytes_per_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// Configures the tiles of this thread, and gives them back at the end of the scope.
struct Tiles {
  Tiles() {
    const TileConfig config;
    _tile_loadconfig(&config);
  }
  ~Tiles() { _tile_release(); }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;
};

// C of one or two tiles each way.
template <int kRows, int kColumns>
PF_INLINE void product_block(const std::uint16_t* a, std::int64_t a_stride, const std::uint32_t* b,
                             std::int64_t b_stride, float* c, std::int64_t c_stride, std::int64_t k) {
  const std::size_t a_bytes = std::size_t(a_stride) * 2, b_bytes = std::size_t(b_stride) * 4;
  const std::size_t c_bytes = std::size_t(c_stride) * 4;
  _tile_zero(0);
  if constexpr (kColumns == 2) _tile_zero(1);
  if constexpr (kRows == 2) _tile_zero(2);
  if constexpr (kRows == 2 && kColumns == 2) _tile_zero(3);
  for (std::int64_t i = 0; i < k; i += kStep) {
    _tile_loadd(4, a + i, a_bytes);
    _tile_loadd(6, b + i / 2 * b_stride, b_bytes);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kColumns == 2) {
      _tile_loadd(7, b + i / 2 * b_stride + kTile, b_bytes);
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (kRows == 2) {
      _tile_loadd(5, a + kTile * a_stride + i, a_bytes);
      _tile_dpbf16ps(2, 5, 6);
    }
    if constexpr (kRows == 2 && kColumns == 2) _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, c, c_bytes);
  if constexpr (kColumns == 2) _tile_stored(1, c + kTile, c_bytes);
  if constexpr (kRows == 2) _tile_stored(2, c + kTile * c_stride, c_bytes);
  if constexpr (kRows == 2 && kColumns == 2) _tile_stored(3, c + kTile * c_stride + kTile, c_bytes);
}

// c [m, n] = a [m, k] b [k, n]; b as pairs [k / 2, n]; m and n multiples of 16, k of 32.
void product(const std::uint16_t* a, std::int64_t a_stride, const std::uint32_t* b, std::int64_t b_stride, float* c,
             std::int64_t c_stride, std::int64_t m, std::int64_t n, std::int64_t k) {
  for (std::int64_t i = 0; i < m; i += 2 * kTile) {
    for (std::int64_t j = 0; j < n; j += 2 * kTile) {
      const bool two_rows = m - i > kTile, two_columns = n - j > kTile;
      const std::uint16_t* ai = a + i * a_stride;
      const std::uint32_t* bj = b + j;
      float* cij = c + i * c_stride + j;
      if (two_rows && two_columns) {
        product_block<2, 2>(ai, a_stride, bj, b_stride, cij, c_stride, k);
      } else if (two_rows) {
        product_block<2, 1>(ai, a_stride, bj, b_stride, cij, c_stride, k);
      } else if (two_columns) {
        product_block<1, 2>(ai, a_stride, bj, b_stride, cij, c_stride, k);
      } else {
        product_block<1, 1>(ai, a_stride, bj, b_stride, cij, c_stride, k);
      }
    }
  }
}

// --- laying out operands ---

PF_INLINE WordLanes load_halves(const std::uint16_t* p, std::int64_t i, Whole) {
  HalfLanes v;
  __builtin_memcpy(&v, p + i, sizeof v);
  return (WordLanes)_mm512_cvtepu16_epi32((__m256i)v);
}
PF_INLINE WordLanes load_halves(const std::uint16_t* p, std::int64_t i, Part part) {
  HalfLanes v = {};
  __builtin_memcpy(&v, p + i, std::size_t(part.count) * sizeof *p);
  return (WordLanes)_mm512_cvtepu16_epi32((__m256i)v);
}

// Copies rows, `stride` elements apart, into [padded_count, padded_width], zeros around them.
void copy_rows(const std::uint16_t* rows, std::int64_t stride, std::int64_t count, std::int64_t width,
               std::uint16_t* to, std::int64_t padded_count, std::int64_t padded_width) {
  __builtin_memset(to, 0, std::size_t(padded_count * padded_width) * sizeof *to);
  for (std::int64_t r = 0; r < count; ++r) {
    __builtin_memcpy(to + r * padded_width, rows + r * stride, std::size_t(width) * sizeof *to);
  }
}

// Rows 2i and 2i + 1 interleaved: [padded_count / 2, padded_width] pairs, zeros around them.
void copy_pairs(const std::uint16_t* rows, std::int64_t stride, std::int64_t count, std::int64_t width,
                std::uint32_t* to, std::int64_t padded_count, std::int64_t padded_width) {
  __builtin_memset(to, 0, std::size_t(padded_count / 2 * padded_width) * sizeof *to);
  for (std::int64_t r = 0; r < count; r += 2) {
    const std::uint16_t *even = rows + r * stride, *odd = even + stride;
    blocks(width, [&](std::int64_t i, auto part) {
      WordLanes pair = load_halves(even, i, part);
      if (r + 1 < count) pair |= load_halves(odd, i, part) << 16;
      __builtin_memcpy(to + r / 2 * padded_width + i, &pair, sizeof pair);
    });
  }
}

// One step of a 16 x 16 transposition: swaps the off-diagonal blocks of `kSize` within blocks of twice that size.
template <unsigned kSize>
struct SwapIndex {
  alignas(64) unsigned low[16] = {}, high[16] = {};
  constexpr SwapIndex() {
    for (unsigned j = 0; j < 16; ++j) {
      low[j] = j & kSize ? 16 + j - kSize : j;
      high[j] = j & kSize ? 16 + j : j + kSize;
    }
  }
};
template <unsigned kSize>
PF_INLINE void swap_blocks(__m512i (&row)[16]) {
  static constexpr SwapIndex<kSize> index;
  const __m512i low = _mm512_load_si512(index.low), high = _mm512_load_si512(index.high);
#pragma GCC unroll 16
  for (unsigned i = 0; i < 16; ++i) {
    if (i & kSize) continue;
    const __m512i a = row[i], b = row[i + kSize];
    row[i] = _mm512_permutex2var_epi32(a, low, b);
    row[i + kSize] = _mm512_permutex2var_epi32(a, high, b);
  }
}

// to [columns, rows] = from [rows, columns] transposed; both multiples of 16.
void transpose(const std::uint32_t* from, std::int64_t rows, std::int64_t columns, std::uint32_t* to) {
  for (std::int64_t r = 0; r < rows; r += 16) {
    for (std::int64_t c = 0; c < columns; c += 16) {
      __m512i block[16];
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i) block[i] = _mm512_loadu_si512(from + (r + i) * columns + c);
      swap_blocks<8>(block);
      swap_blocks<4>(block);
      swap_blocks<2>(block);
      swap_blocks<1>(block);
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i) _mm512_storeu_si512(to + (c + i) * rows + r, block[i]);
    }
  }
}

void transpose(const float* from, std::int64_t rows, std::int64_t columns, float* to) {
  transpose(reinterpret_cast<const std::uint32_t*>(from), rows, columns, reinterpret_cast<std::uint32_t*>(to));
}

// --- work space ---

// Hands out 64-aligned pieces of the work space; with a null base it only counts.
class Arena {
 public:
  explicit Arena(void* base) : base_(static_cast<char*>(base)) {}
  template <class T>
  T* take(std::int64_t count) {
    char* piece = base_ == nullptr ? nullptr : base_ + used_;
    used_ += (std::size_t(count) * sizeof(T) + 63) / 64 * 64;
    return reinterpret_cast<T*>(piece);
  }
  std::size_t used() const { return used_; }

 private:
  char* base_;
  std::size_t used_ = 0;
};

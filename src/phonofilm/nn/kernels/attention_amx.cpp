#include "phonofilm/nn/kernels/attention.h"

#include "phonofilm/nn/kernels/matrix_unit.h"

#ifdef __AMX_BF16__

#include <immintrin.h>

namespace phonofilm::nn::kernels {
namespace {

#include "phonofilm/nn/kernels/lanes.h"
#include "phonofilm/nn/kernels/amx_tiles.h"

constexpr std::int64_t kQueryBlock = 32;

Bf16* row(MutableHeadRows rows, std::int64_t r) { return reinterpret_cast<Bf16*>(rows.data + r * rows.stride); }
const Bf16* row(HeadRows rows, std::int64_t r) {
  return reinterpret_cast<const Bf16*>(rows.data + r * rows.stride);
}

struct Sizes {
  std::int64_t queries, keys;         // padded to the step of a sum
  std::int64_t summed_width, columns;  // the head's width, padded as what is summed over and as columns

  Sizes(std::int64_t q, std::int64_t k, std::int64_t w)
      : queries(round_up(q, kQueryBlock)), keys(round_up(k, kStep)), summed_width(round_up(w, kStep)),
        columns(round_up(w, kTile)) {}
};

struct ForwardBuffers {
  Arena arena;
  std::uint16_t *q_rows, *k_rows, *p;
  std::uint32_t *k_turned, *v_pairs;
  float *scores, *out;

  ForwardBuffers(void* base, const Sizes& s)
      : arena(base),
        q_rows(arena.take<std::uint16_t>(s.queries * s.summed_width)),
        k_rows(arena.take<std::uint16_t>(s.keys * s.summed_width)),
        p(arena.take<std::uint16_t>(kQueryBlock * s.keys)),
        k_turned(arena.take<std::uint32_t>(s.summed_width / 2 * s.keys)),
        v_pairs(arena.take<std::uint32_t>(s.keys / 2 * s.columns)),
        scores(arena.take<float>(kQueryBlock * s.keys)),
        out(arena.take<float>(kQueryBlock * s.columns)) {}
};

struct BackwardBuffers {
  Arena arena;
  std::uint16_t *q_rows, *g_rows, *rows, *ds;
  std::uint32_t *k_turned, *v_turned, *k_pairs, *pairs, *q_turned, *g_turned, *p_pairs, *ds_pairs;
  float *scores, *dp, *dq, *wide, *tall;

  BackwardBuffers(void* base, const Sizes& s)
      : arena(base),
        q_rows(arena.take<std::uint16_t>(s.queries * s.summed_width)),
        g_rows(arena.take<std::uint16_t>(s.queries * s.summed_width)),
        rows(arena.take<std::uint16_t>(s.keys * s.summed_width)),
        ds(arena.take<std::uint16_t>(kQueryBlock * s.keys)),
        k_turned(arena.take<std::uint32_t>(s.summed_width / 2 * s.keys)),
        v_turned(arena.take<std::uint32_t>(s.summed_width / 2 * s.keys)),
        k_pairs(arena.take<std::uint32_t>(s.keys / 2 * s.columns)),
        pairs(arena.take<std::uint32_t>(s.queries / 2 * s.columns)),
        q_turned(arena.take<std::uint32_t>(s.queries / 2 * s.columns)),
        g_turned(arena.take<std::uint32_t>(s.queries / 2 * s.columns)),
        p_pairs(arena.take<std::uint32_t>(s.queries / 2 * s.keys)),
        ds_pairs(arena.take<std::uint32_t>(s.queries / 2 * s.keys)),
        scores(arena.take<float>(kQueryBlock * s.keys)),
        dp(arena.take<float>(kQueryBlock * s.keys)),
        dq(arena.take<float>(kQueryBlock * s.columns)),
        wide(arena.take<float>(s.columns * s.keys)),
        tall(arena.take<float>(s.columns * s.keys)) {}
};

// --- forward ---

struct Normaliser {
  float offset, inverse;
};

// p = exp(scale * scores - offset), zeros after the last key; `inverse` is one over its sum.
PF_INLINE Normaliser softmax_row(const float* scores, float scale, std::int64_t keys, std::int64_t padded, Bf16* p) {
  constexpr float kLowest = -3.4e38f;
  Lanes top = Lanes{} + kLowest, total = {};
  blocks(keys, [&](std::int64_t i, auto part) {
    top = larger(top, keep(load(scores, i, Whole{}), part, kLowest));
  });
  const float offset = largest(top) * scale;
  blocks(keys, [&](std::int64_t i, auto part) {
    const Lanes e = keep(exp(load(scores, i, Whole{}) * scale - offset), part);
    total += e;
    store(p, i, e, Whole{});
  });
  for (std::int64_t i = round_up(keys, kTile); i < padded; i += kTile) store(p, i, Lanes{}, Whole{});
  return {offset, 1 / sum(total)};
}

void forward_block(const AttentionHead& head, const Sizes& s, const ForwardBuffers& b, std::int64_t first,
                   MutableHeadRows out) {
  product(b.q_rows + first * s.summed_width, s.summed_width, b.k_turned, s.keys, b.scores, s.keys, kQueryBlock, s.keys,
          s.summed_width);
  const std::int64_t last = first + kQueryBlock < head.queries ? first + kQueryBlock : head.queries;
  for (std::int64_t r = first; r < last; ++r) {
    const std::int64_t at = (r - first) * s.keys;
    const Normaliser n = softmax_row(b.scores + at, head.scale, head.keys, s.keys, reinterpret_cast<Bf16*>(b.p) + at);
    head.offset[r] = n.offset;
    head.inverse[r] = n.inverse;
  }
  product(b.p, s.keys, b.v_pairs, s.columns, b.out, s.columns, kQueryBlock, s.columns, s.keys);
  for (std::int64_t r = first; r < last; ++r) {
    blocks(head.width, [&](std::int64_t i, auto part) {
      store(row(out, r), i, load(b.out + (r - first) * s.columns, i, Whole{}) * head.inverse[r], part);
    });
  }
}

// --- backward ---

struct RowGradient {
  const float *scores, *dp;
  Bf16* ds;
  float offset, inverse, along;  // along: sum of p * dp over the keys, which is the sum of g * out over the channels
};

struct Gradient {
  Lanes p, ds;
};

template <class Extent>
PF_INLINE Gradient gradient(const RowGradient& r, float scale, std::int64_t i, Extent part) {
  const Lanes p = keep(exp(load(r.scores, i, Whole{}) * scale - r.offset) * r.inverse, part);
  return {p, p * (load(r.dp, i, Whole{}) - r.along) * scale};
}

PF_INLINE void store_pairs(std::uint32_t* to, Lanes even, Lanes odd) {
  const WordLanes low = (WordLanes)_mm512_cvtepu16_epi32((__m256i)narrow(even));
  const WordLanes pair = low | ((WordLanes)_mm512_cvtepu16_epi32((__m256i)narrow(odd)) << 16);
  __builtin_memcpy(to, &pair, sizeof pair);
}

// p and ds of two queries, as pairs and (ds) as rows, zeros after the last key.
PF_INLINE void gradient_rows(const RowGradient& even, const RowGradient& odd, float scale, std::int64_t keys,
                             std::int64_t padded, std::uint32_t* p_pairs, std::uint32_t* ds_pairs) {
  const auto store_all = [&](std::int64_t i, const Gradient& e, const Gradient& o) {
    store_pairs(p_pairs + i, e.p, o.p);
    store_pairs(ds_pairs + i, e.ds, o.ds);
    store(even.ds, i, e.ds, Whole{});
    store(odd.ds, i, o.ds, Whole{});
  };
  blocks(keys, [&](std::int64_t i, auto part) {
    store_all(i, gradient(even, scale, i, part), gradient(odd, scale, i, part));
  });
  for (std::int64_t i = round_up(keys, kTile); i < padded; i += kTile) store_all(i, Gradient{}, Gradient{});
}

PF_INLINE float dot(const Bf16* a, const Bf16* b, std::int64_t n) {
  Lanes total = {};
  blocks(n, [&](std::int64_t i, auto part) { total += load(a, i, part) * load(b, i, part); });
  return sum(total);
}

void write_rows(const float* from, std::int64_t stride, std::int64_t count, std::int64_t width, MutableHeadRows to) {
  for (std::int64_t r = 0; r < count; ++r) {
    blocks(width, [&](std::int64_t i, auto part) { store(row(to, r), i, load(from + r * stride, i, Whole{}), part); });
  }
}

void backward_block(const AttentionHead& head, const Sizes& s, const BackwardBuffers& b, std::int64_t first,
                    HeadRows out, HeadRows g, MutableHeadRows dq) {
  product(b.q_rows + first * s.summed_width, s.summed_width, b.k_turned, s.keys, b.scores, s.keys, kQueryBlock, s.keys,
          s.summed_width);
  product(b.g_rows + first * s.summed_width, s.summed_width, b.v_turned, s.keys, b.dp, s.keys, kQueryBlock, s.keys,
          s.summed_width);
  const auto row_gradient = [&](std::int64_t r) {
    const std::int64_t at = (r - first) * s.keys;
    RowGradient result = {b.scores + at, b.dp + at, reinterpret_cast<Bf16*>(b.ds) + at, 0, 0, 0};
    if (r < head.queries) {  // else p and ds are 0
      result.offset = head.offset[r];
      result.inverse = head.inverse[r];
      result.along = dot(row(g, r), row(out, r), head.width);
    }
    return result;
  };
  for (std::int64_t r = first; r < first + kQueryBlock; r += 2) {
    gradient_rows(row_gradient(r), row_gradient(r + 1), head.scale, head.keys, s.keys, b.p_pairs + r / 2 * s.keys,
                  b.ds_pairs + r / 2 * s.keys);
  }
  product(b.ds, s.keys, b.k_pairs, s.columns, b.dq, s.columns, kQueryBlock, s.columns, s.keys);
  const std::int64_t left = head.queries - first;
  write_rows(b.dq, s.columns, left < kQueryBlock ? left : kQueryBlock, head.width,
             {dq.data + first * dq.stride, dq.stride});
}

// to [keys, width] = pairs [queries, keys]ᵀ a, where a is given turned: [width, queries].
void sum_over_queries(const AttentionHead& head, const Sizes& s, const BackwardBuffers& b, const std::uint32_t* turned,
                      const std::uint32_t* pairs, MutableHeadRows to) {
  product(reinterpret_cast<const std::uint16_t*>(turned), s.queries, pairs, s.keys, b.wide, s.keys, s.columns, s.keys,
          s.queries);
  transpose(b.wide, s.columns, s.keys, b.tall);
  write_rows(b.tall, s.columns, head.keys, head.width, to);
}

}  // namespace

bool compiled_for_matrix_unit() { return true; }

std::size_t attention_workspace(std::int64_t queries, std::int64_t keys, std::int64_t width) {
  const Sizes sizes(queries, keys, width);
  const std::size_t forward = ForwardBuffers(nullptr, sizes).arena.used();
  const std::size_t backward = BackwardBuffers(nullptr, sizes).arena.used();
  return forward > backward ? forward : backward;
}

void attention_forward(const AttentionHead& head, MutableHeadRows out, void* workspace) {
  const Sizes s(head.queries, head.keys, head.width);
  const ForwardBuffers b(workspace, s);
  const Tiles tiles;
  copy_rows(head.q.data, head.q.stride, head.queries, head.width, b.q_rows, s.queries, s.summed_width);
  copy_rows(head.k.data, head.k.stride, head.keys, head.width, b.k_rows, s.keys, s.summed_width);
  transpose(reinterpret_cast<const std::uint32_t*>(b.k_rows), s.keys, s.summed_width / 2, b.k_turned);
  copy_pairs(head.v.data, head.v.stride, head.keys, head.width, b.v_pairs, s.keys, s.columns);
  for (std::int64_t first = 0; first < head.queries; first += kQueryBlock) forward_block(head, s, b, first, out);
}

void attention_backward(const AttentionHead& head, HeadRows out, HeadRows g, MutableHeadRows dq, MutableHeadRows dk,
                        MutableHeadRows dv, void* workspace) {
  const Sizes s(head.queries, head.keys, head.width);
  const BackwardBuffers b(workspace, s);
  const Tiles tiles;
  const auto turned_rows = [&](HeadRows rows, std::uint32_t* to) {
    copy_rows(rows.data, rows.stride, head.keys, head.width, b.rows, s.keys, s.summed_width);
    transpose(reinterpret_cast<const std::uint32_t*>(b.rows), s.keys, s.summed_width / 2, to);
  };
  const auto turned_pairs = [&](HeadRows rows, std::uint32_t* to) {
    copy_pairs(rows.data, rows.stride, head.queries, head.width, b.pairs, s.queries, s.columns);
    transpose(b.pairs, s.queries / 2, s.columns, to);
  };
  copy_rows(head.q.data, head.q.stride, head.queries, head.width, b.q_rows, s.queries, s.summed_width);
  copy_rows(g.data, g.stride, head.queries, head.width, b.g_rows, s.queries, s.summed_width);
  turned_rows(head.k, b.k_turned);
  turned_rows(head.v, b.v_turned);
  turned_pairs(head.q, b.q_turned);
  turned_pairs(g, b.g_turned);
  copy_pairs(head.k.data, head.k.stride, head.keys, head.width, b.k_pairs, s.keys, s.columns);
  for (std::int64_t first = 0; first < head.queries; first += kQueryBlock) {
    backward_block(head, s, b, first, out, g, dq);
  }
  sum_over_queries(head, s, b, b.g_turned, b.p_pairs, dv);
  sum_over_queries(head, s, b, b.q_turned, b.ds_pairs, dk);
}

}  // namespace phonofilm::nn::kernels

#else

namespace phonofilm::nn::kernels {

bool compiled_for_matrix_unit() { return false; }
std::size_t attention_workspace(std::int64_t, std::int64_t, std::int64_t) { return 0; }
void attention_forward(const AttentionHead&, MutableHeadRows, void*) {}
void attention_backward(const AttentionHead&, HeadRows, HeadRows, MutableHeadRows, MutableHeadRows, MutableHeadRows,
                        void*) {}

}  // namespace phonofilm::nn::kernels

#endif

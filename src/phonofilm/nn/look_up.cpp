// Compiled with OpenMP and without the precompiled header: at::parallel_for is serial otherwise.
#include "phonofilm/nn/look_up.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstdint>

namespace phonofilm::nn {
namespace {

constexpr std::int64_t kElementsPerTask = 1 << 16;  // fewer are not worth waking a thread

template <class T>
void fill(const Tensor& codes, const Tensor& table, const Tensor& out) {
  const std::int64_t columns = codes.size(1), table_step = table.size(0) == 1 ? 0 : 256;
  const auto* from = static_cast<const std::uint8_t*>(codes.const_data_ptr());
  const auto* values = static_cast<const T*>(table.const_data_ptr());
  auto* to = static_cast<T*>(out.mutable_data_ptr());
  const std::int64_t grain = std::max<std::int64_t>(1, kElementsPerTask / std::max<std::int64_t>(1, columns));
  at::parallel_for(0, codes.size(0), grain, [=](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      const T* const row = values + r * table_step;
      for (std::int64_t i = r * columns; i < (r + 1) * columns; ++i) to[i] = row[from[i]];
    }
  });
}

}  // namespace

Tensor look_up(const Tensor& codes, const Tensor& table) {
  const Tensor out = at::empty(codes.sizes(), table.options());
  if (table.element_size() == 2) {
    fill<std::uint16_t>(codes, table, out);
  } else {
    fill<std::uint32_t>(codes, table, out);
  }
  return out;
}

}  // namespace phonofilm::nn

// How weights are kept in memory, which need not be the type that products are computed in (docs/numerics.md, "Storage").
//
// The matrix of a Linear may be stored in 8 bits: as float8 values that are the weights themselves (a plain cast), or as
// float8 or int8 values times a scale, one per matrix or one per output channel. In files the scale of "<layer>.weight" is
// "<layer>.scale_weight" (ComfyUI's convention, where an empty tensor "scaled_fp8" marks the file). Everything else is kept as
// a floating-point number, possibly a float8 one, and cast up where it is used, which is exact.
#pragma once

#include <optional>
#include <string>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::nn {

inline constexpr std::nullopt_t kStoredDtype = std::nullopt;

// What Module::load turns the matrices of Linear layers into; those that have 8 bits in the file stay as they are.
enum class LinearStorage {
  as_others,  // nothing special
  int8,       // quantise_int8
  float8      // quantise_float8
};

// What Module::load keeps. Implicit, so that a dtype alone, or kStoredDtype alone, is a Storage.
struct Storage {
  std::optional<at::ScalarType> dtype;  // empty: each tensor in the dtype of the file
  LinearStorage linears = LinearStorage::as_others;

  Storage(at::ScalarType all, LinearStorage linears = LinearStorage::as_others) : dtype(all), linears(linears) {}
  Storage(std::nullopt_t, LinearStorage linears = LinearStorage::as_others) : linears(linears) {}
};

inline bool has_eight_bits(const Tensor& values) { return values.element_size() == 1; }

// A tensor as it is kept.
struct Stored {
  Tensor values;  // floating-point, or int8 with a scale
  Tensor scale;   // float32: one number for the whole matrix [out, in] or one per row [out]; undefined: 1

  bool eight_bit() const { return has_eight_bits(values); }
};

// Weight-only int8, symmetric, one scale per output channel of a matrix [out, in]:
//   scale = max(max |w| of the row / 127, smallest normal float32),  q = w / scale rounded half to even, in -127 .. 127
// so that |q scale - w| <= scale / 2, and a row of zeros is zeros. Needs the result's memory and a few megabytes.
// Throws CheckpointError if the matrix holds a value that is not finite; `name` names it in errors.
Stored quantise_int8(const Tensor& weight, const std::string& name);

// float8_e4m3fn with one scale per matrix, max |w| / 448, 448 being the largest value of the type: relative error at most
// 2^-4, for values below 2^-6 scale an absolute one of at most 2^-10 scale. Otherwise as quantise_int8.
Stored quantise_float8(const Tensor& weight, const std::string& name);

// values * scale, computed in float32 and rounded once, as `dtype`. Without a scale: a cast.
Tensor dequantise(const Stored& weight, at::ScalarType dtype);

// x Wᵀ + b for an 8-bit W [out, in] in the dtype of x. W is dequantised in blocks of rows on every call, so that it never
// stands in memory as a whole; of the product, blocks and whole do for a moment. Differentiable in x and bias.
Tensor eight_bit_linear(const Tensor& x, const Stored& weight, const std::optional<Tensor>& bias);

// What a parameter loaded from `source` is kept as. linear: whether it is the matrix of a Linear.
Stored keep(Stored source, bool linear, const Storage& storage, const std::string& name);

// "a.b.weight" -> "a.b.scale_weight"
std::string scale_name(const std::string& parameter);

// Why a parameter cannot be kept so, e.g. int8 values without a scale; empty if it can. scale: nullptr where the file has
// none; marked: the file says that its float8 matrices have scales.
std::string storage_misfit(const Tensor& values, const Tensor* scale, bool linear, bool marked);

}  // namespace phonofilm::nn

// Published layouts of vocoders, written down from their specifications, as tensors without memory.
#pragma once

#include <string>

#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/tensor_map.h"

namespace phonofilm::test {

class VocoderLayout {
 public:
  // prefix: of every name. normed: whether convolutions are in weight normalisation.
  VocoderLayout(const std::string& prefix, at::ScalarType dtype, bool normed)
      : prefix_(prefix), dtype_(dtype), normed_(normed) {}

  void add(const std::string& name, const Shape& shape) {
    tensors[prefix_ + name] = at::empty(shape, at::TensorOptions(at::kMeta).dtype(dtype_));
    values += c10::multiply_integers(shape);
  }
  void conv(const std::string& name, const Shape& weight, std::int64_t out) {
    if (normed_) add(name + ".weight_g", {weight[0], 1, 1});
    add(name + (normed_ ? ".weight_v" : ".weight"), weight);
    add(name + ".bias", {out});
  }
  // The anti-aliased periodic one.
  void activation(const std::string& name, std::int64_t channels) {
    add(name + ".act.alpha", {channels});
    add(name + ".act.beta", {channels});
    add(name + ".upsample.filter", {1, 1, 12});
    add(name + ".downsample.lowpass.filter", {1, 1, 12});
  }

  weights::TensorMap tensors;
  std::int64_t values = 0;

 private:
  std::string prefix_;
  at::ScalarType dtype_;
  bool normed_;
};

}  // namespace phonofilm::test

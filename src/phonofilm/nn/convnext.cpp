#include "phonofilm/nn/convnext.h"

#include "phonofilm/tensor/ops.h"

namespace phonofilm::nn {

ConvNextBlock::ConvNextBlock(Module& parent, const std::string& name, const ConvNextShape& shape)
    : Module(parent, name),
      depthwise_(*this, "dwconv", shape.width, shape.width,
                 {.kernel = shape.kernel, .padding = shape.kernel / 2, .groups = shape.width}),
      norm_(*this, "norm", shape.width),
      wide_(*this, "pwconv1", shape.width, shape.hidden),
      narrow_(*this, "pwconv2", shape.hidden, shape.width),
      gain_(parameter("gamma", {shape.width}, [gain = shape.gain](Tensor& p, at::Generator&) { p.fill_(gain); })) {}

Tensor ConvNextBlock::forward(const Tensor& x, const RunContext& run) const {
  const Tensor mixed = depthwise_.forward(x.transpose(1, 2), run).transpose(1, 2);
  const Tensor hidden = at::gelu(wide_.forward(norm_.forward(mixed.to(at::kFloat)), run));
  return x + narrow_.forward(hidden, run).to(at::kFloat) * gain_.to(at::kFloat);
}

}  // namespace phonofilm::nn

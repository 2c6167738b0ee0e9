#include "phonofilm/nn/convnext.h"

#include "phonofilm/base/text.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::nn {
namespace {

std::vector<std::unique_ptr<ConvNextBlock>> make_blocks(Module& parent, const ConvNextShape& shape,
                                                        std::int64_t count) {
  std::vector<std::unique_ptr<ConvNextBlock>> blocks;
  for (std::int64_t i = 0; i < count; ++i) {
    blocks.push_back(std::make_unique<ConvNextBlock>(parent, concat("convnext.", i), shape, 1.0 / double(count)));
  }
  return blocks;
}

}  // namespace

ConvNextBlock::ConvNextBlock(Module& parent, const std::string& name, const ConvNextShape& shape, double gain)
    : Module(parent, name),
      depthwise_(*this, "dwconv", shape.width, shape.width,
                 {.kernel = shape.kernel, .padding = shape.kernel / 2, .groups = shape.width}),
      norm_(*this, "norm", shape.width),
      wide_(*this, "pwconv1", shape.width, shape.hidden),
      narrow_(*this, "pwconv2", shape.hidden, shape.width),
      gain_(parameter("gamma", {shape.width}, [gain](Tensor& p, at::Generator&) { p.fill_(gain); })) {}

Tensor ConvNextBlock::forward(const Tensor& x, const RunContext& run) const {
  const Tensor mixed = depthwise_.forward(x.transpose(1, 2), run).transpose(1, 2);
  const Tensor hidden = at::gelu(wide_.forward(norm_.forward(mixed.to(at::kFloat)), run));
  return x + narrow_.forward(hidden, run).to(at::kFloat) * gain_.to(at::kFloat);
}

ConvNextBody::ConvNextBody(Module& parent, const ConvNextShape& shape, std::int64_t blocks)
    : first_norm_(parent, "norm", shape.width),
      blocks_(make_blocks(parent, shape, blocks)),
      last_norm_(parent, "final_layer_norm", shape.width) {}

Tensor ConvNextBody::forward(const Tensor& x, const RunContext& run) const {
  Tensor out = first_norm_.forward(x);
  for (const auto& block : blocks_) out = block->forward(out, run);
  return last_norm_.forward(out);
}

}  // namespace phonofilm::nn

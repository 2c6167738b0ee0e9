#include "phonofilm/dit/block_parts.h"

#include <cmath>

#include "phonofilm/nn/activation.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::dit {

FeedForward::FeedForward(nn::Module& parent, const std::string& name, std::int64_t width, std::int64_t hidden)
    : input_(parent, name + ".0", width, hidden), output_(parent, name + ".2", hidden, width) {}

Tensor FeedForward::forward(const Tensor& x, const nn::RunContext& run) const {
  return output_.forward(nn::gelu_tanh(input_.forward(x, run)), run);
}

ModulationTable::ModulationTable(nn::Module& parent, const std::string& name, std::int64_t width)
    : Module(parent, name),
      modulation_(parameter("modulation", {1, 6, width}, nn::init::normal(1 / std::sqrt(double(width))))) {}

std::vector<Tensor> ModulationTable::forward(const Tensor& e0) const {
  return (e0 + modulation_.to(at::kFloat).unsqueeze(1)).unbind(2);
}

}  // namespace phonofilm::dit

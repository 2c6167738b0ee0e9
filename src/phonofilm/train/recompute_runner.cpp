#include "phonofilm/train/recompute_runner.h"

#include <ATen/SequenceNumber.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/variable.h>

#include <set>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::train {
namespace {

using torch::autograd::Edge;
using torch::autograd::edge_list;
using torch::autograd::Node;
using torch::autograd::variable_list;

// Where gradients of these tensors flow to; streams without a gradient are left out.
edge_list edges_of(const variable_list& tensors) {
  edge_list edges;
  for (const Tensor& tensor : tensors) {
    if (tensor.defined() && tensor.requires_grad()) edges.push_back(torch::autograd::impl::gradient_edge(tensor));
  }
  return edges;
}

// The same values at the beginning of a graph of their own: a gradient through them must not run on into older blocks.
nn::BlockState as_leaves(const nn::BlockState& state) {
  nn::BlockState leaves;
  for (const Tensor& stream : state) {
    leaves.push_back(stream.defined() ? stream.detach().requires_grad_(stream.requires_grad()) : Tensor());
  }
  return leaves;
}

// The edges by which a graph leaves the nodes that this thread made from number `first` on, to older nodes and to
// leaves, without those that lead to the block's own inputs.
edge_list captured_edges(const edge_list& roots, const edge_list& inputs, std::uint64_t first) {
  std::set<std::pair<Node*, std::uint32_t>> seen;
  for (const Edge& input : inputs) seen.insert({input.function.get(), input.input_nr});
  edge_list captured, open = roots;
  while (!open.empty()) {
    const Edge edge = open.back();
    open.pop_back();
    if (!edge.is_valid() || !seen.insert({edge.function.get(), edge.input_nr}).second) continue;
    const bool leaf = edge.function->num_outputs() == 0;  // a leaf's accumulator counts as younger than all
    if (leaf || edge.function->sequence_nr() < first) {
      captured.push_back(edge);
    } else {
      open.insert(open.end(), edge.function->next_edges().begin(), edge.function->next_edges().end());
    }
  }
  return captured;
}

// Stands for a whole block in the graph. Its edges are those of the state and then those of what the block captured.
class BlockNode : public Node {
 public:
  BlockNode(nn::BlockFn block, nn::BlockState inputs, edge_list next)
      : Node(std::move(next)), block_(std::move(block)), inputs_(std::move(inputs)) {}

  variable_list apply(variable_list&& gradients) override {
    PF_CHECK(block_, Error, "train", "a recomputed block's gradient was asked for twice");
    const at::AutoGradMode record(true);
    edge_list roots, wanted = edges_of(inputs_);
    variable_list root_gradients;
    const nn::BlockState outputs = block_(inputs_);
    size_t next = 0;
    for (const Edge& root : edges_of(outputs)) {
      const Tensor& gradient = gradients.at(next++);
      if (!gradient.defined()) continue;
      roots.push_back(root);
      root_gradients.push_back(gradient);
    }
    if (roots.empty()) return variable_list(next_edges().size());
    wanted.insert(wanted.end(), next_edges().begin() + std::ptrdiff_t(wanted.size()), next_edges().end());
    return torch::autograd::Engine::get_default_engine().execute(roots, root_gradients, /*keep_graph=*/false,
                                                                 /*create_graph=*/false, /*accumulate_grad=*/false,
                                                                 wanted);
  }

  void release_variables() override {
    block_ = nullptr;
    inputs_.clear();
  }
  std::string name() const override { return "RecomputedBlock"; }

 private:
  nn::BlockFn block_;
  nn::BlockState inputs_;
};

}  // namespace

nn::BlockState RecomputeRunner::run(std::int64_t, const nn::BlockFn& block, const nn::BlockState& state) const {
  if (!at::GradMode::is_enabled()) return block(state);
  const nn::BlockState inputs = as_leaves(state);
  const std::uint64_t first = at::sequence_number::peek();
  nn::BlockState outputs = block(inputs);
  const edge_list roots = edges_of(outputs);
  if (roots.empty()) return outputs;
  edge_list next = edges_of(state);
  const edge_list captured = captured_edges(roots, edges_of(inputs), first);
  next.insert(next.end(), captured.begin(), captured.end());
  const c10::intrusive_ptr<Node> node = c10::make_intrusive<BlockNode>(block, inputs, std::move(next));
  for (Tensor& output : outputs) {
    if (!output.defined() || !output.requires_grad()) continue;
    output = output.detach();
    torch::autograd::set_history(output, node);
  }
  return outputs;
}

}  // namespace phonofilm::train

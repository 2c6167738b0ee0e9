// A tree of named parameters: the registered names are the publisher's names, dots between levels.
//
//   struct Mlp : Module {
//     Linear fc1{*this, "fc1", 64, 256}, fc2{*this, "fc2", 256, 64};
//     explicit Mlp(Module& parent, std::string name) : Module(parent, std::move(name)) {}
//     Tensor forward(const Tensor& x, const RunContext& run) const;
//   };
//
// LibTorch's own module header costs 17-35 s of compile time per file; this one costs nothing, and autograd works
// all the same because it lives in the dispatcher. A module is neither copied nor moved: children point to parents
// only while they are being constructed. After loading, forward() is const and safe to call from several threads.
#pragma once

#include <functional>
#include <memory>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "phonofilm/nn/storage.h"
#include "phonofilm/tensor/tensor.h"

namespace phonofilm::nn {

// Fills a fresh parameter in place; drawn from `generator` so that construction is deterministic by seed.
using Init = std::function<void(Tensor& parameter, at::Generator& generator)>;
namespace init {
Init zeros();
Init ones();
Init normal(double std);
Init xavier_uniform();               // of the matrix [out, in * kernel]
Init kaiming_uniform(double gain = 1);  // bound gain * sqrt(3 / fan_in)
}  // namespace init

// The factors of a low-rank change (lora.h): [rank, in] and [out, rank], or none.
struct LowRank {
  const Tensor* down = nullptr;
  const Tensor* up = nullptr;
};

class Module {
 public:
  using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

  Module() = default;                                   // a root
  Module(Module& parent, const std::string& name);      // registered with its parent under `name`
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module() = default;

  // In registration order, e.g. {"blocks.0.ffn.0.weight", ...}. The tensors share storage with the module.
  NamedTensors named_parameters() const;
  std::int64_t parameter_count() const;

  // What a parameter is before it has a value: its full name, its shape, and how a fresh one is drawn.
  struct Declaration {
    std::string name;
    Shape shape;
    Init init;
  };
  // In registration order. Allocates no tensor: the shapes of a model larger than memory are at hand.
  std::vector<Declaration> declarations() const;

  // Draws every parameter anew from its Init, in registration order, as float32.
  void initialise(std::uint64_t seed);
  // Everything that keeps `tensors` under `prefix` from being loaded, a line each; values are not looked at.
  std::vector<std::string> misfits(const std::map<std::string, Tensor>& tensors, const std::string& prefix = "") const;
  // Strict: every parameter is filled once and every tensor of `tensors` under `prefix` is used, else one
  // CheckpointError lists all missing, unexpected and mis-shaped names, and the module is left as it was. Values are made
  // contiguous and kept as `storage` says (a dtype; kStoredDtype: as the file has them), or shared with `tensors` where they
  // are so already (no copy of a mapped file).
  // Each source is let go as soon as it is converted: whoever moves its only map in needs memory for the weights and one
  // tensor, not for two sets of weights.
  void load(std::map<std::string, Tensor> tensors, const std::string& file, const std::string& prefix = "",
            const Storage& storage = at::kFloat);
  // Detached, sharing storage; with the scales of 8-bit weights.
  std::map<std::string, Tensor> state_dict(const std::string& prefix = "") const;
  void convert(at::ScalarType dtype);  // 8-bit weights too, so that none is left
  // Throws InvalidRequest where weights are stored in 8 bits: they cannot be trained.
  void require_grad(bool on);

  // All tensors that hold the parameters: in registration order, a weight's scale behind it where it has one.
  std::vector<Tensor> values() const;
  // A change of a matrix that is being trained beside it (lora.h); forward() heeds it, nothing else in here does.
  struct Matrix {
    std::string name;  // full, e.g. "blocks.0.ffn.0.weight"
    Shape shape;
    LowRank* change;
  };
  // Of all Linear layers, in registration order.
  std::vector<Matrix> matrices();

  // Points the parameters at other tensors of the number, shapes and dtypes of values(): the same weights elsewhere, e.g.
  // on another device. Throws ShapeError, leaving the module as it was. Not while forward() runs.
  void bind(const std::vector<Tensor>& values);

 protected:
  // Declares a parameter; it is undefined until initialise() or load(). The reference stays valid for life.
  Tensor& parameter(const std::string& name, const Shape& shape, Init init);
  // The scale of the parameter declared last, a matrix that may be stored in 8 bits; undefined unless it is (storage.h).
  Tensor& scale_of_last();
  // The change of the parameter declared last, of which the same is true.
  const LowRank& change_of_last() const;
  // Registers a member that was constructed as a root of its own.
  void add_child(const std::string& name, Module& child);

 private:
  struct Parameter {
    std::string name;
    Shape shape;
    Init init;
    Tensor* value;
    std::unique_ptr<Tensor> scale;         // of the matrix of a Linear, which may be stored in 8 bits, else nullptr
    std::unique_ptr<LowRank> change;       // likewise
    Stored stored() const { return {*value, scale == nullptr ? Tensor() : *scale}; }
    void store(const Stored& kept);
  };
  std::vector<Tensor*> bound();
  void visit(const std::string& prefix, const std::function<void(const std::string&, Parameter&)>& visitor);
  struct Slot {  // children and parameters in the order they were declared
    std::string name;
    Module* child;                         // or
    std::unique_ptr<Tensor> value;         // a parameter
    Parameter parameter;
  };
  std::vector<Slot> slots_;
};

}  // namespace phonofilm::nn

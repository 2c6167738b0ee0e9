#include "phonofilm/nn/lora.h"

#include <algorithm>
#include <array>
#include <optional>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::nn {
namespace {

constexpr std::string_view kWeight = ".weight";

std::string layer_of(const std::string& matrix) { return matrix.substr(0, matrix.size() - kWeight.size()); }

bool contains_any(const std::string& name, const std::vector<std::string>& parts) {
  return std::any_of(parts.begin(), parts.end(), [&](const std::string& part) { return name.find(part) != std::string::npos; });
}

// A layer's change as a file tells it.
struct Change {
  Tensor down, up;
  std::optional<double> alpha;
};

// What a tensor of a file is for: "a.b.lora_up.weight" is the up of "a.b".
struct Role {
  std::string_view ending;
  Tensor Change::*part;
};
constexpr std::array<Role, 4> kRoles{{{".lora_A.weight", &Change::down},
                                      {".lora_B.weight", &Change::up},
                                      {".lora_down.weight", &Change::down},
                                      {".lora_up.weight", &Change::up}}};
constexpr std::string_view kAlpha = ".alpha";

std::string without_end(const std::string& name, std::string_view ending) { return name.substr(0, name.size() - ending.size()); }

// Whether the tensor has a part in a change, which it then takes.
bool take(const std::string& name, const Tensor& tensor, std::map<std::string, Change>& changes) {
  for (const Role& role : kRoles) {
    if (!name.ends_with(role.ending)) continue;
    changes[without_end(name, role.ending)].*role.part = tensor;
    return true;
  }
  if (!name.ends_with(kAlpha) || tensor.numel() != 1) return false;
  changes[without_end(name, kAlpha)].alpha = tensor.to(at::kFloat).item<double>();
  return true;
}

std::string with_underscores(std::string name) {
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

// What files may call the layer whose matrix is `matrix`.
std::vector<std::string> names_of(const std::string& matrix, const std::string& prefix) {
  const std::string layer = layer_of(matrix).substr(prefix.size());
  std::vector<std::string> names{layer, "lora_unet_" + with_underscores(layer)};
  for (const char* front : {"diffusion_model.", "transformer.", "base_model.model."}) names.push_back(front + layer);
  return names;
}

// Every name that a file may use, and the matrix that it means.
std::map<std::string, std::string> matrices_by_name(const std::map<std::string, Tensor>& weights, const std::string& prefix) {
  std::map<std::string, std::string> matrices;
  for (const auto& [name, tensor] : weights) {
    if (!name.starts_with(prefix) || !name.ends_with(kWeight) || tensor.dim() != 2) continue;
    for (const std::string& alias : names_of(name, prefix)) matrices.emplace(alias, name);
  }
  return matrices;
}

// Why a change cannot be added to a matrix; empty where it can.
std::string misfit(const Change& change, const Tensor& matrix) {
  if (!change.down.defined()) return "has no lora_A (lora_down)";
  if (!change.up.defined()) return "has no lora_B (lora_up)";
  const Shape down{change.down.dim() == 2 ? change.down.size(0) : 1, matrix.size(1)}, up{matrix.size(0), down[0]};
  if (change.down.sizes() != at::IntArrayRef(down)) {
    return concat("lora_A: expected ", shape_text(down), ", got ", shape_text(change.down.sizes()));
  }
  if (change.up.sizes() != at::IntArrayRef(up)) {
    return concat("lora_B: expected ", shape_text(up), ", got ", shape_text(change.up.sizes()));
  }
  if (down[0] == 0) return "has a rank of 0";
  return {};
}

Tensor changed(const Stored& matrix, const Change& change, double scale) {
  const double own = change.alpha ? *change.alpha / double(change.down.size(0)) : 1;
  const Tensor difference = at::matmul(change.up.to(at::kFloat), change.down.to(at::kFloat));
  const at::ScalarType dtype = matrix.eight_bit() ? at::kBFloat16 : matrix.values.scalar_type();
  return dequantise(matrix, at::kFloat).add(difference, scale * own).to(dtype);
}

}  // namespace

Lora::Lora(Module& base, std::int64_t rank, const std::vector<std::string>& parts) {
  for (const Module::Matrix& matrix : base.matrices()) {
    if (!contains_any(matrix.name, parts)) continue;
    const std::string layer = layer_of(matrix.name);
    matrix.change->down = &parameter(layer + ".lora_A.weight", {rank, matrix.shape[1]}, init::kaiming_uniform());
    matrix.change->up = &parameter(layer + ".lora_B.weight", {matrix.shape[0], rank}, init::zeros());
    changes_.push_back(matrix.change);
  }
  PF_CHECK(!changes_.empty(), InvalidRequest, "lora", "no linear layer of the model has a name with ", join(parts, " or "));
}

Lora::~Lora() {
  for (LowRank* change : changes_) *change = {};
}

void add_lora(std::map<std::string, Tensor>& weights, const std::map<std::string, Tensor>& lora, double scale,
              const std::string& file, const std::string& prefix) {
  std::vector<std::string> problems;
  std::map<std::string, Change> changes;
  for (const auto& [name, tensor] : lora) {
    if (!take(name, tensor, changes)) problems.push_back(concat("\"", name, "\" is no part of a low-rank change"));
  }
  const std::map<std::string, std::string> matrices = matrices_by_name(weights, prefix);
  for (const auto& [layer, change] : changes) {
    const auto matrix = matrices.find(layer);
    const std::string problem =
        matrix == matrices.end() ? "the model has no such layer" : misfit(change, weights.at(matrix->second));
    if (!problem.empty()) problems.push_back(concat("\"", layer, "\": ", problem));
  }
  PF_CHECK(problems.empty() && !changes.empty(), CheckpointError, "lora", file, ": ", problems.size(),
           " tensors do not fit the model; is it a LoRA of another one?\n  ", join(problems, "\n  "));
  for (const auto& [layer, change] : changes) {
    const std::string& name = matrices.at(layer);
    const auto own_scale = weights.find(scale_name(name));
    Tensor& matrix = weights.at(name);
    matrix = changed({matrix, own_scale == weights.end() ? Tensor() : own_scale->second}, change, scale);
    if (own_scale != weights.end()) weights.erase(own_scale);
  }
}

}  // namespace phonofilm::nn

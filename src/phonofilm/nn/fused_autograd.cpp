// The one file of nn/ that needs LibTorch's custom autograd, whose headers cost half a minute of compile time.
#include <torch/csrc/autograd/custom_function.h>

#include <ATen/ops/bmm.h>

#include "phonofilm/base/error.h"
#include "phonofilm/nn/fused.h"
#include "phonofilm/nn/fused_launch.h"
#include "phonofilm/nn/kernels/matrix_unit.h"

namespace phonofilm::nn::fused {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Function::apply takes tensors that may be undefined as optionals only.
using MaybeTensor = std::optional<Tensor>;
MaybeTensor maybe(const Tensor& t) { return t.defined() ? MaybeTensor(t) : std::nullopt; }

Tensor rows_as_float(const Tensor& rows) { return rows.to(at::kFloat).contiguous(); }

// Rows may be slices of longer ones (queries within QKV), but the elements of a row must be adjacent.
Tensor adjacent(const Tensor& x) { return x.stride(-1) == 1 ? x : x.contiguous(); }

void remember_type(AutogradContext* context, const char* name, const Tensor& t) {
  context->saved_data[name] = std::int64_t(t.scalar_type());
}
Tensor in_type_of(AutogradContext* context, const char* name, const Tensor& gradient) {
  return gradient.to(at::ScalarType(context->saved_data[name].toInt()));
}

// As int32 with values that are safe to index with.
Tensor checked_rows(const Tensor& row_of_token, std::int64_t rows, const char* where) {
  if (!row_of_token.defined()) return row_of_token;
  const Tensor result = row_of_token.to(at::kInt).contiguous();
  const std::int32_t* data = result.const_data_ptr<std::int32_t>();
  for (std::int64_t l = 0; l < result.numel(); ++l) {
    PF_CHECK(data[l] >= 0 && data[l] < rows, ShapeError, where, "row_of_token[", l, "]: expected 0 to ", rows - 1,
             ", got ", data[l]);
  }
  return result;
}

struct ModulatedNormFunction : Function<ModulatedNormFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& shift, const Tensor& scale,
                        const MaybeTensor& row_of_token, at::ScalarType dtype) {
    const Tensor wide_scale = rows_as_float(scale), rows = row_of_token.value_or(Tensor());
    context->save_for_backward({x, wide_scale, rows});
    remember_type(context, "shift", shift);
    remember_type(context, "scale", scale);
    return launch::modulated_norm(x, rows_as_float(shift), wide_scale, rows, dtype);
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const auto d = launch::modulated_norm_backward(saved[0], saved[1], saved[2], grads[0].contiguous());
    return {d.x, in_type_of(context, "shift", d.shift), in_type_of(context, "scale", d.scale), {}, {}};
  }
};

struct GatedResidualFunction : Function<GatedResidualFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& y, const Tensor& gate,
                        const MaybeTensor& row_of_token) {
    const Tensor wide_gate = rows_as_float(gate), rows = row_of_token.value_or(Tensor());
    context->save_for_backward({y, wide_gate, rows});
    remember_type(context, "gate", gate);
    return launch::gated_residual(x, y, wide_gate, rows);
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const auto d = launch::gated_residual_backward(saved[0], saved[1], saved[2], grads[0].contiguous());
    return {grads[0], d.y, in_type_of(context, "gate", d.gate), {}};
  }
};

struct NormRopeFunction : Function<NormRopeFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight, double eps, std::int64_t heads,
                        const MaybeTensor& cos, const MaybeTensor& sin) {
    const Tensor rows = adjacent(x);
    const launch::NormRope parameters{rows_as_float(weight), eps, heads,
                                      {cos.value_or(Tensor()), sin.value_or(Tensor())}};
    context->save_for_backward({rows, parameters.weight, parameters.pairs.cos, parameters.pairs.sin});
    context->saved_data["eps"] = eps;
    context->saved_data["heads"] = heads;
    remember_type(context, "weight", weight);
    return launch::norm_rope(rows, parameters);
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const launch::NormRope parameters{saved[1], context->saved_data["eps"].toDouble(),
                                      context->saved_data["heads"].toInt(), {saved[2], saved[3]}};
    const auto d = launch::norm_rope_backward(saved[0], parameters, grads[0].contiguous());
    return {d.x, in_type_of(context, "weight", d.weight), {}, {}, {}, {}};
  }
};

struct GeluFunction : Function<GeluFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x) {
    context->save_for_backward({x});
    return launch::gelu(x);
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    return {launch::gelu_backward(context->get_saved_variables()[0], grads[0].contiguous())};
  }
};

struct TiledAttentionFunction : Function<TiledAttentionFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& q, const Tensor& k, const Tensor& v) {
    const launch::AttentionInputs in{adjacent(q), adjacent(k), adjacent(v)};
    const Tensor normalisers = launch::normalisers_of(q), out = launch::tiled_attention(in, normalisers);
    context->save_for_backward({in.q, in.k, in.v, normalisers, out});
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const auto d = launch::tiled_attention_backward({saved[0], saved[1], saved[2]}, saved[3], saved[4],
                                                    adjacent(grads[0]));
    return {d.q, d.k, d.v};
  }
};

struct ProductAttentionFunction : Function<ProductAttentionFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& q, const Tensor& k, const Tensor& v) {
    const Tensor p = launch::probabilities(q, k);
    context->save_for_backward({q, k, v, p});
    return at::bmm(p, v);
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const auto d = launch::product_attention_backward({saved[0], saved[1], saved[2]}, saved[3], grads[0].contiguous());
    return {d.q, d.k, d.v};
  }
};

bool records(std::initializer_list<Tensor> inputs) {
  if (!at::GradMode::is_enabled()) return false;
  return std::any_of(inputs.begin(), inputs.end(), [](const Tensor& t) { return t.requires_grad(); });
}

}  // namespace

bool accepts(const Tensor& x) {
  return x.is_cpu() && x.layout() == at::kStrided && x.numel() > 0 &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

Tensor modulated_norm(const Tensor& x, const Tensor& shift, const Tensor& scale, const Tensor& row_of_token,
                      at::ScalarType dtype) {
  const Tensor rows = checked_rows(row_of_token, scale.size(1), "nn.modulated_norm"), input = x.contiguous();
  if (records({x, shift, scale})) return ModulatedNormFunction::apply(input, shift, scale, maybe(rows), dtype);
  return launch::modulated_norm(input, rows_as_float(shift), rows_as_float(scale), rows, dtype);
}

Tensor gated_residual(const Tensor& x, const Tensor& y, const Tensor& gate, const Tensor& row_of_token) {
  const Tensor rows = checked_rows(row_of_token, gate.size(1), "nn.gated_residual");
  const Tensor stream = x.contiguous(), update = y.contiguous();
  if (records({x, y, gate})) return GatedResidualFunction::apply(stream, update, gate, maybe(rows));
  return launch::gated_residual(stream, update, rows_as_float(gate), rows);
}

Tensor rms_norm_rope(const Tensor& x, const Tensor& weight, double eps, std::int64_t heads, const RopeTable* rope) {
  const RopeTable pairs = launch::doubled(rope);
  if (records({x, weight})) {
    return NormRopeFunction::apply(x, weight, eps, heads, maybe(pairs.cos), maybe(pairs.sin));
  }
  return launch::norm_rope(adjacent(x), {rows_as_float(weight), eps, heads, pairs});
}

Tensor gelu_tanh(const Tensor& x) {
  const Tensor input = x.contiguous();
  return records({x}) ? Tensor(GeluFunction::apply(input)) : launch::gelu(input);
}

Tensor tiled_attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  if (records({q, k, v})) return TiledAttentionFunction::apply(q, k, v);
  return launch::tiled_attention({adjacent(q), adjacent(k), adjacent(v)}, launch::normalisers_of(q));
}

Tensor product_attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  const Tensor heads_q = q.flatten(0, 1).contiguous(), heads_k = k.flatten(0, 1).contiguous();
  const Tensor heads_v = v.flatten(0, 1).contiguous();
  const Tensor result = records({q, k, v}) ? Tensor(ProductAttentionFunction::apply(heads_q, heads_k, heads_v))
                                           : at::bmm(launch::probabilities(heads_q, heads_k), heads_v);
  return result.view({q.size(0), q.size(1), q.size(2), v.size(3)});
}

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  return kernels::matrix_unit_available() ? tiled_attention(q, k, v) : product_attention(q, k, v);
}

}  // namespace phonofilm::nn::fused

#include "phonofilm/nn/module.h"

#include <cmath>
#include <set>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::nn {

namespace init {

namespace {
std::int64_t fan_in(const Tensor& weight) { return weight.numel() / weight.size(0); }
}  // namespace

Init zeros() {
  return [](Tensor& p, at::Generator&) { p.zero_(); };
}
Init ones() {
  return [](Tensor& p, at::Generator&) { p.fill_(1); };
}
Init normal(double std) {
  return [std](Tensor& p, at::Generator& generator) { p.normal_(0, std, generator); };
}
Init xavier_uniform() {
  return [](Tensor& p, at::Generator& generator) {
    const double bound = std::sqrt(6.0 / double(fan_in(p) + p.size(0)));
    p.uniform_(-bound, bound, generator);
  };
}
Init kaiming_uniform(double gain) {
  return [gain](Tensor& p, at::Generator& generator) {
    const double bound = gain * std::sqrt(3.0 / double(fan_in(p)));
    p.uniform_(-bound, bound, generator);
  };
}

}  // namespace init

Module::Module(Module& parent, const std::string& name) { parent.add_child(name, *this); }

void Module::add_child(const std::string& name, Module& child) { slots_.push_back({name, &child, nullptr, {}}); }

Tensor& Module::parameter(const std::string& name, const Shape& shape, Init init) {
  auto value = std::make_unique<Tensor>();
  Tensor& reference = *value;
  slots_.push_back({name, nullptr, std::move(value), {name, shape, std::move(init), &reference, nullptr, nullptr}});
  return reference;
}

Tensor& Module::scale_of_last() {
  Parameter& last = slots_.back().parameter;
  last.scale = std::make_unique<Tensor>();
  last.change = std::make_unique<LowRank>();
  return *last.scale;
}

const LowRank& Module::change_of_last() const { return *slots_.back().parameter.change; }

void Module::Parameter::store(const Stored& kept) {
  *value = kept.values;
  if (scale != nullptr) *scale = kept.scale;
}

void Module::visit(const std::string& prefix, const std::function<void(const std::string&, Parameter&)>& visitor) {
  for (Slot& slot : slots_) {
    if (slot.child != nullptr) {
      slot.child->visit(prefix + slot.name + ".", visitor);
    } else {
      visitor(prefix + slot.name, slot.parameter);
    }
  }
}

Module::NamedTensors Module::named_parameters() const {
  NamedTensors result;
  const_cast<Module*>(this)->visit("", [&](const std::string& name, Parameter& p) { result.emplace_back(name, *p.value); });
  return result;
}

std::vector<Module::Declaration> Module::declarations() const {
  std::vector<Declaration> result;
  const_cast<Module*>(this)->visit("", [&](const std::string& name, Parameter& p) { result.push_back({name, p.shape, p.init}); });
  return result;
}

std::vector<Module::Matrix> Module::matrices() {
  std::vector<Matrix> result;
  visit("", [&](const std::string& name, Parameter& p) {
    if (p.change != nullptr) result.push_back({name, p.shape, p.change.get()});
  });
  return result;
}

std::int64_t Module::parameter_count() const {
  std::int64_t count = 0;
  const_cast<Module*>(this)->visit("", [&](const std::string&, Parameter& p) { count += c10::multiply_integers(p.shape); });
  return count;
}

void Module::initialise(std::uint64_t seed) {
  at::Generator generator = make_generator(seed);
  visit("", [&](const std::string&, Parameter& p) {
    p.store({at::empty(p.shape, at::kFloat), {}});
    p.init(*p.value, generator);
  });
}

std::vector<std::string> Module::misfits(const std::map<std::string, Tensor>& tensors, const std::string& prefix) const {
  std::vector<std::string> problems;
  std::set<std::string> used;
  const std::string marker = prefix + "scaled_fp8";
  const bool marked = tensors.contains(marker);
  const_cast<Module*>(this)->visit(prefix, [&](const std::string& name, const Parameter& p) {
    const auto found = tensors.find(name), scale = p.scale == nullptr ? tensors.end() : tensors.find(scale_name(name));
    if (scale != tensors.end()) used.insert({scale->first, marker});
    if (!used.insert(name).second) {
      problems.push_back(concat("\"", name, "\" is declared twice by the model"));
    } else if (found == tensors.end()) {
      problems.push_back(concat("missing \"", name, "\" ", shape_text(p.shape)));
    } else if (found->second.sizes() != at::IntArrayRef(p.shape)) {
      problems.push_back(concat("\"", name, "\": expected ", shape_text(p.shape), ", got ", shape_text(found->second.sizes())));
    } else {
      const Tensor* own_scale = scale == tensors.end() ? nullptr : &scale->second;
      const std::string problem = storage_misfit(found->second, own_scale, p.scale != nullptr, marked);
      if (!problem.empty()) problems.push_back(concat("\"", name, "\": ", problem));
    }
  });
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with(prefix) && !used.contains(name)) problems.push_back(concat("unexpected \"", name, "\""));
  }
  return problems;
}

void Module::load(std::map<std::string, Tensor> tensors, const std::string& file, const std::string& prefix,
                  const Storage& storage) {
  const std::vector<std::string> problems = misfits(tensors, prefix);
  PF_CHECK(problems.empty(), CheckpointError, "load", file, ": ", problems.size(), " tensors do not fit the model:\n  ",
           join(problems, "\n  "));
  visit(prefix, [&](const std::string& name, Parameter& p) {
    Stored source{std::move(tensors.extract(name).mapped()), {}};  // dropped as soon as it is converted
    if (p.scale != nullptr && tensors.contains(scale_name(name))) source.scale = tensors.extract(scale_name(name)).mapped();
    p.store(keep(std::move(source), p.scale != nullptr, storage, concat(file, ": ", name)));
  });
}

std::map<std::string, Tensor> Module::state_dict(const std::string& prefix) const {
  std::map<std::string, Tensor> result;
  const_cast<Module*>(this)->visit(prefix, [&](const std::string& name, const Parameter& p) {
    result[name] = p.value->detach();
    if (p.stored().scale.defined()) result[scale_name(name)] = *p.scale;
  });
  return result;
}

void Module::convert(at::ScalarType dtype) {
  visit("", [&](const std::string&, Parameter& p) { p.store({dequantise({p.value->detach(), p.stored().scale}, dtype), {}}); });
}

void Module::require_grad(bool on) {
  visit("", [&](const std::string& name, Parameter& p) {
    PF_CHECK(!on || !p.stored().eight_bit(), InvalidRequest, "train", name,
             " is stored in 8 bits and cannot be trained; load the model as float32");
    if (on) *p.value = p.value->detach().clone();  // a loaded value may be a view of a file, which cannot be written to
    p.value->requires_grad_(on);
  });
}

std::vector<Tensor*> Module::bound() {
  std::vector<Tensor*> result;
  visit("", [&](const std::string&, Parameter& p) {
    result.push_back(p.value);
    if (p.stored().scale.defined()) result.push_back(p.scale.get());
  });
  return result;
}

std::vector<Tensor> Module::values() const {
  std::vector<Tensor> result;
  for (const Tensor* tensor : const_cast<Module*>(this)->bound()) result.push_back(*tensor);
  return result;
}

void Module::bind(const std::vector<Tensor>& values) {
  const std::vector<Tensor*> own = bound();
  PF_CHECK(values.size() == own.size(), ShapeError, "bind", "expected ", own.size(), " tensors, got ", values.size());
  for (size_t i = 0; i < own.size(); ++i) {
    const bool fits = values[i].sizes() == own[i]->sizes() && values[i].scalar_type() == own[i]->scalar_type();
    PF_CHECK(fits, ShapeError, "bind", "tensor ", i, ": expected ", shape_text(own[i]->sizes()), " ", own[i]->scalar_type(),
             ", got ", shape_text(values[i].sizes()), " ", values[i].scalar_type());
  }
  for (size_t i = 0; i < own.size(); ++i) *own[i] = values[i];
}

}  // namespace phonofilm::nn

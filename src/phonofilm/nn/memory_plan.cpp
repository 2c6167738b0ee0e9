#include "phonofilm/nn/memory_plan.h"

#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <limits>
#include <set>

#include "phonofilm/base/error.h"
#include "phonofilm/base/text.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::nn {
namespace {

std::uint64_t bytes_of(const std::vector<Tensor>& tensors) {
  std::uint64_t bytes = 0;
  for (const Tensor& tensor : tensors) bytes += tensor.nbytes();
  return bytes;
}

std::uint64_t free_memory(at::Device device) {
  if (device.is_cpu()) return std::numeric_limits<std::uint64_t>::max();
  const at::DeviceIndex index = device.has_index() ? device.index() : at::DeviceIndex(0);
  return at::getDeviceAllocator(device.type())->getMemoryInfo(index).first;
}

// Moves all weights but those of the blocks.
void move_rest(Module& model, const BlockModules& blocks, at::Device device) {
  std::set<const void*> streamed;
  for (const auto& modules : blocks) {
    for (const Module* module : modules) {
      for (const Tensor& tensor : module->values()) streamed.insert(tensor.unsafeGetTensorImpl());
    }
  }
  std::vector<Tensor> weights = model.values();
  for (Tensor& tensor : weights) {
    if (!streamed.contains(tensor.unsafeGetTensorImpl())) tensor = tensor.to(device);
  }
  model.bind(weights);
}

}  // namespace

MemoryMode parse_memory_mode(std::string_view name) {
  const std::vector<std::string> known{"auto", "resident", "stream"};
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (name == known[i]) return MemoryMode(i);
  }
  throw InvalidRequest("memory", concat("unknown plan '", name, "'", did_you_mean(name, known), "; there are ",
                                        join(known, ", ")));
}

MemoryPlan resident_plan(const Module& model) { return {MemoryMode::resident, bytes_of(model.values()), 0, 0}; }

MemoryPlan stream_plan(const Module& model, const BlockModules& blocks, std::size_t buffers) {
  MemoryPlan plan{MemoryMode::stream, bytes_of(model.values()), 0, 0};
  std::uint64_t largest = 0;
  for (const auto& modules : blocks) {
    std::uint64_t bytes = 0;
    for (const Module* module : modules) {
      plan.streamed += bytes_of(module->values());
      bytes += buffer_bytes(module->values());
    }
    largest = std::max(largest, bytes);
  }
  plan.resident -= plan.streamed;
  plan.buffers = buffers * largest;
  return plan;
}

MemoryPlan choose_plan(const Module& model, const BlockModules& blocks, const MemoryOptions& options, std::uint64_t free_bytes) {
  const MemoryPlan resident = resident_plan(model), stream = stream_plan(model, blocks, options.buffers);
  if (options.device.is_cpu()) return options.mode == MemoryMode::stream ? stream : resident;
  const auto fits = [&](const MemoryPlan& plan) {
    return free_bytes >= options.reserve && plan.on_device() <= free_bytes - options.reserve;
  };
  if (options.mode == MemoryMode::resident || (options.mode == MemoryMode::automatic && fits(resident))) return resident;
  PF_CHECK(options.mode == MemoryMode::stream || fits(stream), ResourceError, "memory", options.device.str(), " has ",
           human_bytes(double(free_bytes)), " free, but ", describe(stream), " and ", human_bytes(double(options.reserve)),
           " for everything else are needed; smaller weights (float8 or int8) may fit");
  return stream;
}

std::string describe(const MemoryPlan& plan) {
  const std::string resident = human_bytes(double(plan.resident)) + " of weights on the device";
  if (plan.mode != MemoryMode::stream) return resident;
  return concat(resident, ", ", human_bytes(double(plan.buffers)), " of buffers, ", human_bytes(double(plan.streamed)),
                " streamed in every pass");
}

Placement place_weights(Module& model, const BlockModules& blocks, const MemoryOptions& options) {
  Placement placement{choose_plan(model, blocks, options, free_memory(options.device)), nullptr};
  const bool stream = placement.plan.mode == MemoryMode::stream;
  move_rest(model, stream ? blocks : BlockModules(), options.device);
  if (stream) {
    placement.runner = std::make_unique<StreamingRunner>(blocks, make_transfer(options.device, options.buffers), options.buffers);
  } else {
    placement.runner = std::make_unique<PlainRunner>();
  }
  return placement;
}

}  // namespace phonofilm::nn

// Where the weights of a model of blocks lie while it runs: all of them on the device, or the blocks streamed to it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "phonofilm/nn/streaming_runner.h"

namespace phonofilm::nn {

enum class MemoryMode {
  automatic,  // resident where it fits; on the CPU always: weights of a mapped file cost no memory that cannot be reclaimed
  resident,
  stream
};

// "auto", "resident" or "stream"; throws InvalidRequest for anything else.
MemoryMode parse_memory_mode(std::string_view name);

struct MemoryOptions {
  MemoryMode mode = MemoryMode::automatic;
  at::Device device = at::kCPU;
  // Bytes of the device that weights leave to everything else. 4 GiB is an estimate for Ovi at 720x720 and five seconds: its
  // activations take about 1.5 GB, the allocator's fragments and the library's workspaces the rest.
  std::uint64_t reserve = std::uint64_t(4) << 30;
  std::size_t buffers = 2;
};

// Bytes of weights.
struct MemoryPlan {
  MemoryMode mode = MemoryMode::resident;  // never automatic
  std::uint64_t resident = 0;              // on the device all the time
  std::uint64_t streamed = 0;              // copied to it by every pass through all blocks
  std::uint64_t buffers = 0;               // of all buffers together

  std::uint64_t on_device() const { return resident + buffers; }
};

// What a loaded model (Module::load with kStoredDtype from a mapped file is enough) needs in a mode.
MemoryPlan resident_plan(const Module& model);
MemoryPlan stream_plan(const Module& model, const BlockModules& blocks, std::size_t buffers);

// The plan that `options` ask for. free_bytes: of the device. Throws ResourceError if, where it may
// choose, not even streaming fits; what is asked for by name is tried.
MemoryPlan choose_plan(const Module& model, const BlockModules& blocks, const MemoryOptions& options, std::uint64_t free_bytes);

// "21.7 GB of weights on the device", "1.3 GB of weights on the device, 1.4 GB of buffers, 20.4 GB streamed in every pass"
std::string describe(const MemoryPlan& plan);

struct Placement {
  MemoryPlan plan;
  std::unique_ptr<BlockRunner> runner;  // to be given to every pass through the blocks; the model outlives it
};

// Chooses a plan from what the device has free, moves the weights that stay there, and makes the runner for the blocks.
Placement place_weights(Module& model, const BlockModules& blocks, const MemoryOptions& options);

}  // namespace phonofilm::nn

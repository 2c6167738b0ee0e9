// Runs a model whose blocks do not fit on the device: the weights of a block are copied into one of a few buffers while the
// blocks before it compute, and the parameters point at the buffer for as long as the block runs.
#pragma once

#include <future>
#include <memory>
#include <mutex>
#include <vector>

#include "phonofilm/nn/block_runner.h"
#include "phonofilm/nn/module.h"
#include "phonofilm/nn/transfer.h"

namespace phonofilm::nn {

// Between runs all parameters are where they were, or, where the transfer makes its own copies (Transfer::home), there.
// run() may be called from several threads; blocks then run one at a time. An error while weights are fetched is thrown by
// the run of the block that needs them, and fetched anew if it is run again. For inference only: a backward pass would
// find other weights in the buffers, and LibTorch refuses it.
class StreamingRunner : public BlockRunner {
 public:
  // The modules are loaded and outlive the runner. buffers: at least 2; every one above 2 fetches one block further ahead.
  StreamingRunner(BlockModules blocks, std::unique_ptr<Transfer> transfer, std::size_t buffers = 2);
  // Waits for a fetch that is under way.
  ~StreamingRunner() override;
  StreamingRunner(const StreamingRunner&) = delete;
  StreamingRunner& operator=(const StreamingRunner&) = delete;

  // Without it, every block is expected to run after the one before, and the first one after the last.
  void announce(const std::vector<std::int64_t>& order) const override;
  BlockState run(std::int64_t index, const BlockFn& block, const BlockState& state) const override;

 private:
  struct Buffer {
    Tensor bytes;
    std::int64_t block = -1;      // whose weights it holds, or will when filled
    std::vector<Tensor> weights;  // views of bytes
    std::future<void> filled;     // no longer valid once waited for
  };
  std::vector<std::int64_t> upcoming(std::int64_t index) const;
  std::size_t fetch(std::int64_t block, const std::vector<std::int64_t>& wanted) const;
  void wait_for(Buffer& buffer) const;
  void bind(std::int64_t block, const std::vector<Tensor>& weights) const;

  BlockModules blocks_;
  std::vector<std::vector<Tensor>> home_;  // the weights of every block where fetches find them
  std::unique_ptr<Transfer> transfer_;
  mutable std::mutex mutex_;  // guards all below, and the parameters of the blocks
  mutable std::vector<std::int64_t> order_;
  mutable std::vector<Buffer> buffers_;  // destroyed, and waited for, before the transfer
};

// Bytes that a buffer needs for these tensors.
std::uint64_t buffer_bytes(const std::vector<Tensor>& tensors);

}  // namespace phonofilm::nn

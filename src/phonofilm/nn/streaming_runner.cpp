#include "phonofilm/nn/streaming_runner.h"

#include <algorithm>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::nn {
namespace {

std::vector<Tensor> weights_of(const std::vector<Module*>& modules) {
  std::vector<Tensor> all;
  for (const Module* module : modules) {
    for (const Tensor& tensor : module->values()) all.push_back(tensor);
  }
  return all;
}

// Views of a buffer that look like the tensors of `like`.
std::vector<Tensor> carve(const Tensor& bytes, const std::vector<Tensor>& like) {
  std::vector<Tensor> views;
  std::uint64_t offset = 0;
  for (const Tensor& tensor : like) {
    views.push_back(view_in_buffer(bytes, offset, tensor));
    offset += bytes_in_buffer(tensor);
  }
  return views;
}

bool contains(const std::vector<std::int64_t>& list, std::int64_t value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

std::uint64_t buffer_bytes(const std::vector<Tensor>& tensors) {
  std::uint64_t bytes = 0;
  for (const Tensor& tensor : tensors) bytes += bytes_in_buffer(tensor);
  return bytes;
}

StreamingRunner::StreamingRunner(BlockModules blocks, std::unique_ptr<Transfer> transfer, std::size_t buffers)
    : blocks_(std::move(blocks)), transfer_(std::move(transfer)), buffers_(buffers) {
  PF_CHECK(buffers >= 2, InvalidRequest, "stream", "expected at least 2 buffers, got ", buffers);
  const c10::InferenceMode normal_tensors(false);  // so that any thread may write to the buffers
  std::uint64_t largest = 0;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    std::vector<Tensor> weights = weights_of(blocks_[i]);
    for (Tensor& tensor : weights) tensor = transfer_->home(tensor);
    largest = std::max(largest, buffer_bytes(weights));
    bind(std::int64_t(i), weights);  // lets the source go where home() has made a copy
    home_.push_back(std::move(weights));
    order_.push_back(std::int64_t(i));
  }
  for (Buffer& buffer : buffers_) {
    buffer.bytes = at::empty({std::int64_t(largest)}, at::TensorOptions(at::kByte).device(transfer_->device()));
  }
}

StreamingRunner::~StreamingRunner() {
  for (const Buffer& buffer : buffers_) {
    if (buffer.filled.valid()) buffer.filled.wait();
  }
  transfer_.reset();  // and for copies that a device still makes
}

void StreamingRunner::announce(const std::vector<std::int64_t>& order) const {
  const std::lock_guard lock(mutex_);
  order_ = order;
}

// Block `index` and those that will probably follow it, as many as there are buffers.
std::vector<std::int64_t> StreamingRunner::upcoming(std::int64_t index) const {
  std::vector<std::int64_t> wanted{index};
  auto place = std::find(order_.begin(), order_.end(), index);
  while (place != order_.end() && wanted.size() < buffers_.size()) {
    if (++place == order_.end()) place = order_.begin();
    if (contains(wanted, *place)) break;
    wanted.push_back(*place);
  }
  return wanted;
}

// The buffer that holds or will hold a block; starts to fill one that holds none of `wanted` if there is none.
std::size_t StreamingRunner::fetch(std::int64_t block, const std::vector<std::int64_t>& wanted) const {
  std::size_t free = 0;
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    if (buffers_[i].block == block) return i;
    if (!contains(wanted, buffers_[i].block)) free = i;  // there is one: no more blocks are wanted than there are buffers
  }
  Buffer& buffer = buffers_[free];
  if (buffer.filled.valid()) buffer.filled.wait();  // with the weights of a block that was not run after all
  buffer.block = -1;
  buffer.weights = carve(buffer.bytes, home_[std::size_t(block)]);
  buffer.filled = std::async(std::launch::async, [this, free, to = buffer.weights, &from = home_[std::size_t(block)]] {
    const c10::InferenceMode guard;  // what is bound for autograd elsewhere does not matter to a copy
    transfer_->fill(free, to, from);
  });
  buffer.block = block;
  return free;
}

void StreamingRunner::wait_for(Buffer& buffer) const {
  if (!buffer.filled.valid()) return;
  try {
    buffer.filled.get();
  } catch (...) {
    buffer.block = -1;  // fetched anew if it is asked for again
    throw;
  }
}

void StreamingRunner::bind(std::int64_t block, const std::vector<Tensor>& weights) const {
  auto first = weights.begin();
  for (Module* module : blocks_[std::size_t(block)]) {
    const auto last = first + std::ptrdiff_t(module->values().size());
    module->bind({first, last});
    first = last;
  }
}

BlockState StreamingRunner::run(std::int64_t index, const BlockFn& block, const BlockState& state) const {
  const std::lock_guard one_at_a_time(mutex_);
  PF_CHECK(index >= 0 && index < std::int64_t(blocks_.size()), InvalidRequest, "stream", "block ", index, " of a model of ",
           blocks_.size());
  const std::vector<std::int64_t> wanted = upcoming(index);
  const std::size_t own = fetch(index, wanted);
  wait_for(buffers_[own]);
  for (const std::int64_t next : wanted) fetch(next, wanted);  // beside the computation
  transfer_->acquire(own);
  bind(index, buffers_[own].weights);
  BlockState after;
  std::exception_ptr failure;
  try {
    after = block(state);
  } catch (...) {
    failure = std::current_exception();
  }
  bind(index, home_[std::size_t(index)]);
  transfer_->release(own);
  if (failure) std::rethrow_exception(failure);
  return after;
}

}  // namespace phonofilm::nn

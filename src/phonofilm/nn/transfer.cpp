#include "phonofilm/nn/transfer.h"

#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <cstring>

#include "phonofilm/tensor/ops.h"

namespace phonofilm::nn {
namespace {

constexpr std::uint64_t kAlignment = 256;

class HostTransfer : public Transfer {
 public:
  at::Device device() const override { return at::kCPU; }
  Tensor home(const Tensor& source) override { return source; }
  // Not Tensor::copy_, which would wake a second team of threads beside the computing one.
  void fill(std::size_t, const std::vector<Tensor>& to, const std::vector<Tensor>& from) override {
    for (std::size_t i = 0; i < to.size(); ++i) {
      if (from[i].nbytes() > 0) std::memcpy(to[i].mutable_data_ptr(), from[i].const_data_ptr(), from[i].nbytes());
    }
  }
  void acquire(std::size_t) override {}
  void release(std::size_t) override {}
};

// Events order the two streams, so that neither thread waits for the device. An event that was never recorded blocks nothing.
class StreamTransfer : public Transfer {
 public:
  StreamTransfer(at::Device device, std::size_t buffers)
      : device_(device), streams_(device.type()), copies_(streams_.getStreamFromGlobalPool(device)) {
    for (std::size_t i = 0; i < buffers; ++i) {
      filled_.emplace_back(device.type());
      released_.emplace_back(device.type());
    }
  }
  // The buffers and the pinned sources must not be freed below a copy.
  ~StreamTransfer() override { copies_.synchronize(); }

  at::Device device() const override { return device_; }
  Tensor home(const Tensor& source) override {
    if (source.is_pinned()) return source;
    const std::uint64_t size = bytes_in_buffer(source);
    if (!pinned_.defined() || used_ + size > pinned_.nbytes()) {
      pinned_ = at::empty({std::int64_t(std::max(kPinnedBytes, size))}, at::TensorOptions(at::kByte).pinned_memory(true));
      used_ = 0;
    }
    const Tensor copy = view_in_buffer(pinned_, used_, source);
    used_ += size;
    return copy.copy_(source);
  }

  void fill(std::size_t index, const std::vector<Tensor>& to, const std::vector<Tensor>& from) override {
    const c10::StreamGuard on_copies(copies_);
    released_[index].block(copies_);
    for (std::size_t i = 0; i < to.size(); ++i) to[i].copy_(from[i], /*non_blocking=*/true);
    filled_[index].record(copies_);
  }
  void acquire(std::size_t index) override { filled_[index].block(streams_.getStream(device_)); }
  void release(std::size_t index) override { released_[index].record(streams_.getStream(device_)); }

 private:
  at::Device device_;
  c10::impl::VirtualGuardImpl streams_;
  c10::Stream copies_;
  std::vector<c10::Event> filled_, released_;

  // LibTorch rounds each piece of pinned memory up to a power of two, up to doubling it: many tensors share one piece.
  static constexpr std::uint64_t kPinnedBytes = std::uint64_t(1) << 30;
  Tensor pinned_;
  std::uint64_t used_ = 0;
};

}  // namespace

std::unique_ptr<Transfer> make_transfer(at::Device device, std::size_t buffers) {
  if (device.is_cpu()) return std::make_unique<HostTransfer>();
  return std::make_unique<StreamTransfer>(device, buffers);
}

std::uint64_t bytes_in_buffer(const Tensor& tensor) { return (tensor.nbytes() + kAlignment - 1) / kAlignment * kAlignment; }

Tensor view_in_buffer(const Tensor& bytes, std::uint64_t offset, const Tensor& like) {
  const Tensor piece = bytes.narrow(0, std::int64_t(offset), std::int64_t(like.nbytes()));
  return piece.view(like.scalar_type()).view(like.sizes());
}

}  // namespace phonofilm::nn

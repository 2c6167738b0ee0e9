// How streamed weights reach the device that computes, beside the computation. See streaming_runner.h.
#pragma once

#include <memory>
#include <vector>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::nn {

// A few buffers are filled and read in turn. After a fill of a buffer comes its acquire and then its release, or, where the
// fill was in vain, the next fill. fill is called from another thread than the others, but never at the same time for the
// same buffer.
class Transfer {
 public:
  virtual ~Transfer() = default;
  virtual at::Device device() const = 0;
  // What fills are made from: `source`, or a copy of it where the device reads faster.
  virtual Tensor home(const Tensor& source) = 0;
  // Copies every tensor of `from` to its counterpart in `to`, which lie in buffer `index`. May return before it is done,
  // and must not write before the reads that were issued before the buffer's release are done.
  virtual void fill(std::size_t index, const std::vector<Tensor>& to, const std::vector<Tensor>& from) = 0;
  // Called on the computing thread: makes what is issued from now on see the fill.
  virtual void acquire(std::size_t index) = 0;
  // Called on the computing thread when all reads of the buffer have been issued.
  virtual void release(std::size_t index) = 0;
};

// For the CPU: plain copies (of mapped files: the filling thread waits for the disk, not the computing one).
// For other devices: sources in pinned memory, copies on a stream of their own, ordered by events.
std::unique_ptr<Transfer> make_transfer(at::Device device, std::size_t buffers);

// How tensors lie side by side in a buffer of bytes: each takes its size rounded up, so that the next one starts at an
// address that devices read fast; and what lies at `offset`, seen as a tensor like `like`.
std::uint64_t bytes_in_buffer(const Tensor& tensor);
Tensor view_in_buffer(const Tensor& bytes, std::uint64_t offset, const Tensor& like);

}  // namespace phonofilm::nn

// Counts the bytes of tensor memory that are alive, to test what loading costs.
#pragma once

#include <c10/core/Allocator.h>

#include <algorithm>

namespace phonofilm::test {

// Stands in for LibTorch's CPU allocator until the end of its scope, and must outlive the tensors that it counts. Views of
// mapped files are not allocated by it.
class MemoryMeter : public c10::Allocator {
 public:
  MemoryMeter() : inner_(c10::GetAllocator(c10::kCPU)) { c10::SetAllocator(c10::kCPU, this, kPriority); }
  ~MemoryMeter() override { c10::SetAllocator(c10::kCPU, inner_, kPriority); }
  MemoryMeter(const MemoryMeter&) = delete;
  MemoryMeter& operator=(const MemoryMeter&) = delete;

  std::size_t alive() const { return alive_; }
  std::size_t peak() const { return peak_; }
  void reset_peak() { peak_ = alive_; }

  c10::DataPtr allocate(std::size_t bytes) override {
    auto* block = new Block{inner_->allocate(bytes), bytes, this};  // owned by the DataPtr that is returned
    alive_ += bytes;
    peak_ = std::max(peak_, alive_);
    return {block->data.get(), block, &MemoryMeter::release, block->data.device()};
  }
  void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }

 private:
  static constexpr std::uint8_t kPriority = 100;
  struct Block {
    c10::DataPtr data;
    std::size_t bytes;
    MemoryMeter* meter;
  };
  static void release(void* context) {
    auto* block = static_cast<Block*>(context);
    block->meter->alive_ -= block->bytes;
    delete block;
  }
  c10::Allocator* inner_;
  std::size_t alive_ = 0, peak_ = 0;
};

}  // namespace phonofilm::test

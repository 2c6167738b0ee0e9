#include "weights/allocation_meter.h"

#include <doctest/doctest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

namespace {

std::atomic<std::size_t> alive_bytes{0}, peak_bytes{0};

void* counted(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  const std::size_t now = alive_bytes += malloc_usable_size(memory);
  std::size_t highest = peak_bytes;
  while (now > highest && !peak_bytes.compare_exchange_weak(highest, now)) {
  }
  return memory;
}

void* allocate(std::size_t bytes) { return counted(std::malloc(bytes > 0 ? bytes : 1)); }

void* allocate_aligned(std::size_t bytes, std::align_val_t alignment) {
  const std::size_t step = std::size_t(alignment);
  return counted(std::aligned_alloc(step, (bytes + step - 1) / step * step + (bytes == 0 ? step : 0)));
}

void release(void* memory) noexcept {
  if (memory != nullptr) alive_bytes -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

// All forms, because those of a sanitizer's own library would not go with these.
void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new[](std::size_t bytes) { return allocate(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) { return allocate_aligned(bytes, alignment); }
void* operator new[](std::size_t bytes, std::align_val_t alignment) { return allocate_aligned(bytes, alignment); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept try {
  return allocate(bytes);
} catch (const std::bad_alloc&) {
  return nullptr;
}
void* operator new[](std::size_t bytes, const std::nothrow_t& tag) noexcept { return operator new(bytes, tag); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { release(memory); }

namespace phonofilm::test {

std::size_t AllocationMeter::alive() { return alive_bytes; }
std::size_t AllocationMeter::peak() { return peak_bytes; }
void AllocationMeter::reset_peak() { peak_bytes = alive_bytes.load(); }

}  // namespace phonofilm::test

TEST_CASE("allocation meter: sees what is allocated and what is given back") {
  using phonofilm::test::AllocationMeter;
  const std::size_t before = AllocationMeter::alive();
  AllocationMeter::reset_peak();
  {
    const std::vector<char> block(1 << 20);
    CHECK(AllocationMeter::alive() >= before + block.size());
  }
  CHECK(AllocationMeter::alive() < before + (1 << 20));
  CHECK(AllocationMeter::peak() >= before + (1 << 20));
  AllocationMeter::reset_peak();
  CHECK(AllocationMeter::peak() == AllocationMeter::alive());
}

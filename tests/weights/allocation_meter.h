// Counts what the C++ allocator has handed out, to test that a file's claims alone cost no memory.
#pragma once

#include <cstddef>

namespace phonofilm::test {

// Bytes that operator new has given and operator delete has not taken back, in the whole test program (its replacements
// stand in allocation_meter_test.cpp; LibTorch and the standard library use them too).
class AllocationMeter {
 public:
  static std::size_t alive();
  // The most that was alive since the last reset_peak().
  static std::size_t peak();
  static void reset_peak();
};

}  // namespace phonofilm::test

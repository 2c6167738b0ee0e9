#include "phonofilm/nn/kernels/matrix_unit.h"

#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace phonofilm::nn::kernels {
namespace {

bool has_unit() {
  constexpr unsigned kTileBit = 1u << 24, kBf16Bit = 1u << 22;  // EDX of CPUID leaf 7
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kTileBit) != 0 && (d & kBf16Bit) != 0 &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bf16");
}

// Linux saves the tiles of a process only after it has asked for that.
bool ask_for_unit() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

bool matrix_unit_available() {
  static const bool available = compiled_for_matrix_unit() && has_unit() && ask_for_unit();
  return available;
}

}  // namespace phonofilm::nn::kernels

#else

bool phonofilm::nn::kernels::matrix_unit_available() { return false; }

#endif

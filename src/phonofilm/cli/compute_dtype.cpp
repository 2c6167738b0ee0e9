#include "phonofilm/cli/compute_dtype.h"

namespace phonofilm::cli {
namespace {

bool has_native_bfloat16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

}  // namespace

nn::RunContext run_context(const std::string& dtype) {
  const bool bfloat16 = dtype == "bfloat16" || (dtype == "auto" && has_native_bfloat16());
  return {bfloat16 ? at::kBFloat16 : at::kFloat, nn::AttentionBackend::fused};
}

}  // namespace phonofilm::cli

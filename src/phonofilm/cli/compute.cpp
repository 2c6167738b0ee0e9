#include "phonofilm/cli/compute.h"

#include <ATen/Parallel.h>

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
  if (!bfloat16) return {at::kFloat, nn::AttentionBackend::fused};
  return {at::kBFloat16, nn::AttentionBackend::explicit_};  // our own kernel is the faster one in bfloat16
}

void set_threads(std::int64_t asked, const families::ModelInfo& model) {
  const std::int64_t threads = asked > 0 ? asked : model.threads;
  if (threads > 0) at::set_num_threads(int(threads));
}

}  // namespace phonofilm::cli

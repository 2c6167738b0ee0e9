#include "phonofilm/families/nava/background.h"

#include <ATen/Parallel.h>

#include "phonofilm/tensor/ops.h"

namespace phonofilm::nava {

void run_as_thread(const std::function<void()>& work) {
  at::init_num_threads();  // the math library counts its threads per thread
  const at::NoGradGuard no_grad;
  work();
}

}  // namespace phonofilm::nava

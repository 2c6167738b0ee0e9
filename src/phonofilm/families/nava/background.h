// Small networks side by side: two that run on a core each beat one whose every operator is split in two.
#pragma once

#include <ATen/Parallel.h>

#include <future>

#include "phonofilm/tensor/ops.h"

namespace phonofilm::nava {

// Runs work() in a thread of its own, without gradients.
template <class Work>
auto in_background(Work work) {
  return std::async(std::launch::async, [work = std::move(work)] {
    at::init_num_threads();  // the math library counts its threads per thread
    const at::NoGradGuard no_grad;
    return work();
  });
}

}  // namespace phonofilm::nava

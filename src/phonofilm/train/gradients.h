// Loss and gradients of one step, computed on parts of the batch in parallel.
//
// On a CPU two threads that each take half a batch beat one loop whose every operator is split over two threads: they
// meet once per step instead of at every operator.
#pragma once

#include "phonofilm/train/task.h"

namespace phonofilm::train {

// Splits the batch along its first axis into `shards` parts (each tensor's first size must be a multiple), takes
// loss and gradients of each in its own thread, and sets every parameter's .grad to their mean, summed in the order
// of the shards: the result does not depend on which thread is faster. A parameter that the loss does not depend on,
// such as those of the picture in a batch of sound alone, has none. Returns the mean loss.
StepLoss compute_gradients(Task& task, const Batch& batch, std::uint64_t seed, std::int64_t step,
                           const nn::RunContext& run, const nn::Module::NamedTensors& parameters, std::int64_t shards);

}  // namespace phonofilm::train

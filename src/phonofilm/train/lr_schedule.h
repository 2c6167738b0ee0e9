// Learning rate over a run, as a factor of the recipe's rate. A pure function of the step, so that a resumed run
// follows the same curve.
#pragma once

#include "phonofilm/train/recipe.h"

namespace phonofilm::train {

double lr_factor(const ScheduleOptions& schedule, std::int64_t step, std::int64_t steps);

}  // namespace phonofilm::train

#include "phonofilm/train/lr_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace phonofilm::train {

double lr_factor(const ScheduleOptions& schedule, std::int64_t step, std::int64_t steps) {
  const double warm = schedule.warmup > 0 ? std::min(1.0, double(step + 1) / double(schedule.warmup)) : 1.0;
  const double position = double(step) / double(std::max<std::int64_t>(steps, 1));
  double left = 1;  // 1 at full rate, 0 at the end
  if (schedule.decay == "cosine") left = 0.5 * (1 + std::cos(std::numbers::pi * position));
  if (schedule.decay == "tail") left = std::clamp((1 - position) / std::max(schedule.tail, 1e-9), 0.0, 1.0);
  return warm * (schedule.final_factor + (1 - schedule.final_factor) * left);
}

}  // namespace phonofilm::train

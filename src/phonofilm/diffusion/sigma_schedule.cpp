#include "phonofilm/diffusion/sigma_schedule.h"

#include "phonofilm/base/error.h"

namespace phonofilm::diffusion {
namespace {

constexpr std::int64_t kMaxSteps = 10000;

void check(std::int64_t steps, double shift) {
  PF_CHECK(steps >= 1 && steps <= kMaxSteps, InvalidRequest, "schedule", "steps must be between 1 and ", kMaxSteps,
           ", got ", steps);
  PF_CHECK(shift > 0, InvalidRequest, "schedule", "shift must be positive, got ", shift);
}

// The first `steps` of steps + 1 evenly spaced values from `first` to `last`, shifted, and a final 0.
std::vector<double> shifted_grid(double first, double last, std::int64_t steps, double shift) {
  std::vector<double> sigmas;
  for (std::int64_t i = 0; i < steps; ++i) {
    sigmas.push_back(shift_sigma(first + (last - first) * double(i) / double(steps), shift));
  }
  sigmas.push_back(0);
  return sigmas;
}

}  // namespace

double shift_sigma(double sigma, double shift) { return shift * sigma / (1 + (shift - 1) * sigma); }

std::vector<double> linear_sigmas(std::int64_t steps, double shift) {
  check(steps, shift);
  return shifted_grid(1, 0, steps, shift);
}

std::vector<double> wan_unipc_sigmas(std::int64_t steps, double shift) {
  check(steps, shift);
  // The scheduler's constructor shifts its training grid, whose largest value is 0.999, in float32.
  const float s = float(shift), largest = 0.999f;
  return shifted_grid(double(s * largest / (1 + (s - 1) * largest)), 0, steps, shift);
}

std::vector<double> ovi_unipc_sigmas(std::int64_t steps, double shift) {
  check(steps, shift);
  return shifted_grid(0.999f, 0, steps, shift);
}

std::vector<double> ovi_euler_sigmas(std::int64_t steps, double shift) {
  check(steps, shift);
  const double smallest = shift_sigma(0.001, shift);
  std::vector<double> sigmas;
  for (std::int64_t i = 0; i < steps; ++i) {
    const double along = steps > 1 ? double(i) / double(steps - 1) : 0;
    sigmas.push_back(shift_sigma(1 + (smallest - 1) * along, shift));
  }
  sigmas.push_back(0);
  return sigmas;
}

std::vector<double> nava_euler_sigmas(std::int64_t steps, double shift) {
  check(steps, shift);
  return shifted_grid(1, 0.003 / 1.002, steps, shift);
}

std::int64_t wan_model_time(double sigma) { return std::int64_t(1000 * sigma); }

}  // namespace phonofilm::diffusion

// Sigma schedules: N + 1 noise levels from near 1 down to 0. All functions return the final 0 as their last element.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace phonofilm::diffusion {

// sigma' = shift * sigma / (1 + (shift - 1) * sigma): more steps at high noise for shift > 1 (Esser et al. 2024).
double shift_sigma(double sigma, double shift);

// linspace(1, 0, N + 1), shifted.
std::vector<double> linear_sigmas(std::int64_t steps, double shift);
// As FlowUniPCMultistepScheduler of Wan 2.2 computes them: the shift acts twice, in its constructor and on the grid.
std::vector<double> wan_unipc_sigmas(std::int64_t steps, double shift);
// As Ovi sets that scheduler up: the shift acts on the grid alone.
std::vector<double> ovi_unipc_sigmas(std::int64_t steps, double shift);
// As Ovi uses diffusers' FlowMatchEulerDiscreteScheduler: an even grid between the ends of its shifted training table,
// both included, is shifted again.
std::vector<double> ovi_euler_sigmas(std::int64_t steps, double shift);
// The timestep that the multistep schedulers give the model at a sigma: 1000 sigma, truncated.
std::int64_t wan_model_time(double sigma);
// NAVA's Euler grid: shifted linspace(1, 0.003 / 1.002, N + 1) without its last value, then 0.
std::vector<double> nava_euler_sigmas(std::int64_t steps, double shift);

}  // namespace phonofilm::diffusion

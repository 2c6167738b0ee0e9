#include "phonofilm/vocoders/bigvgan/anti_aliased.h"

#include <cmath>
#include <numbers>

#include "phonofilm/tensor/ops.h"
#include "phonofilm/vocoders/bigvgan/fused_snake.h"

namespace phonofilm::vocoders {
namespace {

constexpr std::int64_t kEdge = kSnakeTaps / 2 - 1;  // samples repeated at either end

// [B, C, T] -> [B, C, 2 T]: zeros between the samples, filtered; the factor 2 makes up for the zeros.
Tensor twice_as_dense(const Tensor& x, const Tensor& filter) {
  const std::int64_t channels = x.size(1), crop = 2 * kEdge + kSnakeTaps / 2 - 1;
  const Tensor padded = at::pad(x, {kEdge, kEdge}, "replicate");
  const Tensor dense = at::conv_transpose1d(padded, filter.expand({channels, 1, kSnakeTaps}), {}, /*stride=*/2,
                                            /*padding=*/0, /*output_padding=*/0, /*groups=*/channels);
  return dense.narrow(2, crop, 2 * x.size(2)) * 2;
}

// [B, C, 2 T] -> [B, C, T]
Tensor half_as_dense(const Tensor& x, const Tensor& filter) {
  const std::int64_t channels = x.size(1);
  const Tensor padded = at::pad(x, {kEdge, kEdge + 1}, "replicate");
  return at::conv1d(padded, filter.expand({channels, 1, kSnakeTaps}), {}, /*stride=*/2, /*padding=*/at::IntArrayRef{0},
                    /*dilation=*/1, /*groups=*/channels);
}

nn::Init low_pass_init() {
  return [](Tensor& p, at::Generator&) {
    p.copy_(kaiser_low_pass(kSnakeTaps, /*cutoff=*/0.25, /*half_width=*/0.3).view_as(p));
  };
}

}  // namespace

// float32 throughout: the phase exp(alpha) x runs over many turns.
Tensor anti_aliased_snake(const Tensor& x, const SnakeParameters& parameters) {
  const auto per_channel = [](const Tensor& p) { return at::exp(p.to(at::kFloat)).unsqueeze(-1); };
  const Tensor dense = twice_as_dense(x.to(at::kFloat), parameters.up.to(at::kFloat));
  const Tensor wave = at::sin(dense * per_channel(parameters.alpha));
  const Tensor bent = dense + wave.square() / (per_channel(parameters.beta) + 1e-9);
  return half_as_dense(bent, parameters.down.to(at::kFloat));
}

Tensor kaiser_low_pass(std::int64_t taps, double cutoff, double half_width) {
  constexpr double kPi = std::numbers::pi;
  const double attenuation = 2.285 * double(taps / 2 - 1) * kPi * 4 * half_width + 7.95;  // dB
  double beta = 0;
  if (attenuation > 50) {
    beta = 0.1102 * (attenuation - 8.7);
  } else if (attenuation >= 21) {
    beta = 0.5842 * std::pow(attenuation - 21, 0.4) + 0.07886 * (attenuation - 21);
  }
  Tensor filter = at::empty({taps}, at::kDouble);
  auto value = filter.accessor<double, 1>();
  for (std::int64_t i = 0; i < taps; ++i) {
    const double place = 2 * double(i) / double(taps - 1) - 1, time = double(i) + 0.5 - double(taps) / 2;
    const double window = std::cyl_bessel_i(0, beta * std::sqrt(1 - place * place)) / std::cyl_bessel_i(0, beta);
    value[i] = window * std::sin(2 * kPi * cutoff * time) / (kPi * time);
  }
  return (filter / filter.sum()).to(at::kFloat);
}

AntiAliasedSnake::AntiAliasedSnake(nn::Module& parent, const std::string& name, std::int64_t channels)
    : Module(parent, name),
      alpha_(parameter("act.alpha", {channels}, nn::init::zeros())),
      beta_(parameter("act.beta", {channels}, nn::init::zeros())),
      up_(parameter("upsample.filter", {1, 1, kSnakeTaps}, low_pass_init())),
      down_(parameter("downsample.lowpass.filter", {1, 1, kSnakeTaps}, low_pass_init())) {}

// The filters are constants of the network: no gradient goes to them.
SnakeParameters AntiAliasedSnake::parameters() const { return {alpha_, beta_, up_.detach(), down_.detach()}; }

Tensor AntiAliasedSnake::forward(const Tensor& x) const {
  const SnakeParameters p = parameters();
  const bool grad =
      at::GradMode::is_enabled() && (x.requires_grad() || p.alpha.requires_grad() || p.beta.requires_grad());
  return grad || !x.is_cpu() ? anti_aliased_snake(x, p) : fused_snake(x, p);
}

}  // namespace phonofilm::vocoders

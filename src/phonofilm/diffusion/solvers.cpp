#include "phonofilm/diffusion/solvers.h"

#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/base/random.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"

namespace phonofilm::diffusion {
namespace {

const std::string kOfPicture = "picture_", kOfSound = "sound_";  // before the names of a solver of two rules

double lambda(double sigma) { return std::log((1 - sigma) / sigma); }  // +inf at 0, -inf at 1

JointLatent data_prediction(const JointLatent& latent, const JointLatent& velocity, double sigma) {
  return map([&](const Tensor& x, const Tensor& v) { return x - sigma * v; }, latent, velocity);
}

// The exact step from sigma to next for a constant data prediction.
JointLatent first_order(const JointLatent& latent, const JointLatent& data, double sigma, double next) {
  // -alpha' expm1(-h) with h = lambda' - lambda, in a form that holds at sigma 1 and next 0 as well.
  const double of_data = (1 - next) - next / sigma * (1 - sigma);
  return map([&](const Tensor& x, const Tensor& m) { return (next / sigma) * x + of_data * m; }, latent, data);
}

// x + weight * (a - b)
JointLatent add_difference(const JointLatent& x, double weight, const JointLatent& a, const JointLatent& b) {
  return map([&](const Tensor& x_, const Tensor& a_, const Tensor& b_) { return x_ + weight * (a_ - b_); }, x, a, b);
}

bool is_there(const JointLatent& latent) { return latent.has_video() || latent.has_audio(); }

// The latents that are there, under their names.
SolverMemory remembered(const std::vector<std::pair<std::string, JointLatent>>& latents) {
  SolverMemory memory;
  for (const auto& [name, latent] : latents) {
    if (is_there(latent)) memory[name] = latent;
  }
  return memory;
}

// Puts what was remembered back in its places; what is missing stays undefined.
void put_back(const SolverMemory& memory, const std::map<std::string, JointLatent*>& places) {
  for (const auto& [name, latent] : memory) {
    const auto place = places.find(name);
    PF_CHECK(place != places.end(), InvalidRequest, "resume", "the saved latent has '", name,
             "' of another solver's memory");
    *place->second = latent;
  }
}

}  // namespace

JointLatent EulerSolver::step(std::int64_t i, const JointLatent& latent, const JointLatent& velocity) {
  const double h = sigmas_[size_t(i) + 1] - sigmas_[size_t(i)];
  return map([&](const Tensor& x, const Tensor& v) { return x + h * v; }, latent, velocity);
}

void DpmppSolver::start(const std::vector<double>& sigmas) {
  sigmas_ = sigmas;
  previous_data_ = {};
}

SolverMemory DpmppSolver::memory() const { return remembered({{"previous_data", previous_data_}}); }

void DpmppSolver::recall(const SolverMemory& memory) {
  put_back(memory, {{"previous_data", &previous_data_}});
  PF_CHECK(is_there(previous_data_), InvalidRequest, "resume", "the saved latent lacks the solver's memory");
}

JointLatent DpmppSolver::extrapolated(std::int64_t i, const JointLatent& latent, const JointLatent& velocity) {
  const double here = sigma(i), next = sigma(i + 1);
  const JointLatent data = data_prediction(latent, velocity, here);
  JointLatent result = data;
  if (i > 0 && next > 0) {
    const double h = lambda(next) - lambda(here), last_h = lambda(here) - lambda(sigma(i - 1));
    result = add_difference(data, h / (2 * last_h), data, previous_data_);
  }
  previous_data_ = data;
  return result;
}

JointLatent DpmppSolver::step(std::int64_t i, const JointLatent& latent, const JointLatent& velocity) {
  return first_order(latent, extrapolated(i, latent, velocity), sigma(i), sigma(i + 1));
}

JointLatent SdeDpmppSolver::step(std::int64_t i, const JointLatent& latent, const JointLatent& velocity) {
  constexpr double kFreshFrom = 0.85, kFreshUntil = 0.5;
  const double here = sigma(i), next = sigma(i + 1);
  const JointLatent data = extrapolated(i, latent, velocity);
  JointLatent result = first_order(latent, data, here, next);
  if (!result.has_video() || here > kFreshFrom || next < kFreshUntil) return result;
  // e^-h for h = lambda' - lambda, in a form that holds at sigma 1.
  const double r = next / (1 - next) * (1 - here) / here;
  const Tensor fresh = randn(latent.video.sizes().vec(), make_generator(mix_seed(seed_, "fresh noise", std::uint64_t(i))));
  result.video = next / here * r * latent.video + (1 - next) * (1 - r * r) * data.video +
                 next * std::sqrt(1 - r * r) * fresh.to(latent.video.device());
  return result;
}

void UniPcSolver::start(const std::vector<double>& sigmas) {
  sigmas_ = sigmas;
  last_latent_ = last_data_ = previous_data_ = {};
}

SolverMemory UniPcSolver::memory() const {
  return remembered({{"last_latent", last_latent_}, {"last_data", last_data_}, {"previous_data", previous_data_}});
}

void UniPcSolver::recall(const SolverMemory& memory) {
  put_back(memory,
           {{"last_latent", &last_latent_}, {"last_data", &last_data_}, {"previous_data", &previous_data_}});
  PF_CHECK(is_there(last_latent_) && is_there(last_data_), InvalidRequest, "resume",
           "the saved latent lacks the solver's memory");
}

int UniPcSolver::order(std::int64_t i) const {
  const auto steps = std::int64_t(sigmas_.size()) - 1;
  return int(std::min<std::int64_t>({2, steps - i, i + 1}));
}

JointLatent UniPcSolver::step(std::int64_t i, const JointLatent& latent, const JointLatent& velocity) {
  const JointLatent data = data_prediction(latent, velocity, sigmas_[size_t(i)]);
  const JointLatent corrected = i > 0 ? correct(i, data) : latent;
  const JointLatent next = predict(i, corrected, data);
  last_latent_ = corrected;
  previous_data_ = last_data_;
  last_data_ = data;
  return next;
}

JointLatent UniPcSolver::predict(std::int64_t i, const JointLatent& latent, const JointLatent& data) const {
  const double sigma = sigmas_[size_t(i)], next = sigmas_[size_t(i) + 1];
  const JointLatent base = first_order(latent, data, sigma, next);
  if (order(i) == 1) return base;
  const double h = lambda(next) - lambda(sigma);
  const double r = (lambda(sigmas_[size_t(i) - 1]) - lambda(sigma)) / h;
  const double weight = -(1 - next) * std::expm1(-h) * 0.5 / r;
  return add_difference(base, weight, last_data_, data);
}

// Repeats the predictor's step from sigmas[i - 1] to sigmas[i] with the data prediction that is known by now.
JointLatent UniPcSolver::correct(std::int64_t i, const JointLatent& data) const {
  const double sigma = sigmas_[size_t(i) - 1], next = sigmas_[size_t(i)];
  const double h = lambda(next) - lambda(sigma), b = std::expm1(-h), alpha_b = (1 - next) * b;
  const JointLatent base = first_order(last_latent_, last_data_, sigma, next);
  if (order(i - 1) == 1) return add_difference(base, -0.5 * alpha_b, data, last_data_);
  const double r = (lambda(sigmas_[size_t(i) - 2]) - lambda(sigma)) / h;
  const double phi2 = b / -h - 1, phi3 = phi2 / -h - 0.5;
  const double b1 = phi2 / b, b2 = 2 * phi3 / b;  // solve rho1 + rho2 = b1, r rho1 + rho2 = b2
  const double rho1 = (b2 - b1) / (r - 1), rho2 = b1 - rho1;
  const JointLatent with_previous = add_difference(base, -alpha_b * rho1 / r, previous_data_, last_data_);
  return add_difference(with_previous, -alpha_b * rho2, data, last_data_);
}

void TwoRuleSolver::start(const std::vector<double>& sigmas) {
  picture_->start(sigmas);
  sound_->start(sigmas);
}

JointLatent TwoRuleSolver::step(std::int64_t i, const JointLatent& latent, const JointLatent& velocity) {
  JointLatent next;
  if (latent.has_video()) next.video = picture_->step(i, {latent.video, {}}, {velocity.video, {}}).video;
  if (latent.has_audio()) next.audio = sound_->step(i, {{}, latent.audio}, {{}, velocity.audio}).audio;
  return next;
}

SolverMemory TwoRuleSolver::memory() const {
  SolverMemory memory;
  for (const auto& [name, latent] : picture_->memory()) memory[kOfPicture + name] = latent;
  for (const auto& [name, latent] : sound_->memory()) memory[kOfSound + name] = latent;
  return memory;
}

void TwoRuleSolver::recall(const SolverMemory& memory) {
  SolverMemory picture, sound;
  for (const auto& [name, latent] : memory) {
    const bool seen = name.starts_with(kOfPicture), heard = name.starts_with(kOfSound);
    PF_CHECK(seen || heard, InvalidRequest, "resume", "the saved latent has '", name, "' of another solver's memory");
    if (seen) picture[name.substr(kOfPicture.size())] = latent;
    else sound[name.substr(kOfSound.size())] = latent;
  }
  PF_CHECK(!memory.empty(), InvalidRequest, "resume", "the saved latent lacks the solver's memory");
  if (!picture.empty()) picture_->recall(picture);
  if (!sound.empty()) sound_->recall(sound);
}

}  // namespace phonofilm::diffusion

#include "phonofilm/cli/work_plan.h"

#include <algorithm>
#include <cstdio>

#include "phonofilm/base/text.h"
#include "phonofilm/nn/gemm_rate.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::cli {
namespace {

std::string flop_text(double flop) {
  const char* units[] = {"GFLOP", "TFLOP", "PFLOP"};
  int unit = 0;
  for (flop /= 1e9; flop >= 1000 && unit < 2; flop /= 1000) ++unit;
  char text[64];
  std::snprintf(text, sizeof text, "%.3g %s", flop, units[unit]);
  return text;
}

std::string time_text(double seconds) {
  char text[64];
  if (seconds < 120) std::snprintf(text, sizeof text, "%.1f s", seconds);
  else if (seconds < 7200) std::snprintf(text, sizeof text, "%.0f min", seconds / 60);
  else std::snprintf(text, sizeof text, "%.1f h", seconds / 3600);
  return text;
}

void print_stage(const char* name, double flop, double peak) {
  if (flop == 0) return;
  std::printf("  %-10s %-14s at least %s\n", name, flop_text(flop).c_str(), time_text(flop / peak).c_str());
}

void print_shape(const families::ClipSpec& spec, const families::ModelInfo& model) {
  if (spec.has_video()) {
    std::printf("picture   %lld frames of %lld x %lld (height x width), %.2f s\n", static_cast<long long>(spec.frames),
                static_cast<long long>(spec.height), static_cast<long long>(spec.width),
                double(spec.frames) / model.fps);
  }
  if (spec.has_audio()) {
    const std::int64_t rate = spec.sample_rate == 0 ? model.sample_rate : spec.sample_rate;
    std::printf("sound     %lld samples at %lld Hz, %.2f s\n", static_cast<long long>(spec.samples),
                static_cast<long long>(rate), double(spec.samples) / double(rate));
  }
}

double longest_seconds(const pipeline::FilmPlan& film) {
  std::int64_t longest = 0;
  for (const pipeline::Segment& segment : film.segments) longest = std::max(longest, segment.frames);
  return double(longest) / film.fps;
}

void print_memory(const families::WorkPlan& plan) {
  std::printf("memory\n");
  for (const auto& part : plan.memory) {
    std::printf("  %-18s %10s  %s\n", part.part.c_str(), human_bytes(part.bytes).c_str(), part.lifetime.c_str());
  }
  if (plan.activation_bytes == 0) return;
  std::printf("  %-18s %10s  while denoising, about\n", "activations", human_bytes(plan.activation_bytes).c_str());
}

void print_sound_again(const families::Generator& model, const families::ClipSpec& spec,
                       const families::Sampling& sampling, bool voices) {
  if (sampling.sound_steps == 0) return;
  const families::WorkPlan plan = model.plan(spec, pipeline::sound_sampling(sampling), voices);
  std::printf("          then the sound again: %lld steps of %lld passes\n",
              static_cast<long long>(sampling.sound_steps), static_cast<long long>(plan.passes));
}

// Of all steps of one segment, those that make its sound again among them.
double denoise_flop(const families::Generator& model, const families::ClipSpec& spec,
                    const families::Sampling& sampling, bool voices) {
  const double joint = model.plan(spec, sampling, voices).step_flop * double(sampling.steps);
  if (sampling.sound_steps == 0) return joint;
  return joint + model.plan(spec, pipeline::sound_sampling(sampling), voices).step_flop * double(sampling.sound_steps);
}

double film_flop(const families::Generator& model, const pipeline::FilmPlan& film, const families::Sampling& sampling,
                 bool voices) {
  double flop = 0;
  for (const families::ClipSpec& spec : film.specs) {
    const families::WorkPlan plan = model.plan(spec, sampling, voices);
    flop += plan.encode_flop + denoise_flop(model, spec, sampling, voices) + plan.decode_flop;
  }
  return flop;
}

}  // namespace

void print_work_plan(const families::Generator& model, const pipeline::GenerateRequest& resolved,
                     const pipeline::FilmPlan& film, bool voices, const nn::RunContext& context) {
  const families::ModelInfo& info = model.info();
  const families::Sampling sampling = pipeline::sampling_of(resolved, info);
  model.check(sampling);
  const families::WorkPlan plan = model.plan(film.specs.front(), sampling, voices);
  std::printf("model     %s, %lld parameters\n", info.name().c_str(), static_cast<long long>(info.parameters));
  print_shape(film.spec, info);
  if (!film.at_once) std::printf("segments  %zu of up to %.2f s\n", film.segments.size(), longest_seconds(film));
  std::printf("tokens    %lld picture, %lld sound, %lld text; %lld steps of %lld passes\n",
              static_cast<long long>(plan.video_tokens),
              static_cast<long long>(plan.audio_tokens), static_cast<long long>(plan.text_tokens),
              static_cast<long long>(resolved.steps), static_cast<long long>(plan.passes));
  print_sound_again(model, film.specs.front(), sampling, voices);
  print_memory(plan);
  const double peak = nn::gemm_rate(context.dtype);
  std::printf("work      matrix products run at %s per second here\n", flop_text(peak).c_str());
  print_stage("encode", plan.encode_flop, peak);
  print_stage("one step", plan.step_flop, peak);
  print_stage("denoise", denoise_flop(model, film.specs.front(), sampling, voices), peak);
  print_stage("decode", plan.decode_flop, peak);
  print_stage("all", film_flop(model, film, sampling, voices), peak);
}

}  // namespace phonofilm::cli

// Guided sampling with the tiny NAVA: golden_guidance.safetensors and the four golden_sample_*_unipc4.safetensors.
#include "families/nava_goldens.h"
#include "phonofilm/diffusion/guidance.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/diffusion/sigma_schedule.h"

using namespace phonofilm;
using namespace phonofilm::diffusion;
using namespace phonofilm::test;

namespace {

const nn::RunContext kFloat32{};

// The passes of a guided step as NAVA publishes them: only the positive one sees the voice.
struct Passes {
  const nava::NavaTransformer& model;
  nava::PreparedContext voiced, positive, negative;
  GuidanceScales scales{};
  std::int64_t clean_frames = 0;

  Passes(const nava::NavaTransformer& model_, const weights::SafetensorsFile& file) : model(model_) {
    const Tensor pos = padded_context(file.at("context_pos"), model.config());
    const Tensor neg = padded_context(file.at("context_neg"), model.config());
    positive = model.prepare_context(pos, {}, kFloat32);
    negative = model.prepare_context(neg, {}, kFloat32);
    voiced = positive;
    scales.use_timbre = file.tensors().contains("speaker");
    if (scales.use_timbre) {
      const nava::Voices voices{file.at("speaker"), as_positions(file.at("speaker_positions"), 1)};
      voiced = model.prepare_context(pos, {voices}, kFloat32);
    }
    clean_frames = file.tensors().contains("first_frame") ? 1 : 0;
  }

  JointLatent run(const JointLatent& latent, const nava::PreparedContext& context, double timestep, bool mask) const {
    return model.forward({.latent = latent, .timestep = at::full({1}, timestep), .context = &context,
                          .mask_modality = mask, .clean_frames = clean_frames}, kFloat32);
  }

  JointLatent velocity(const JointLatent& latent, double sigma) const {
    const double timestep = double(wan_model_time(sigma));
    GuidancePasses passes{.positive = run(latent, voiced, timestep, false),
                          .negative = run(latent, negative, timestep, false), .align = {}, .timbre = {}};
    if (scales.use_align) passes.align = run(latent, positive, timestep, true);
    if (scales.use_timbre) passes.timbre = run(latent, positive, timestep, false);
    return combine(passes, scales);
  }
};

void expect_trajectory(const std::string& name, bool use_align) {
  const c10::InferenceMode guard;
  INFO(name);
  const auto file = weights::SafetensorsFile::open(nava_golden("golden_sample_" + name + "_unipc4.safetensors"));
  const auto model = load_tiny_nava();
  Passes passes(*model, file);
  passes.scales.use_align = use_align;

  const std::vector<double> sigmas = wan_unipc_sigmas(4, 5);
  const Tensor times = file.at("timesteps");
  for (std::int64_t i = 0; i < 4; ++i) CHECK(wan_model_time(sigmas[size_t(i)]) == times[i].item<std::int64_t>());
  JointLatent noise;
  if (file.tensors().contains("init_video")) noise.video = as_video(file.at("init_video"));
  noise.audio = as_audio(file.at("init_audio"));

  const HoldFn hold = [&](JointLatent& latent) {
    if (passes.clean_frames > 0) latent.video.narrow(2, 0, 1).copy_(file.at("first_frame").unsqueeze(0));
  };
  const StepObserver observer = [&](std::int64_t step, const JointLatent& latent) {
    const std::string at_step = "step" + std::to_string(step);
    if (latent.has_video()) expect_close(latent.video, as_video(file.at(at_step + ".video")), 1e-4, at_step + ".video");
    expect_close(latent.audio, as_audio(file.at(at_step + ".audio")), 1e-4, at_step + ".audio");
    return true;
  };
  const auto solver = make_solver("unipc");
  const VelocityFn velocity = [&](const JointLatent& x, double sigma) { return passes.velocity(x, sigma); };
  const JointLatent result = sample(velocity, noise, sigmas, *solver, hold, observer);
  if (passes.clean_frames > 0) CHECK(at::equal(result.video[0].narrow(1, 0, 1), file.at("first_frame")));
}

}  // namespace

TEST_CASE("guidance of recorded passes (golden_guidance)") {
  const auto file = weights::SafetensorsFile::open(nava_golden("golden_guidance.safetensors"));
  const auto pass = [&](const std::string& name) {
    return JointLatent{as_video(file.at(name + ".video")), as_audio(file.at(name + ".audio"))};
  };
  const GuidancePasses passes{pass("pass_pos"), pass("pass_neg"), pass("pass_align"), pass("pass_timbre")};
  const GuidanceScales defaults;
  CHECK(defaults.text.video == file.at("video_guidance_scale").item<double>());
  CHECK(defaults.text.audio == file.at("audio_guidance_scale").item<double>());
  CHECK(defaults.align.video == file.at("video_align_guidance_scale").item<double>());
  CHECK(defaults.align.audio == file.at("audio_align_guidance_scale").item<double>());
  CHECK(defaults.timbre == file.at("timbre_align_guidance_scale").item<double>());
  for (const bool align : {false, true}) {
    for (const bool timbre : {false, true}) {
      GuidanceScales scales;
      scales.use_align = align;
      scales.use_timbre = timbre;
      const auto on_off = [](bool on) { return std::string(on ? "on" : "off"); };
      const std::string name = "guided.align_" + on_off(align) + ".timbre_" + on_off(timbre);
      const JointLatent guided = combine(passes, scales);
      expect_close(guided.video, as_video(file.at(name + ".video")), 1e-6, name);
      expect_close(guided.audio, as_audio(file.at(name + ".audio")), 1e-6, name);
    }
  }
}

TEST_CASE("four steps with a voice (golden_sample_t2av_voice_unipc4)") { expect_trajectory("t2av_voice", true); }
TEST_CASE("four steps from a first frame (golden_sample_i2av_unipc4)") { expect_trajectory("i2av", true); }
TEST_CASE("four steps, voice and odd latent size (golden_sample_i2av_voice_odd_unipc4)") {
  expect_trajectory("i2av_voice_odd", true);
}
TEST_CASE("four steps of sound alone (golden_sample_t2a_voice_unipc4)") { expect_trajectory("t2a_voice", false); }

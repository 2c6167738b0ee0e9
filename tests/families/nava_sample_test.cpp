// Guided sampling with the tiny NAVA: golden_guidance.safetensors and the four golden_sample_*_unipc4.safetensors.
#include "families/nava_goldens.h"
#include "phonofilm/diffusion/guidance.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/diffusion/sigma_schedule.h"
#include "phonofilm/families/held_latents.h"
#include "phonofilm/families/nava/guided.h"

using namespace phonofilm;
using namespace phonofilm::diffusion;
using namespace phonofilm::test;

namespace {

const nn::RunContext kFloat32{};

// The recorded first frame, where there is one.
families::HeldLatents clean_of(const weights::SafetensorsFile& file) {
  families::HeldLatents clean;
  if (!file.tensors().contains("first_frame")) return clean;
  const Shape video = as_video(file.at("init_video")).sizes().vec();
  families::hold_first_frame(file.at("first_frame").unsqueeze(0), video, clean);
  return clean;
}

// The recorded texts and, where there is one, the voice.
nava::GuidedContext context_of(const nava::NavaTransformer& model, const weights::SafetensorsFile& file) {
  nava::Voices voices;
  if (file.tensors().contains("speaker")) voices = {file.at("speaker"), as_positions(file.at("speaker_positions"), 1)};
  return nava::prepare_guided(model, padded_context(file.at("context_pos"), model.config()),
                              padded_context(file.at("context_neg"), model.config()), voices, kFloat32);
}

void expect_trajectory(const std::string& name, bool use_align) {
  const c10::InferenceMode guard;
  INFO(name);
  const auto file = weights::SafetensorsFile::open(nava_golden("golden_sample_" + name + "_unipc4.safetensors"));
  const auto model = load_tiny_nava();
  const nava::GuidedContext context = context_of(*model, file);
  const families::HeldLatents clean = clean_of(file);
  GuidanceScales asked;
  asked.use_align = use_align;
  asked.use_timbre = true;

  const std::vector<double> sigmas = wan_unipc_sigmas(4, 5);
  const Tensor times = file.at("timesteps");
  for (std::int64_t i = 0; i < 4; ++i) CHECK(wan_model_time(sigmas[size_t(i)]) == times[i].item<std::int64_t>());
  JointLatent noise;
  if (file.tensors().contains("init_video")) noise.video = as_video(file.at("init_video"));
  noise.audio = as_audio(file.at("init_audio"));

  const GuidanceScales scales = nava::applicable(asked, noise.has_video(), noise.has_audio(), context.has_voices());
  const nava::TokenLayout layout = model->layout(noise, clean.held);

  const HoldFn hold = [&](JointLatent& latent) { clean.impose_on(latent); };
  const StepObserver observer = [&](std::int64_t step, const JointLatent& latent) {
    const std::string at_step = "step" + std::to_string(step);
    if (latent.has_video()) expect_close(latent.video, as_video(file.at(at_step + ".video")), 1e-4, at_step + ".video");
    expect_close(latent.audio, as_audio(file.at(at_step + ".audio")), 1e-4, at_step + ".audio");
    return true;
  };
  const auto solver = make_solver("unipc");
  const VelocityFn velocity = [&](const JointLatent& x, double sigma) {
    return nava::guided_velocity(*model, context, scales, x, double(wan_model_time(sigma)), clean.held, &layout, kFloat32);
  };
  const JointLatent result = sample(velocity, noise, sigmas, *solver, hold, observer);
  if (clean.held.any()) CHECK(at::equal(result.video[0].narrow(1, 0, 1), file.at("first_frame")));
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

TEST_CASE("what of the guidance applies, and its passes") {
  GuidanceScales all;
  all.use_timbre = true;
  CHECK(nava::pass_count(nava::applicable(all, true, true, true)) == 4);
  CHECK(nava::pass_count(nava::applicable(all, true, true, false)) == 3);
  CHECK(nava::pass_count(nava::applicable(all, false, true, true)) == 3);
  CHECK(nava::pass_count(nava::applicable(all, true, false, true)) == 2);
  GuidanceScales none;
  none.use_align = false;
  none.text = {1, 1};
  CHECK(nava::pass_count(nava::applicable(none, true, true, true)) == 1);
}

TEST_CASE("four steps with a voice (golden_sample_t2av_voice_unipc4)") { expect_trajectory("t2av_voice", true); }
TEST_CASE("four steps from a first frame (golden_sample_i2av_unipc4)") { expect_trajectory("i2av", true); }
TEST_CASE("four steps, voice and odd latent size (golden_sample_i2av_voice_odd_unipc4)") {
  expect_trajectory("i2av_voice_odd", true);
}
TEST_CASE("four steps of sound alone (golden_sample_t2a_voice_unipc4)") { expect_trajectory("t2a_voice", false); }

// Four guided steps of the tiny Ovi against golden_sample_{t2av,i2av}_unipc4.safetensors (testdata/goldens/ovi-tiny).
#include "families/ovi_goldens.h"
#include "phonofilm/diffusion/guidance.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/diffusion/sigma_schedule.h"

using namespace phonofilm;
using namespace phonofilm::diffusion;
using namespace phonofilm::test;

namespace {

// Positive and negative pass in one batch; the negative one skips block 1.
VelocityFn guided_velocity(const ovi::OviTransformer& model, const ovi::PreparedContext& context, std::int64_t clean_frames) {
  GuidanceScales scales;
  scales.text = {4, 3};
  scales.use_align = false;
  return [&model, &context, clean_frames, scales](const JointLatent& latent, double sigma) {
    const JointLatent twice = map([](const Tensor& x) { return at::cat({x, x}); }, latent);
    const JointLatent both = model.forward({.latent = twice, .timestep = at::full({2}, double(wan_model_time(sigma))),
                                            .context = &context, .held = diffusion::first_frames(clean_frames), .skip_block = {-1, 1}}, {});
    const auto half = [&](std::int64_t i) { return map([&](const Tensor& x) { return x.narrow(0, i, 1); }, both); };
    return combine({half(0), half(1), {}, {}}, scales);
  };
}

void expect_sample(const std::string& name, bool image) {
  const c10::InferenceMode guard;
  const auto model = load_tiny_ovi();
  const auto texts = weights::SafetensorsFile::open(ovi_golden("golden_dit_fp32.safetensors"));
  const auto file = weights::SafetensorsFile::open(ovi_golden("golden_sample_" + name + "_unipc4.safetensors"));
  const auto rows = [&](const char* text) { return padded_rows(texts.at(text), model->config()); };
  const auto context = model->prepare_context(at::cat({rows("context_pos"), rows("context_video_neg")}),
                                              at::cat({rows("context_pos"), rows("context_audio_neg")}), {});
  const auto hold = [&](JointLatent& x) {
    if (image) x.video.narrow(2, 0, 1).copy_(ovi_video(file.at("first_frame_latent")));
  };
  const std::vector<double> sigmas = ovi_unipc_sigmas(4, 5);
  const auto solver = make_solver("unipc");
  const JointLatent noise{ovi_video(file.at("init_video")), ovi_audio(file.at("init_audio"))};
  const JointLatent end = sample(guided_velocity(*model, context, image ? 1 : 0), noise, sigmas, *solver, hold, nullptr);
  expect_close(end.video, ovi_video(file.at("video_latent")), 1e-4, name + ": video latent");
  expect_close(end.audio, ovi_audio(file.at("audio_latent")), 1e-4, name + ": audio latent");
}

}  // namespace

TEST_CASE("ovi: four guided steps from text (golden_sample_t2av_unipc4)") { expect_sample("t2av", false); }
TEST_CASE("ovi: four guided steps from a first frame (golden_sample_i2av_unipc4)") { expect_sample("i2av", true); }

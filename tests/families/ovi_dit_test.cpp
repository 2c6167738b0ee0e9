// The twin towers against recordings of the publisher's code: golden_dit_fp32.safetensors and
// golden_dit_bf16.safetensors (testdata/goldens/ovi-tiny).
#include "families/ovi_goldens.h"

#include "phonofilm/base/error.h"

using namespace phonofilm;
using namespace phonofilm::ovi;
using namespace phonofilm::test;

namespace {

constexpr nn::RunContext kFloat32{};
constexpr nn::RunContext kBFloat16{.dtype = at::kBFloat16, .attention = nn::AttentionBackend::explicit_};

struct Case {
  std::string name;
  double timestep;
  std::string video_rows = "context_pos", audio_rows = "context_pos";
  std::int64_t clean_frames = 0, skip = -1;
  bool video = true, audio = true;
};

const Case kPositive{"t2av_t731", 731};
const Case kNegative{.name = "neg_slg1_t731", .timestep = 731, .video_rows = "context_video_neg",
                     .audio_rows = "context_audio_neg", .skip = 1};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      kPositive,
      kNegative,
      {.name = "i2av_t400", .timestep = 400, .clean_frames = 1},
      {.name = "audio_only_t500", .timestep = 500, .video = false},
      {.name = "video_only_t500", .timestep = 500, .audio = false},
  };
  return all;
}

struct Recording {
  std::unique_ptr<OviTransformer> model = load_tiny_ovi();
  weights::SafetensorsFile file;
  explicit Recording(const std::string& name) : file(weights::SafetensorsFile::open(ovi_golden(name))) {}

  Tensor rows(const std::string& name) const { return padded_rows(file.at(name), model->config()); }

  diffusion::JointLatent latent(const Case& c) const {
    return {c.video ? ovi_video(file.at("video_latent")) : Tensor(), c.audio ? ovi_audio(file.at("audio_latent")) : Tensor()};
  }

  diffusion::JointLatent velocity(const Case& c, const nn::RunContext& run) const {
    const PreparedContext context = model->prepare_context(c.video ? rows(c.video_rows) : Tensor(),
                                                           c.audio ? rows(c.audio_rows) : Tensor(), run);
    return model->forward({.latent = latent(c), .timestep = at::full({1}, c.timestep), .context = &context,
                           .held = diffusion::first_frames(c.clean_frames), .skip_block = {c.skip}}, run);
  }

  void expect(const diffusion::JointLatent& v, const Case& c, double tolerance) const {
    CHECK(v.has_video() == c.video);
    CHECK(v.has_audio() == c.audio);
    if (c.video) expect_close(v.video, ovi_video(file.at(c.name + ".video")), tolerance, c.name + ".video");
    if (c.audio) expect_close(v.audio, ovi_audio(file.at(c.name + ".audio")), tolerance, c.name + ".audio");
  }
};

diffusion::JointLatent doubled(const diffusion::JointLatent& one) {
  return diffusion::map([](const Tensor& x) { return at::cat({x, x}); }, one);
}

}  // namespace

TEST_CASE("ovi: every recorded case in float32 (golden_dit_fp32)") {
  const c10::InferenceMode guard;
  const Recording recording("golden_dit_fp32.safetensors");
  for (const Case& c : cases()) recording.expect(recording.velocity(c, kFloat32), c, 1e-5);
}

TEST_CASE("ovi: every recorded case in bfloat16 (golden_dit_bf16), no further off than the publisher's") {
  const c10::InferenceMode guard;
  const Recording bf16("golden_dit_bf16.safetensors"), fp32("golden_dit_fp32.safetensors");
  for (const Case& c : cases()) {
    const diffusion::JointLatent velocity = bf16.velocity(c, kBFloat16);
    bf16.expect(velocity, c, 0.015);
    fp32.expect(velocity, c, 0.009);
  }
}

TEST_CASE("ovi: positive and negative pass in one batch, of which one sample skips a block") {
  const c10::InferenceMode guard;
  const Recording r("golden_dit_fp32.safetensors");
  const PreparedContext context = r.model->prepare_context(at::cat({r.rows("context_pos"), r.rows("context_video_neg")}),
                                                           at::cat({r.rows("context_pos"), r.rows("context_audio_neg")}), kFloat32);
  const auto both = r.model->forward({.latent = doubled(r.latent(kPositive)), .timestep = at::full({2}, 731.0),
                                      .context = &context, .skip_block = {-1, 1}}, kFloat32);
  const auto sample = [&](std::int64_t i) {
    return diffusion::map([&](const Tensor& x) { return x.narrow(0, i, 1); }, both);
  };
  r.expect(sample(0), kPositive, 1e-5);
  r.expect(sample(1), kNegative, 1e-5);
}

TEST_CASE("ovi: a tower hears the other one") {
  const c10::InferenceMode guard;
  const Recording r("golden_dit_fp32.safetensors");
  Case alone = kPositive;
  alone.audio = false;
  const Tensor together = r.velocity(kPositive, kFloat32).video;
  CHECK(relative_error(r.velocity(alone, kFloat32).video, together) > 1e-3);
}

TEST_CASE("ovi: what does not fit is refused") {
  const Recording r("golden_dit_fp32.safetensors");
  const PreparedContext context = r.model->prepare_context(r.rows("context_pos"), {}, kFloat32);
  OviInputs in{.latent = r.latent(kPositive), .timestep = at::full({1}, 731.0), .context = &context};
  CHECK_THROWS_AS(r.model->forward(in, kFloat32), ShapeError);  // no context for the sound
  in.latent.audio = Tensor();
  in.skip_block = {1, 1};
  CHECK_THROWS_AS(r.model->forward(in, kFloat32), ShapeError);
  in.skip_block.clear();
  in.latent.video = at::zeros({1, 47, 3, 4, 6});
  CHECK_THROWS_AS(r.model->forward(in, kFloat32), ShapeError);
  OviConfig config = tiny_ovi_config();
  config.audio.num_layers = 2;
  CHECK_THROWS_AS(OviTransformer{config}, InvalidRequest);
}

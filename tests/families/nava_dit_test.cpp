// The transformer against recordings of the published mathematics: golden_dit_fp32.safetensors and
// golden_dit_bf16.safetensors (testdata/goldens/nava-tiny).
#include "families/nava_goldens.h"

using namespace phonofilm;
using namespace phonofilm::nava;
using namespace phonofilm::test;

namespace {

constexpr nn::RunContext kFloat32{};
constexpr nn::RunContext kBFloat16{.dtype = at::kBFloat16, .attention = nn::AttentionBackend::explicit_};

constexpr std::int64_t kSilent = -1;

struct Case {
  std::string name;
  double timestep;
  std::string context = "context_pos";
  bool image = false, mask = false;
  std::vector<std::int64_t> voices{};  // indices into "speakers"; kSilent for none
  std::int64_t positions = 0;          // how many of "speaker_positions"
  bool video = true, audio = true;
  std::string size = "";  // "_odd": a latent that is no whole number of patches
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"t2av_t731", 731},
      {"t2av_neg_t731", 731, "context_neg"},
      {"t2av_t0", 0},
      {"t2av_t999", 999},
      {"t2av_t92_5", 92.5},
      {.name = "i2av_t400", .timestep = 400, .image = true},
      {.name = "t2av_spk1_t731", .timestep = 731, .voices = {0}, .positions = 1},
      {.name = "i2av_spk1_t400", .timestep = 400, .image = true, .voices = {0}, .positions = 1},
      {.name = "t2av_spk2_t555", .timestep = 555, .voices = {0, 1}, .positions = 2},
      {.name = "t2av_spk_null_t555", .timestep = 555, .voices = {0, kSilent}, .positions = 2},
      {.name = "t2av_spk_surplus_t555", .timestep = 555, .voices = {0, 1, 2}, .positions = 2},
      {.name = "t2av_spk_broadcast_t555", .timestep = 555, .voices = {0}, .positions = 2},
      {.name = "mask_t731", .timestep = 731, .mask = true},
      {.name = "mask_i2av_t400", .timestep = 400, .image = true, .mask = true},
      {.name = "mask_spk_nopos_t731", .timestep = 731, .mask = true, .voices = {0}},
      {.name = "audio_only_t500", .timestep = 500, .video = false},
      {.name = "audio_only_spk1_t500", .timestep = 500, .voices = {0}, .positions = 1, .video = false},
      {.name = "video_only_t500", .timestep = 500, .audio = false},
      {.name = "video_only_i2v_t500", .timestep = 500, .image = true, .audio = false},
      {.name = "odd_t2av_t613", .timestep = 613, .size = "_odd"},
      {.name = "odd_i2av_t613", .timestep = 613, .image = true, .size = "_odd"},
  };
  return all;
}

struct Recording {
  std::unique_ptr<NavaTransformer> model = load_tiny_nava();
  weights::SafetensorsFile file;
  explicit Recording(const std::string& name) : file(weights::SafetensorsFile::open(nava_golden(name))) {}

  std::vector<Voices> voices_of(const Case& c) const {
    if (c.voices.empty()) return {};
    const Tensor all = file.at("speakers");
    std::vector<Tensor> chosen;
    for (const std::int64_t index : c.voices) chosen.push_back(index == kSilent ? at::zeros_like(all[0]) : all[index]);
    return {{at::stack(chosen), as_positions(file.at("speaker_positions"), c.positions)}};
  }

  PreparedContext context_of(const Case& c, const nn::RunContext& run) const {
    return model->prepare_context(padded_context(file.at(c.context), model->config()), voices_of(c), run);
  }

  diffusion::JointLatent latent_of(const Case& c) const {
    diffusion::JointLatent latent;
    if (c.video) latent.video = as_video(file.at("video_latent" + c.size));
    if (c.video && c.image) latent.video = overwrite_first_frame(latent.video, file.at("first_frame" + c.size));
    if (c.audio) latent.audio = as_audio(file.at("audio_latent" + c.size));
    return latent;
  }

  diffusion::JointLatent velocity(const Case& c, const nn::RunContext& run,
                                  const nn::BlockRunner& runner = nn::PlainRunner()) const {
    const PreparedContext context = context_of(c, run);
    return model->forward({.latent = latent_of(c), .timestep = at::full({1}, c.timestep), .context = &context,
                           .mask_modality = c.mask, .held = diffusion::first_frames(c.image ? 1 : 0)}, run, runner);
  }

  void expect_velocity(const diffusion::JointLatent& v, const Case& c, double tolerance) const {
    CHECK(v.has_video() == c.video);
    CHECK(v.has_audio() == c.audio);
    if (c.video) expect_close(v.video, as_video(file.at(c.name + ".video")), tolerance, c.name + ".video");
    if (c.audio) expect_close(v.audio, as_audio(file.at(c.name + ".audio")), tolerance, c.name + ".audio");
  }
};

// Keeps the joint tokens before the first block and after every block.
class RecordingRunner : public nn::BlockRunner {
 public:
  nn::BlockState run(std::int64_t index, const nn::BlockFn& block, const nn::BlockState& state) const override {
    if (index == 0) tokens.push_back(joined(state));
    const nn::BlockState after = block(state);
    tokens.push_back(joined(after));
    return after;
  }
  mutable std::vector<Tensor> tokens;

 private:
  static Tensor joined(const nn::BlockState& state) { return state.size() == 1 ? state[0] : at::cat(state, 1); }
};

}  // namespace

TEST_CASE("every recorded case in float32 (golden_dit_fp32)") {
  const c10::InferenceMode guard;
  const Recording recording("golden_dit_fp32.safetensors");
  for (const Case& c : cases()) recording.expect_velocity(recording.velocity(c, kFloat32), c, 1e-5);
}

TEST_CASE("every recorded case in bfloat16 (golden_dit_bf16), with both attention backends") {
  const c10::InferenceMode guard;
  const Recording recording("golden_dit_bf16.safetensors");
  for (const Case& c : cases()) recording.expect_velocity(recording.velocity(c, kBFloat16), c, 0.015);
  const nn::RunContext fused{.dtype = at::kBFloat16, .attention = nn::AttentionBackend::fused};
  recording.expect_velocity(recording.velocity(cases()[0], fused), cases()[0], 0.015);
}

TEST_CASE("bfloat16 is as near to float32 as the publisher's (golden_dit_fp32)") {
  const c10::InferenceMode guard;
  const Recording recording("golden_dit_fp32.safetensors");
  for (const Case& c : cases()) recording.expect_velocity(recording.velocity(c, kBFloat16), c, 0.009);
}

TEST_CASE("tokens, context and every block's output (golden_dit_fp32)") {
  const c10::InferenceMode guard;
  const Recording recording("golden_dit_fp32.safetensors");
  for (const Case& c : cases()) {
    const std::string mid = c.name + ".mid.";
    if (!recording.file.tensors().contains(mid + "tokens_in")) continue;
    INFO(c.name);
    RecordingRunner runner;
    recording.velocity(c, kFloat32, runner);
    const auto check = [&](const Tensor& actual, const std::string& name) {
      expect_close(actual[0], recording.file.at(mid + name), 1e-5, mid + name);
    };
    check(recording.context_of(c, kFloat32).context, "context");
    check(runner.tokens[0], "tokens_in");
    for (size_t i = 1; i < runner.tokens.size(); ++i) check(runner.tokens[i], "block" + std::to_string(i - 1));
    const double first_time = c.image ? 0 : c.timestep;
    const dit::TimeRows rows = recording.model->time_embedding().forward(at::tensor({first_time, c.timestep}).view({1, 2}));
    check(rows.e0.select(1, 0), "time_e0_video_row_first");
    check(rows.e0.select(1, 1), "time_e0_video_row_last");
    check(rows.e0.select(1, 1), "time_e0_audio_row_last");
    check(rows.e.select(1, 1).expand({17, -1}).unsqueeze(0), "time_e_audio");
  }
}

TEST_CASE("speaker tokens, the silent voice included (golden_dit_fp32)") {
  const Recording recording("golden_dit_fp32.safetensors");
  Tensor voices = recording.file.at("speakers").clone();
  voices[2].zero_();
  const Tensor tokens = recording.model->speaker_embedding().forward(voices);
  expect_close(tokens, recording.file.at("speaker_tokens"), 1e-5);
}

TEST_CASE("samples of a ragged batch, one by one (golden_dit_fp32: batch2)") {
  const c10::InferenceMode guard;
  const Recording recording("golden_dit_fp32.safetensors");
  const auto& file = recording.file;
  const Case first{.name = "t2av_spk1_t731", .timestep = 731, .voices = {0}, .positions = 1};
  const auto v = recording.velocity(first, kFloat32);
  expect_close(v.video, as_video(file.at("batch2.video0")), 1e-5, "batch2.video0");
  expect_close(v.audio, as_audio(file.at("batch2.audio0")), 1e-5, "batch2.audio0");
  const PreparedContext context =
      recording.model->prepare_context(padded_context(file.at("context_b"), recording.model->config()), {}, kFloat32);
  const diffusion::JointLatent latent{as_video(file.at("video_latent_b")), as_audio(file.at("audio_latent_b"))};
  const auto w = recording.model->forward({.latent = latent, .timestep = at::full({1}, 222.0), .context = &context},
                                          kFloat32);
  expect_close(w.video, as_video(file.at("batch2.video1")), 1e-5, "batch2.video1");
  expect_close(w.audio, as_audio(file.at("batch2.audio1")), 1e-5, "batch2.audio1");
}

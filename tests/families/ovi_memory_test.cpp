// The tiny Ovi with its weights stored in fewer bits and streamed block by block, against the recordings of the full ones.
#include <algorithm>

#include "families/ovi_goldens.h"
#include "phonofilm/base/error.h"
#include "phonofilm/nn/memory_plan.h"
#include "phonofilm/weights/tensor_file.h"

using namespace phonofilm;
using namespace phonofilm::ovi;
using namespace phonofilm::test;

namespace {

constexpr nn::RunContext kFloat32{};
constexpr nn::RunContext kBFloat16{.dtype = at::kBFloat16, .attention = nn::AttentionBackend::explicit_};

bool stays_wide(const std::string& name) {
  return name.find("norm") != std::string::npos || name.find("bias") != std::string::npos;
}

weights::TensorMap published() { return weights::open_tensors(ovi_golden("Ovi/model.safetensors")).tensors; }

// As model_fp8_e4m3fn.safetensors is made: a plain cast of everything but norms and biases.
weights::TensorMap plain_float8() {
  weights::TensorMap tensors = published();
  for (auto& [name, tensor] : tensors) tensor = tensor.to(stays_wide(name) ? at::kBFloat16 : at::kFloat8_e4m3fn);
  return tensors;
}

std::unique_ptr<OviTransformer> load(const weights::TensorMap& tensors, const nn::Storage& storage) {
  auto model = std::make_unique<OviTransformer>(tiny_ovi_config());
  model->load(tensors, "model.safetensors", "", storage);
  return model;
}

struct Recording {
  weights::SafetensorsFile file = weights::SafetensorsFile::open(ovi_golden("golden_dit_fp32.safetensors"));

  Tensor rows(const std::string& name) const { return padded_rows(file.at(name), tiny_ovi_config()); }
  // The guided pair of passes in one batch; the second sample skips block 1.
  diffusion::JointLatent pair(const OviTransformer& model, const nn::RunContext& run, const nn::BlockRunner& runner) const {
    const PreparedContext context = model.prepare_context(at::cat({rows("context_pos"), rows("context_video_neg")}),
                                                          at::cat({rows("context_pos"), rows("context_audio_neg")}), run, runner);
    const Tensor video = ovi_video(file.at("video_latent")), audio = ovi_audio(file.at("audio_latent"));
    return model.forward({.latent = {at::cat({video, video}), at::cat({audio, audio})}, .timestep = at::full({2}, 731.0),
                          .context = &context, .skip_block = {-1, 1}}, run, runner);
  }
  // The first sample alone, of which block 1 is skipped.
  diffusion::JointLatent skipping(const OviTransformer& model, const nn::BlockRunner& runner) const {
    const PreparedContext context = model.prepare_context(rows("context_pos"), rows("context_pos"), kFloat32, runner);
    return model.forward({.latent = {ovi_video(file.at("video_latent")), ovi_audio(file.at("audio_latent"))},
                          .timestep = at::full({1}, 731.0), .context = &context, .skip_block = {1}}, kFloat32, runner);
  }
  // The larger of the two modalities' errors against the recording in float32 of the full weights.
  double error(const OviTransformer& model, const nn::RunContext& run) const {
    const auto v = pair(model, run, nn::PlainRunner());
    return std::max(relative_error(v.video.narrow(0, 0, 1), ovi_video(file.at("t2av_t731.video"))),
                    relative_error(v.audio.narrow(0, 0, 1), ovi_audio(file.at("t2av_t731.audio"))));
  }
};

}  // namespace

TEST_CASE("ovi: how far each storage takes the velocities from the recorded ones") {
  const c10::InferenceMode guard;
  const Recording recording;
  struct Case {
    std::string name;
    std::unique_ptr<OviTransformer> model;
    double in_float32, in_bfloat16;  // bounds
  };
  const weights::TensorMap full = published();
  // The tiny model's weights are bfloat16 numbers, which neither bfloat16 nor float16 storage changes.
  Case cases[] = {
      {"as published", load(full, nn::kStoredDtype), 1e-5, 0.009},
      {"bfloat16", load(full, at::kBFloat16), 1e-5, 0.009},
      {"float16", load(full, at::kHalf), 1e-5, 0.009},
      {"int8 linears", load(full, {nn::kStoredDtype, nn::LinearStorage::int8}), 0.03, 0.03},
      {"float8 linears, scaled", load(full, {nn::kStoredDtype, nn::LinearStorage::float8}), 0.09, 0.09},
      {"float8, plain cast", load(plain_float8(), nn::kStoredDtype), 0.12, 0.12},
  };
  for (const Case& c : cases) {
    const double wide = recording.error(*c.model, kFloat32), narrow = recording.error(*c.model, kBFloat16);
    CAPTURE(c.name);
    MESSAGE(c.name, ": relative error ", wide, " in float32, ", narrow, " in bfloat16");
    CHECK(wide < c.in_float32);
    CHECK(narrow < c.in_bfloat16);
  }
}

TEST_CASE("ovi: the published float8 file is kept as it is, and computes what its cast-up values do") {
  const c10::InferenceMode guard;
  const TemporaryFolder folder;
  const std::string path = folder.file("model_fp8_e4m3fn.safetensors");
  weights::save_safetensors(path, plain_float8());
  const weights::TensorFile file = weights::open_tensors(path);
  OviTransformer kept(tiny_ovi_config()), wide(tiny_ovi_config());
  kept.load(file.tensors, file.path, "", nn::kStoredDtype);
  wide.load(file.tensors, file.path, "", at::kFloat);
  for (const auto& [name, tensor] : kept.named_parameters()) CHECK(tensor.data_ptr() == file.tensors.at(name).data_ptr());
  const Recording recording;
  for (const nn::RunContext& run : {kFloat32, kBFloat16}) {
    const auto a = recording.pair(kept, run, nn::PlainRunner()), b = recording.pair(wide, run, nn::PlainRunner());
    CHECK(at::equal(a.video, b.video));
    CHECK(at::equal(a.audio, b.audio));
  }
}

TEST_CASE("ovi: streamed blocks give the same bits in every storage, also where a block is skipped") {
  const c10::InferenceMode guard;
  const Recording recording;
  const std::unique_ptr<OviTransformer> models[] = {load(published(), nn::kStoredDtype), load(plain_float8(), nn::kStoredDtype),
                                                    load(published(), {at::kBFloat16, nn::LinearStorage::int8})};
  for (const auto& model : models) {
    const auto whole = recording.pair(*model, kFloat32, nn::PlainRunner()), skip = recording.skipping(*model, nn::PlainRunner());
    const nn::Placement placed = nn::place_weights(*model, model->blocks(), {.mode = nn::MemoryMode::stream});
    for (int pass = 0; pass < 2; ++pass) {
      const auto streamed = recording.pair(*model, kFloat32, *placed.runner);
      CHECK(at::equal(streamed.video, whole.video));
      CHECK(at::equal(streamed.audio, whole.audio));
      const auto skipped = recording.skipping(*model, *placed.runner);
      CHECK(at::equal(skipped.video, skip.video));
      CHECK(at::equal(skipped.audio, skip.audio));
    }
  }
}

TEST_CASE("ovi: the plans of the tiny model add up") {
  const auto model = load(published(), nn::kStoredDtype);
  std::uint64_t all = 0, in_blocks = 0;
  for (const auto& [name, tensor] : model->named_parameters()) {
    all += tensor.nbytes();
    if (name.find(".blocks.") != std::string::npos) in_blocks += tensor.nbytes();
  }
  const nn::MemoryPlan resident = nn::resident_plan(*model), stream = nn::stream_plan(*model, model->blocks(), 2);
  CHECK(resident.on_device() == all);
  CHECK(stream.streamed == in_blocks);
  CHECK(stream.resident == all - in_blocks);
  CHECK(stream.buffers >= 2 * in_blocks / model->blocks().size());  // each tensor starts at a multiple of 256 bytes
}

// Synthetic checkpoints: the published layout, one seed one checkpoint, values that a film can be seen in, nothing half-written.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "phonofilm/autoencoders/wan22_vae/wan22_vae.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/families/ovi/inspection.h"
#include "phonofilm/families/ovi/synthesis.h"
#include "phonofilm/families/ovi/transformer.h"
#include "phonofilm/families/wan22.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/text_encoders/umt5/umt5_encoder.h"
#include "phonofilm/weights/tensor_file.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::ovi;

namespace {

namespace fs = std::filesystem;

constexpr nn::RunContext kFloat32{};

SynthesisOptions toy(std::uint64_t seed = 0) { return {.scale = Scale::toy, .seed = seed}; }

// A toy checkpoint of seed 0 that this file's tests share; made by the first that asks.
const std::string& toy_folder() {
  static const test::TemporaryFolder folder;
  static const std::string root = [] {
    synthesise(folder.path().string(), toy(), ignore_progress);
    return folder.path().string();
  }();
  return root;
}

weights::TensorMap tensors_of(const char* file) { return weights::open_tensors(toy_folder() + "/" + file).tensors; }

double rms(const Tensor& x) { return x.to(at::kDouble).square().mean().sqrt().item<double>(); }

void expect_lively(const Tensor& x, double least, double most) {
  CHECK(at::isfinite(x).all().item<bool>());
  CHECK(rms(x) > least);
  CHECK(rms(x) < most);
}

int files_below(const std::string& root) {
  int count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root)) count += entry.is_regular_file();
  return count;
}

}  // namespace

TEST_CASE("synthesis: a full checkpoint has the published sizes and needs no JSON, a half one an eighth of the towers") {
  const double bfloat16_values = 11'660'753'108 + 5'680'910'336, float32_values = 704'688'668 + 171'657'378 + 112'233'866;
  CHECK(synthesis_bytes({.scale = Scale::full}) == 2 * bfloat16_values + 4 * float32_values);
  const FolderConfig half = config_at(Scale::half);
  const double ratio = double(towers_network(half.towers, variants()[0]).model->parameter_count()) / 11'660'753'108;
  CHECK(ratio == doctest::Approx(0.125).epsilon(0.01));
  CHECK(synthesis_bytes({.scale = Scale::half}) < 7e9);
}

TEST_CASE("synthesis: a toy checkpoint fits the strict check, part by part, in the published dtypes") {
  const auto report = inspect_folder(toy_folder());
  REQUIRE(report);
  CHECK(report->keeps_films);
  CHECK_FALSE(report->takes_voices);
  for (const auto& part : report->parts) {
    CAPTURE(part.name);
    CAPTURE(join(part.problems, "\n"));
    CHECK(part.usable() == (part.name != "tokenizer"));
  }
  CHECK((tensors_of("Ovi/model.safetensors").begin()->second.scalar_type() == at::kBFloat16));
  CHECK((tensors_of(wan22::kTextEncoderFile).begin()->second.scalar_type() == at::kBFloat16));
  CHECK((tensors_of(wan22::kVideoVaeFile).begin()->second.scalar_type() == at::kFloat));
  CHECK(tensors_of(kVocoderFile).contains("generator.conv_pre.weight_g"));
}

TEST_CASE("synthesis: one seed gives one checkpoint, another seed another one") {
  const test::TemporaryFolder again, other;
  synthesise(again.path().string(), toy(), ignore_progress);
  synthesise(other.path().string(), toy(/*seed=*/1), ignore_progress);
  for (const char* file : {"Ovi/model.safetensors", wan22::kTextEncoderFile, wan22::kVideoVaeFile, kAudioVaeFile, kVocoderFile}) {
    CAPTURE(file);
    CHECK(read_file(again.file(file)) == read_file(toy_folder() + "/" + file));
    CHECK(read_file(other.file(file)) != read_file(toy_folder() + "/" + file));
  }
}

TEST_CASE("synthesis: no tensor is zero, and what the networks make of them is finite and alive") {
  for (const char* file : {"Ovi/model.safetensors", wan22::kTextEncoderFile, wan22::kVideoVaeFile, kAudioVaeFile, kVocoderFile}) {
    for (const auto& [name, tensor] : tensors_of(file)) {
      CAPTURE(name);
      CHECK(tensor.any().item<bool>());
    }
  }
  const FolderConfig config = read_folder_config(toy_folder());
  const at::Generator generator = make_generator(1);

  text_encoders::Umt5Encoder text(config.text);
  text.load(tensors_of(wan22::kTextEncoderFile), "text");
  const Tensor rows = text.forward(text_encoders::pad_tokens({{5, 17, 300, 1}}), kFloat32);  // [1, 4, D]
  expect_lively(rows, 0.1, 10);

  OviTransformer towers(config.towers);
  towers.load(tensors_of("Ovi/model.safetensors"), "towers");
  const Tensor padded = at::constant_pad_nd(rows, {0, 0, 0, config.towers.video.text_len - rows.size(1)});
  const PreparedContext context = towers.prepare_context(padded, padded, kFloat32);
  const diffusion::JointLatent latent{randn({1, 48, 3, 4, 6}, generator), randn({1, 20, 17}, generator)};
  const auto velocity = towers.forward({.latent = latent, .timestep = at::full({1}, 500.0), .context = &context}, kFloat32);
  expect_lively(velocity.video, 0.1, 10);
  expect_lively(velocity.audio, 0.1, 10);

  const auto video = autoencoders::load_wan22_vae(toy_folder() + "/" + wan22::kVideoVaeFile, config.video_vae, at::kFloat);
  const Tensor pictures = video->decode(latent.video, kFloat32);
  expect_lively(pictures, 0.01, 0.99);
  CHECK(rms(pictures - pictures.mean()) > 0.01);

  autoencoders::MmaudioVae audio(config.audio_vae);
  audio.load(tensors_of(kAudioVaeFile), "audio");
  const Tensor mel = audio.decode(latent.audio, kFloat32);
  expect_lively(mel, 0.01, 10);
  vocoders::BigVgan vocoder(config.vocoder);
  vocoder.load(tensors_of(kVocoderFile), "vocoder");
  expect_lively(vocoder.forward(mel, kFloat32), 1e-3, 0.99);
}

TEST_CASE("synthesis: the float8 variant keeps norms and biases wide") {
  const test::TemporaryFolder folder;
  SynthesisOptions options = toy();
  options.variant = variants().back();
  REQUIRE(options.variant.name == "720x720_5s_fp8");
  synthesise(folder.path().string(), options, ignore_progress);
  const auto tensors = weights::open_tensors(folder.file("Ovi/model_fp8_e4m3fn.safetensors")).tensors;
  CHECK((tensors.at("video_model.blocks.0.ffn.0.weight").scalar_type() == at::kFloat8_e4m3fn));
  CHECK((tensors.at("video_model.blocks.0.ffn.0.bias").scalar_type() == at::kBFloat16));
  CHECK((tensors.at("audio_model.blocks.2.self_attn.norm_q.weight").scalar_type() == at::kBFloat16));
  CHECK(inspect_folder(folder.path().string())->variants == std::vector<std::string>{"720x720_5s_fp8"});
}

TEST_CASE("synthesis: files that are there are kept unless told otherwise, and then nothing of another scale stays") {
  const test::TemporaryFolder folder;
  make_folder(folder.file("MMAudio/ext_weights"));
  write_file_atomically(folder.file("MMAudio/ext_weights/v1-16.pth"), "published");
  CHECK_THROWS_WITH_AS(synthesise(folder.path().string(), toy(), ignore_progress),
                       doctest::Contains("v1-16.pth is there already"), InvalidRequest);
  CHECK(files_below(folder.path().string()) == 1);
  SynthesisOptions replacing = toy();
  replacing.overwrite = true;
  synthesise(folder.path().string(), replacing, ignore_progress);
  CHECK(files_below(folder.path().string()) == 10);
  CHECK(read_file(folder.file("MMAudio/ext_weights/v1-16.pth")) == read_file(toy_folder() + "/" + kAudioVaeFile));
}

TEST_CASE("synthesis: towers of another variant are not left beside sizes that are not theirs") {
  const test::TemporaryFolder folder;
  fs::create_directories(folder.path() / "Ovi");
  std::ofstream(folder.file("Ovi/model_960x960.safetensors")) << "somebody's weights";
  SynthesisOptions replacing = toy();
  replacing.overwrite = true;
  CHECK_THROWS_WITH_AS(synthesise(folder.path().string(), replacing, ignore_progress),
                       doctest::Contains("model_960x960.safetensors is there already"), InvalidRequest);
  CHECK(files_below(folder.path().string()) == 1);
}

TEST_CASE("configurations: a folder without JSON has the published sizes, one that lies about them is refused") {
  const test::TemporaryFolder folder;
  const std::string root = folder.path().string();
  FolderConfig published, read = read_folder_config(root);
  CHECK(write_json(read.towers.video.fields()) == write_json(published.towers.video.fields()));
  CHECK(write_json(read.towers.audio.fields()) == write_json(published.towers.audio.fields()));
  CHECK(write_json(read.text.fields()) == write_json(published.text.fields()));
  CHECK(write_json(read.video_vae.fields()) == write_json(published.video_vae.fields()));
  CHECK(write_json(read.audio_vae.fields()) == write_json(published.audio_vae.fields()));
  CHECK(write_json(read.vocoder.fields()) == write_json(published.vocoder.fields()));
  const std::pair<const char*, const char*> faults[] = {
      {kVideoConfigFile, R"({"num_layers": 1000000000})"}, {kVideoConfigFile, R"({"patch_size": [1, 4611686018427387904, 2]})"},
      {wan22::kTextConfigFile, R"({"dim_ffn": 9223372036854775807})"}, {wan22::kVaeConfigFile, R"({"dim_mult": [1, 2, 4, 1099511627776]})"},
      {kSoundConfigFile, R"({"bigvgan": {"upsample_kernel_sizes": [-9223372036854775808]}})"},
      {kSoundConfigFile, R"({"bigvgan": {"resblock_dilations": [4611686018427387904]}})"}, {kSoundConfigFile, "[]"}};
  for (const auto& [file, content] : faults) {
    CAPTURE(content);
    const std::string path = root + "/" + file;
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << content;
    CHECK_THROWS_AS(read_folder_config(root), InvalidRequest);
    fs::remove(path);
  }
}

TEST_CASE("synthesis: stopped, it leaves whole files only; progress grows to its end") {
  const test::TemporaryFolder stopped, whole;
  const Observer until_text = [](const ProgressEvent& event) { return event.detail.find("models_t5") == std::string::npos; };
  CHECK_THROWS_AS(synthesise(stopped.path().string(), toy(), until_text), Cancelled);
  CHECK(files_below(stopped.path().string()) == 6);  // five of JSON and the towers
  CHECK(read_file(stopped.file("Ovi/model.safetensors")) == read_file(toy_folder() + "/Ovi/model.safetensors"));

  std::vector<ProgressEvent> events;
  synthesise(whole.path().string(), toy(), [&](const ProgressEvent& event) {
    events.push_back(event);
    return true;
  });
  REQUIRE(events.size() > 1000);
  for (size_t i = 1; i < events.size(); ++i) CHECK(events[i].done >= events[i - 1].done);
  CHECK(events[events.size() - 2].done < events.back().total);
  CHECK(events.back().done == events.back().total);
}

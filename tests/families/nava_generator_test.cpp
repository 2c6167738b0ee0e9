// NAVA behind the pipeline's interface, on a folder in its published layout that is put together from the tiny goldens of its
// parts: backbone (nava-tiny), text encoder and video autoencoder (ovi-tiny, which uses the same), sound (ltx-audio-tiny) and
// voices (redimnet-tiny).
#include <cmath>
#include <filesystem>

#include "families/nava_goldens.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/families/nava/checkpoint.h"
#include "phonofilm/families/nava/film_spec.h"
#include "phonofilm/families/nava/inspection.h"
#include "phonofilm/families/nava/plan.h"
#include "phonofilm/families/nava/sound.h"
#include "phonofilm/families/nava/synthesis.h"
#include "phonofilm/families/nava/voices.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/families/wan22.h"
#include "phonofilm/tensor/random.h"

using namespace phonofilm;
using namespace phonofilm::test;
using diffusion::JointLatent;
using families::ClipRequest;
using families::ClipSpec;
using families::Prompt;

namespace {

namespace fs = std::filesystem;

// One token per letter, the voice sentinel as one token, and an end mark: the toy text encoder knows some hundred tokens.
families::TokenizeFn letters(const std::string&, std::int64_t longest) {
  return [longest](const std::string& text) {
    std::vector<std::int64_t> ids;
    const std::string sentinel = nava::kVoiceSentinel;
    for (size_t at = 0; at < text.size() && std::int64_t(ids.size()) + 1 < longest;) {
      const bool voice = text.compare(at, sentinel.size(), sentinel) == 0;
      ids.push_back(voice ? 2 : 3 + std::int64_t(static_cast<unsigned char>(text[at])) % 60);
      at += voice ? sentinel.size() : 1;
    }
    ids.push_back(1);
    return ids;
  };
}

// Links, because nothing writes to them.
struct TinyFolder {
  TemporaryFolder folder;
  TinyFolder() {
    const std::string wan = testdata("goldens/ovi-tiny/Wan2.2-TI2V-5B/");
    link(nava_golden("NAVA.safetensors"), "NAVA.safetensors");
    link(nava_golden("config.json"), nava::kConfigFile);
    for (const char* name : {"models_t5_umt5-xxl-enc-bf16.pth", "Wan2.2_VAE.pth", "t5.json", "vae.json"}) {
      link(wan + name, std::string("Wan2.2-TI2V-5B/") + name);
    }
    link(testdata("goldens/ltx-audio-tiny/ltx-2.3-audio_vae.safetensors"), nava::kSoundFile);
    link(testdata("goldens/redimnet-tiny/M-vb2+vox2+cnc-ft_mix.pt"), nava::kSpeakerFile);
    link(nava_golden("config.json"), wan22::kTokenizerFile);  // not read by this test
  }
  void link(const std::string& source, const std::string& name) const {
    const fs::path path = folder.path() / name;
    fs::create_directories(path.parent_path());
    fs::create_symlink(source, path);
  }
  std::string root() const { return folder.path().string(); }
  std::unique_ptr<families::Generator> load(families::LoadOptions options = {}) const {
    options.open_tokenizer = letters;
    return families::load_generator(root(), options);
  }
};

ClipRequest tiny_clip() { return {.seconds = 9.0 / 24, .height = 64, .width = 96}; }

Tensor voice(std::uint64_t seed, double seconds = 1.5) {
  return 0.1 * randn({1, std::int64_t(seconds * 16000)}, make_generator(seed));
}

JointLatent noise_of(const families::Generator& model, const ClipSpec& spec) {
  const auto shape = model.latent_shape(spec);
  const at::Generator generator = make_generator(3);
  JointLatent noise;
  if (spec.has_video()) noise.video = randn(shape.video, generator);
  if (spec.has_audio()) noise.audio = randn(shape.audio, generator);
  return noise;
}

JointLatent velocity_of(const families::Generator& model, const Prompt& prompt, const ClipRequest& request = tiny_clip(),
                        const nn::RunContext& run = {}) {
  const at::NoGradGuard no_grad;
  const ClipSpec spec = model.clip_spec(request);
  const auto conditioning = model.encode(prompt, spec, run);
  return model.velocity(*conditioning, model.info().sampling, run)(noise_of(model, spec), 0.8);
}

const std::string kTwoLines = "A <S>hi<E> b <S>oh<E>";

}  // namespace

TEST_CASE("nava: a folder in the published layout makes a film with stereo sound at 48 kHz") {
  const TinyFolder tiny;
  const auto model = tiny.load();
  const ClipSpec spec = model->clip_spec(tiny_clip());
  const Prompt prompt{.text = kTwoLines, .negative = "n", .voices = {voice(1), voice(2)}};
  const auto conditioning = model->encode(prompt, spec, {});
  families::Sampling sampling = model->info().sampling;
  sampling.steps = 2;
  const auto solver = diffusion::make_solver(sampling.solver);
  const at::NoGradGuard no_grad;
  const JointLatent latent = diffusion::sample(model->velocity(*conditioning, sampling, {}), noise_of(*model, spec),
                                               model->sigmas(sampling), *solver, nullptr, nullptr);
  std::int64_t seen = 0;
  const Clip clip = model->decode(latent, spec, {}, {ignore_progress, [&](const Tensor& frames) { seen += frames.size(0); }});
  CHECK(clip.frames.sizes() == at::IntArrayRef({9, 64, 96, 3}));
  CHECK(seen == 9);
  CHECK(clip.waveform.sizes() == at::IntArrayRef({2, 480 * (4 * 10 - 3)}));  // 10 tokens for 0.375 s
  CHECK(clip.sample_rate == 48000);
  CHECK(clip.waveform.abs().max().item<double>() == doctest::Approx(0.95).epsilon(1e-4));
  CHECK(conditioning->notices.empty());
}

TEST_CASE("nava: the codecs of a given film, and its first frame held clean") {
  const TinyFolder tiny;
  const auto model = tiny.load();
  const ClipSpec spec = model->clip_spec(tiny_clip());
  Clip clip;
  clip.frames = at::full({9, 64, 96, 3}, 90, at::kByte);
  clip.waveform = voice(5, 9.0 / 24);
  clip.sample_rate = 16000;
  const JointLatent latent = model->encode_clip(clip, {});
  const auto shape = model->latent_shape(spec);
  CHECK(latent.video.sizes() == at::IntArrayRef(shape.video));
  CHECK(latent.audio.sizes() == at::IntArrayRef(shape.audio));

  const Prompt prompt{.text = "A cat", .image = clip.frames[0]};
  const auto conditioning = model->encode(prompt, spec, {});
  JointLatent noise = noise_of(*model, spec);
  model->hold(*conditioning, noise);
  const Tensor held = noise.video.narrow(2, 0, 1).clone();
  JointLatent other = noise_of(*model, spec);
  other.video.zero_();
  model->hold(*conditioning, other);
  CHECK(at::equal(other.video.narrow(2, 0, 1), held));
  CHECK(other.video.narrow(2, 1, 2).abs().max().item<double>() == 0);
}

TEST_CASE("nava: voices change the film, and, as published, the backbone does not know which is whose") {
  const TinyFolder tiny;
  const auto model = tiny.load();
  const JointLatent plain = velocity_of(*model, {.text = kTwoLines});
  const JointLatent ab = velocity_of(*model, {.text = kTwoLines, .voices = {voice(1), voice(2)}});
  const JointLatent ba = velocity_of(*model, {.text = kTwoLines, .voices = {voice(2), voice(1)}});
  const JointLatent a = velocity_of(*model, {.text = kTwoLines, .voices = {voice(1), Tensor()}});
  CHECK((ab.audio - plain.audio).norm().item<double>() > 1e-3 * plain.audio.norm().item<double>());
  CHECK((ab.audio - a.audio).norm().item<double>() > 1e-3 * plain.audio.norm().item<double>());
  expect_close(ba.audio, ab.audio, 1e-5, "voices exchanged: sound");
  expect_close(ba.video, ab.video, 1e-5, "voices exchanged: picture");
}

TEST_CASE("nava: bfloat16, streamed weights and float8 matrices give nearly the same velocity") {
  const TinyFolder tiny;
  const Prompt prompt{.text = kTwoLines, .voices = {voice(1), voice(2)}};
  const JointLatent exact = velocity_of(*tiny.load(), prompt);
  const auto error = [&](const families::LoadOptions& options, at::ScalarType dtype) {
    nn::RunContext run;
    run.dtype = dtype;
    const JointLatent other = velocity_of(*tiny.load(options), prompt, tiny_clip(), run);
    return ((other.audio - exact.audio).norm() / exact.audio.norm()).item<double>();
  };
  CHECK(error({.memory = nn::MemoryMode::stream}, at::kFloat) == 0);
  CHECK(error({.dtype = at::kBFloat16}, at::kBFloat16) < 0.06);  // guidance multiplies the difference of passes
  CHECK(error({.storage = nn::LinearStorage::int8}, at::kFloat) < 0.1);
}

// As NAVA_fp8.safetensors is described: matrices of the blocks in float8, a bfloat16 scale per row, the rest bfloat16.
TEST_CASE("nava: the float8 file") {
  const TinyFolder tiny;
  weights::TensorMap tensors;
  const auto source = weights::SafetensorsFile::open(nava_golden("NAVA.safetensors"));
  int matrices = 0;
  for (const auto& [name, tensor] : source.tensors()) {
    const bool matrix = name.find("_blocks.") != std::string::npos && tensor.dim() == 2 && name.ends_with(".weight");
    tensors[name] = matrix ? tensor : tensor.to(at::kBFloat16);
    if (!matrix) continue;
    ++matrices;
    const Tensor scale = (tensor.abs().amax(1) / 448).clamp_min(1e-12).to(at::kBFloat16);
    tensors[name] = (tensor / scale.to(at::kFloat).unsqueeze(1)).to(at::kFloat8_e4m3fn);
    tensors[name.substr(0, name.size() - 6) + "weight_scale"] = scale;
  }
  CHECK(matrices == 2 * 18 + 3 * 10);
  weights::save_safetensors(tiny.folder.file("NAVA_fp8.safetensors"), tensors, {});
  const Prompt prompt{.text = "A cat"};
  const JointLatent exact = velocity_of(*tiny.load(), prompt), float8 = velocity_of(*tiny.load({.variant = "nava_fp8"}), prompt);
  CHECK(((float8.video - exact.video).norm() / exact.video.norm()).item<double>() < 0.15);
  CHECK(tiny.load({.variant = "nava_fp8"})->info().variant == "nava_fp8");
}

TEST_CASE("nava: a backbone without voices makes films, and takes none") {
  const TinyFolder tiny;
  weights::TensorMap tensors;
  const auto source = weights::SafetensorsFile::open(nava_golden("NAVA.safetensors"));
  for (const auto& [name, tensor] : source.tensors()) {
    if (name.find("speaker_embedding") == std::string::npos) tensors[name] = tensor;
  }
  auto config = load_json(nava_golden("config.json"));
  config["add_spk_emb"] = false;
  for (const char* file : {"NAVA.safetensors", nava::kConfigFile}) fs::remove(tiny.folder.path() / file);
  weights::save_safetensors(tiny.folder.file("NAVA.safetensors"), tensors, {});
  save_json(tiny.folder.file(nava::kConfigFile), config);
  const auto model = tiny.load();
  CHECK_FALSE(model->info().takes_voices);
  CHECK_FALSE(model->info().sampling.guidance.use_timbre);
  CHECK_NOTHROW(velocity_of(*model, {.text = kTwoLines}));
}

TEST_CASE("nava: one negative prompt for the whole film, and a notice about the other") {
  const TinyFolder tiny;
  const auto model = tiny.load();
  const auto notices = [&](const ClipRequest& request, const std::string& picture, const std::string& sound) {
    return model->encode({.text = "a", .negative = picture, .negative_audio = sound}, model->clip_spec(request), {})->notices.size();
  };
  const std::string &picture = model->info().negative_video, &sound = model->info().negative_audio;
  ClipRequest alone = tiny_clip();
  alone.video = false;
  CHECK(notices(tiny_clip(), "mine", sound) == 0);
  CHECK(notices(tiny_clip(), picture, "mine") == 1);
  CHECK(notices(alone, picture, "mine") == 0);
  CHECK(notices(alone, "mine", sound) == 1);
  const JointLatent a = velocity_of(*model, {.text = "a", .negative = "one", .negative_audio = sound});
  const JointLatent b = velocity_of(*model, {.text = "a", .negative = "two", .negative_audio = sound});
  CHECK((a.audio - b.audio).norm().item<double>() > 1e-4);
}

TEST_CASE("nava: what is missing or not there is said at once") {
  const TinyFolder tiny;
  fs::remove(tiny.folder.path() / nava::kSpeakerFile);
  const auto model = tiny.load();
  CHECK_NOTHROW(velocity_of(*model, {.text = kTwoLines}));
  CHECK_THROWS_WITH_AS(velocity_of(*model, {.text = kTwoLines, .voices = {voice(1)}}), doctest::Contains(nava::kSpeakerFile),
                       InvalidRequest);
  CHECK_THROWS_WITH_AS(tiny.load({.variant = "nava_fp8"}), doctest::Contains("not there"), CheckpointError);
  CHECK_THROWS_WITH_AS(tiny.load({.variant = "nawa"}), doctest::Contains("nava"), InvalidRequest);
  families::Sampling sampling = model->info().sampling;
  sampling.skip_layer = 3;
  CHECK_THROWS_AS(model->check(sampling), InvalidRequest);
}

TEST_CASE("nava: inspection names every part, and why one cannot be used") {
  const TinyFolder tiny;
  auto report = nava::inspect_folder(tiny.root());
  REQUIRE(report);
  CHECK(report->variants == std::vector<std::string>{"nava"});
  for (const auto& part : report->parts) {
    CAPTURE(part.name);
    CAPTURE(join(part.problems, "\n"));
    CHECK(part.usable());
  }
  CHECK(report->parts.size() == 6);
  CHECK(report->complete());
  fs::remove(tiny.folder.path() / nava::kSpeakerFile);
  CHECK(nava::inspect_folder(tiny.root())->complete());  // voices alone need it
  save_json(tiny.folder.file("wrong.json"), {{"dim", 192}});
  fs::remove(tiny.folder.path() / nava::kConfigFile);
  fs::rename(tiny.folder.path() / "wrong.json", tiny.folder.path() / nava::kConfigFile);
  report = nava::inspect_folder(tiny.root());
  CHECK_FALSE(report->parts[0].usable());
  CHECK_FALSE(report->complete());
  CHECK_FALSE(nava::inspect_folder(testdata("goldens/ovi-tiny")));
}

TEST_CASE("nava: sizes and lengths") {
  const auto spec = [](const ClipRequest& request) { return nava::film_spec(request); };
  const ClipSpec usual = spec({});
  CHECK(usual.frames == 145);
  CHECK(usual.height == 704);
  CHECK(usual.width == 1280);
  CHECK(nava::latent_frames(usual.frames) == 37);
  CHECK(nava::audio_tokens(usual.samples) == 152);
  CHECK(nava::audio_tokens(spec({.seconds = 10}).samples) == 252);
  CHECK(spec({.seconds = 10}).frames == 241);
  CHECK(nava::audio_tokens(spec({.video = false}).samples) == 152);
  CHECK(nava::audio_tokens(spec({.seconds = 5, .video = false}).samples) == 125);
  CHECK(spec({.video = false}).frames == 0);
  CHECK(spec({.audio = false}).samples == 0);
  CHECK_THROWS_WITH_AS(spec({.height = 700, .width = 1280}), doctest::Contains("704x1280"), InvalidRequest);
  CHECK_THROWS_AS(spec({.seconds = 30}), InvalidRequest);
  CHECK_THROWS_AS(spec({.video = false, .audio = false}), InvalidRequest);

  const auto size = [](std::int64_t height, std::int64_t width) {
    const nava::PictureSize s = nava::size_for_image({height, width});
    return std::pair(s.height, s.width);
  };
  CHECK(size(1080, 1920) == std::pair<std::int64_t, std::int64_t>(704, 1280));
  CHECK(size(1920, 1080) == std::pair<std::int64_t, std::int64_t>(1280, 704));
  CHECK(size(500, 500) == std::pair<std::int64_t, std::int64_t>(960, 960));
  CHECK(size(480, 640) == std::pair<std::int64_t, std::int64_t>(832, 1088));
  CHECK(size(100, 1000) == std::pair<std::int64_t, std::int64_t>(608, 1536));
  // A picture that was cut to its size keeps it.
  for (const auto& [h, w] : {std::pair{864, 1056}, {832, 1088}, {736, 1184}, {704, 1280}, {672, 1344}, {608, 1536}}) {
    CHECK(size(h, w) == std::pair<std::int64_t, std::int64_t>(h, w));
    CHECK(size(w, h) == std::pair<std::int64_t, std::int64_t>(w, h));
  }
}

TEST_CASE("nava: marks of voices") {
  CHECK(nava::with_voice_marks("a <S>b<E> <S>c<E>") == "a <S><extra_id_2>b<E> <S><extra_id_2>c<E>");
  CHECK(nava::with_voice_marks(nava::with_voice_marks("<S>b<E>")) == "<S><extra_id_2>b<E>");
  CHECK(nava::with_voice_marks("nobody speaks") == "nobody speaks");
  CHECK(nava::with_voice_marks("<extra_id_2>a <S> <extra_id_2>b<E>") == "a <S><extra_id_2> b<E>");  // strays shift no voice
  CHECK(nava::count_spoken_lines("a <S>b<E> <S>c<E>") == 2);
  const auto tokenize = letters("", 100);
  CHECK(nava::voice_positions(tokenize(nava::with_voice_marks("a<S>b<E><S>")), tokenize) == std::vector<std::int64_t>{4, 12});
}

TEST_CASE("nava: voices and spoken lines") {
  std::vector<std::string> notices;
  const auto bind = [&](const std::vector<Tensor>& voices, const std::vector<std::int64_t>& positions) {
    notices.clear();
    const nava::SpokenLines lines{positions, std::int64_t(positions.size())};
    return nava::bind_voices(voices, lines, 4, [](const Tensor& w) { return at::full({4}, w.size(1)); }, notices);
  };
  CHECK_FALSE(bind({}, {3}).embeddings.defined());
  CHECK_THROWS_WITH_AS(bind({voice(1)}, {}), doctest::Contains("<S>"), InvalidRequest);
  CHECK(bind({voice(1)}, {3}).embeddings.size(0) == 1);
  CHECK(notices.empty());
  CHECK(bind({voice(1)}, {3, 9}).embeddings.size(0) == 1);  // one for all
  CHECK(notices.size() == 1);
  const nava::Voices skipped = bind({Tensor(), voice(1)}, {3, 9, 12});
  CHECK(skipped.embeddings.size(0) == 3);
  CHECK(skipped.embeddings[0].abs().max().item<double>() == 0);
  CHECK(skipped.embeddings[2].abs().max().item<double>() == 0);
  CHECK(bind({voice(1), voice(2)}, {3}).embeddings.size(0) == 1);
  CHECK(notices.at(0).find("not used") != std::string::npos);
  CHECK_THROWS_WITH_AS(nava::bind_voices({voice(1)}, {{}, 2}, 4, nullptr, notices), doctest::Contains("lie beyond"), InvalidRequest);
  CHECK_THROWS_WITH_AS(bind({voice(1), voice(2, 0.01)}, {3, 9}), doctest::Contains("voice 2"), InvalidRequest);
  bind({voice(1, 0.5)}, {3});
  CHECK(notices.at(0).find("0.5 s") != std::string::npos);
  bind({at::zeros({1, 32000})}, {3});
  CHECK(notices.at(0).find("silent") != std::string::npos);
}

TEST_CASE("nava: sound is as loud as it may be, and silence is left alone") {
  CHECK(nava::finished_sound(at::full({2, 10}, 0.1)).max().item<double>() == doctest::Approx(0.95));
  CHECK(nava::finished_sound(at::full({2, 10}, 3.0)).max().item<double>() == doctest::Approx(0.95));
  CHECK(nava::finished_sound(at::full({2, 10}, 1e-5)).max().item<double>() == doctest::Approx(1e-5));
}

TEST_CASE("nava: noise as its publisher draws it") {
  const TinyFolder tiny;
  const auto model = tiny.load();
  const ClipSpec spec = model->clip_spec(tiny_clip());
  const JointLatent noise = model->reference_noise(spec, 100);
  const at::Generator generator = make_generator(100);
  const Tensor video = randn({3, 4, 6, 48}, generator), audio = randn({10, 128}, generator);
  CHECK(at::equal(noise.video[0][7][2][3], video[2][3].select(1, 7)));
  CHECK(at::equal(noise.audio[0][9], audio.select(1, 9)));
}

TEST_CASE("nava: the plan of a full-size film") {
  const nava::NavaConfig config;
  const auto shape = families::Generator::LatentShape{{1, 48, 37, 44, 80}, {1, 128, 152}};
  diffusion::GuidanceScales scales;
  scales.use_timbre = true;
  const families::WorkPlan plan = nava::plan_work("no such folder", config, {}, shape, scales);
  CHECK(plan.video_tokens == 32560);
  CHECK(plan.audio_tokens == 152);
  CHECK(plan.passes == 4);
  // 5.66e9 weights of block matrices, of which keys and values of the text are not used per token; 32712 tokens attend to each other.
  const double tokens = 32712, products = 2 * tokens * 30 * (6 * 3072. * 3072 + 2 * 3072. * 14336);
  const double attention = 4 * 3072. * 30 * (tokens * tokens + tokens * 512);
  CHECK(nava::pass_flop(config, 32560, 152, false) == doctest::Approx(products + attention));
  CHECK(nava::pass_flop(config, 32560, 152, true) < nava::pass_flop(config, 32560, 152, false));
  const double deaf = attention - 4 * 3072. * 30 * 2 * 32560 * 152;  // no pairs of a picture's and a sound's token
  CHECK(plan.step_flop == doctest::Approx(4 * products + 3 * attention + deaf).epsilon(1e-9));
}

TEST_CASE("nava: random weights in the published layout") {
  constexpr families::Scale toy = families::Scale::toy, full = families::Scale::full;
  // Backbone in float32; UMT5-XXL and the sound's file in bfloat16; the video autoencoder and the speaker encoder in float32.
  const double expected = 4 * 6'296'995'520.0 + 2 * (5'680'910'336.0 + 182'333'690 - 256) + 4 * (704'688'668.0 + 4'260'139);
  CHECK(nava::synthesis_bytes({.scale = full}) == doctest::Approx(expected).epsilon(1e-5));
  const TemporaryFolder folder;
  const std::string root = folder.path().string();
  nava::synthesise(root, {.scale = toy, .seed = 4}, ignore_progress);
  const auto report = nava::inspect_folder(root);
  for (const auto& part : report->parts) {
    CAPTURE(part.name);
    CAPTURE(join(part.problems, "\n"));
    CHECK(part.usable() == (part.name != "tokenizer"));
  }
  CHECK_THROWS_AS(nava::synthesise(root, {.scale = toy}, ignore_progress), InvalidRequest);
  const std::string first = read_file(root + "/NAVA.safetensors");
  nava::synthesise(root, {.scale = toy, .seed = 4, .overwrite = true}, ignore_progress);
  CHECK(read_file(root + "/NAVA.safetensors") == first);
  // The sound that its decoder and vocoder make of tokens is neither silence nor clipped.
  const Tensor sound = nava::decode_sound(root + "/" + nava::kSoundFile, randn({1, 128, 6}, make_generator(1)));
  CHECK(at::isfinite(sound).all().item<bool>());
  CHECK(sound.abs().max().item<double>() == doctest::Approx(0.95).epsilon(1e-4));
}

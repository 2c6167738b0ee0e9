// NAVA behind the pipeline's interface, on a folder in its published layout that is put together from the tiny goldens
// of its parts: backbone (nava-tiny), text encoder and video autoencoder (ovi-tiny, which uses the same), sound
// (ltx-audio-tiny) and voices (redimnet-tiny).
#include <cmath>
#include <filesystem>

#include "families/nava_films.h"
#include "families/nava_goldens.h"
#include "families/usual_film.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/prompt_marks.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/dsp/resample.h"
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
#include "phonofilm/weights/torch_archive_writer.h"
#include "support/float8_nava.h"

using namespace phonofilm;
using namespace phonofilm::test;
using diffusion::JointLatent;
using families::ClipRequest;
using families::ClipSpec;
using families::Prompt;

namespace fs = std::filesystem;

TEST_CASE("nava: a folder in the published layout makes a film with stereo sound at 48 kHz") {
  const NavaFolder tiny;
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
  const Clip clip =
      model->decode(latent, spec, {}, {ignore_progress, [&](const Tensor& frames) { seen += frames.size(0); }});
  CHECK(clip.frames.sizes() == at::IntArrayRef({9, 64, 96, 3}));
  CHECK(seen == 9);
  CHECK(clip.waveform.sizes() == at::IntArrayRef({2, 480 * (4 * 10 - 3)}));  // 10 tokens for 0.375 s
  CHECK(clip.sample_rate == 48000);
  CHECK(clip.waveform.abs().max().item<double>() == doctest::Approx(0.95).epsilon(1e-4));
  CHECK(conditioning->notices.empty());
}

TEST_CASE("nava: the codecs of a given film, and its first frame held clean") {
  const NavaFolder tiny;
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
  conditioning->clean.impose_on(noise);
  const Tensor held = noise.video.narrow(2, 0, 1).clone();
  JointLatent other = noise_of(*model, spec);
  other.video.zero_();
  conditioning->clean.impose_on(other);
  CHECK(at::equal(other.video.narrow(2, 0, 1), held));
  CHECK(other.video.narrow(2, 1, 2).abs().max().item<double>() == 0);
}

TEST_CASE("nava: voices change the film, and, as published, the backbone does not know which is whose") {
  const NavaFolder tiny;
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
  const NavaFolder tiny;
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

TEST_CASE("nava: the float8 file") {
  const NavaFolder tiny;
  const auto tensors = as_float8_nava(weights::SafetensorsFile::open(nava_golden("NAVA.safetensors")).tensors());
  const auto is_scale = [](const auto& entry) { return entry.first.ends_with(".weight_scale"); };
  CHECK(std::count_if(tensors.begin(), tensors.end(), is_scale) == 2 * 18 + 3 * 10);
  weights::save_safetensors(tiny.file("NAVA_fp8.safetensors"), tensors, {});
  const Prompt prompt{.text = "A cat"};
  const JointLatent exact = velocity_of(*tiny.load(), prompt),
                    float8 = velocity_of(*tiny.load({.variant = "nava_fp8"}), prompt);
  CHECK(((float8.video - exact.video).norm() / exact.video.norm()).item<double>() < 0.15);
  CHECK(tiny.load({.variant = "nava_fp8"})->info().variant == "nava_fp8");
}

TEST_CASE("nava: a backbone without voices makes films, and takes none") {
  const NavaFolder tiny;
  weights::TensorMap tensors;
  const auto source = weights::SafetensorsFile::open(nava_golden("NAVA.safetensors"));
  for (const auto& [name, tensor] : source.tensors()) {
    if (name.find("speaker_embedding") == std::string::npos) tensors[name] = tensor;
  }
  auto config = load_json(nava_golden("config.json"));
  config["add_spk_emb"] = false;
  for (const char* file : {"NAVA.safetensors", nava::kConfigFile}) tiny.remove(file);
  weights::save_safetensors(tiny.file("NAVA.safetensors"), tensors, {});
  save_json(tiny.file(nava::kConfigFile), config);
  const auto model = tiny.load();
  CHECK_FALSE(model->info().takes_voices);
  CHECK_FALSE(nava::inspect_folder(tiny.root())->takes_voices);
  CHECK_FALSE(model->info().sampling.guidance.use_timbre);
  CHECK_NOTHROW(velocity_of(*model, {.text = kTwoLines}));
}

TEST_CASE("nava: one negative prompt for the whole film, and a notice about the other") {
  const NavaFolder tiny;
  const auto model = tiny.load();
  const auto notices = [&](const ClipRequest& request, const std::string& picture, const std::string& sound) {
    return model->encode({.text = "a", .negative = picture, .negative_audio = sound}, model->clip_spec(request), {})
        ->notices.size();
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
  const NavaFolder tiny;
  tiny.remove(nava::kSpeakerFile);
  const auto model = tiny.load();
  CHECK_NOTHROW(velocity_of(*model, {.text = kTwoLines}));
  CHECK_THROWS_WITH_AS(velocity_of(*model, {.text = kTwoLines, .voices = {voice(1)}}),
                       doctest::Contains(nava::kSpeakerFile), InvalidRequest);
  CHECK_THROWS_WITH_AS(tiny.load({.variant = "nava_fp8"}), doctest::Contains("not there"), CheckpointError);
  CHECK_THROWS_WITH_AS(tiny.load({.variant = "nawa"}), doctest::Contains("nava"), InvalidRequest);
  families::Sampling sampling = model->info().sampling;
  sampling.skip_layer = 3;
  CHECK_THROWS_AS(model->check(sampling), InvalidRequest);
}

TEST_CASE("nava: inspection names every part, and why one cannot be used") {
  const NavaFolder tiny;
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
  CHECK(report->keeps_films);
  CHECK(report->takes_voices);
  expect_usual_film(report->films.at(0), *tiny.load());
  tiny.remove(nava::kSpeakerFile);
  report = nava::inspect_folder(tiny.root());
  CHECK(report->complete());  // voices alone need it
  CHECK_FALSE(report->takes_voices);
  save_json(tiny.file("wrong.json"), {{"dim", 192}});
  tiny.remove(nava::kConfigFile);
  fs::rename(tiny.file("wrong.json"), tiny.file(nava::kConfigFile));
  report = nava::inspect_folder(tiny.root());
  CHECK_FALSE(report->parts[0].usable());
  CHECK_FALSE(report->complete());
  CHECK_FALSE(nava::inspect_folder(testdata("goldens/ovi-tiny")));
}

TEST_CASE("nava: a trainer's checkpoint, under any name and with any of its prefixes") {
  const weights::TensorMap published = weights::SafetensorsFile::open(nava_golden("NAVA.safetensors")).tensors();
  const JointLatent expected = velocity_of(*NavaFolder().load(), {.text = "A cat"});
  const auto check = [&](const std::string& file, const std::string& prefix, const std::string& beside) {
    const NavaFolder tiny;
    tiny.remove("NAVA.safetensors");
    std::vector<weights::TensorSpec> specs;
    weights::TensorMap tensors;
    for (const auto& [name, tensor] : published) {
      tensors[prefix + name.substr(std::string("backbone.").size())] = tensor;
      if (!beside.empty()) tensors[beside + name] = tensor + 1;
    }
    for (const auto& [name, tensor] : tensors)
      specs.push_back({name, tensor.scalar_type(), Shape(tensor.sizes().vec())});
    weights::write_torch_archive(tiny.file(file), specs,
                                 [&](const weights::TensorSpec& spec) { return tensors.at(spec.name); });
    const auto model = tiny.load();
    CHECK(model->info().variant == "nava_ckpt");
    CHECK(at::equal(velocity_of(*model, {.text = "A cat"}).video, expected.video));
    const auto report = nava::inspect_folder(tiny.root());
    CHECK(report->variants == std::vector<std::string>{"nava_ckpt"});
    CHECK_MESSAGE(report->parts[0].usable(), join(report->parts[0].problems, "\n"));
  };
  check("NAVA.ckpt", "backbone.", "");
  check("step70000.ckpt", "state_dict.backbone.", "ema_state.");
  check("a.ckpt", "state_dict.", "");
  check("b.ckpt", "", "");
}

TEST_CASE("nava: of several checkpoints the one that is named so, and none of other models") {
  const NavaFolder tiny;
  tiny.remove("NAVA.safetensors");
  CHECK_FALSE(nava::looks_like_nava(tiny.root()));
  for (const char* name : {"step1.ckpt", "step2.ckpt"}) tiny.link("nava-tiny/README.md", name);
  CHECK_FALSE(nava::looks_like_nava(tiny.root()));
  CHECK_THROWS_WITH_AS(nava::choose_variant(tiny.root(), "nava_ckpt"), doctest::Contains("must have that name"),
                       CheckpointError);
  tiny.link("nava-tiny/README.md", "NAVA.ckpt");
  CHECK(nava::choose_variant(tiny.root(), "").file == "NAVA.ckpt");
  const TemporaryFolder foreign;
  write_file_atomically(foreign.file("model.ckpt"), "of something else");
  CHECK_FALSE(nava::looks_like_nava(foreign.path().string()));
}

TEST_CASE("nava: marks of voices") {
  CHECK(nava::with_voice_marks("a <S>b<E> <S>c<E>") == "a <S><extra_id_2>b<E> <S><extra_id_2>c<E>");
  CHECK(nava::with_voice_marks(nava::with_voice_marks("<S>b<E>")) == "<S><extra_id_2>b<E>");
  CHECK(nava::with_voice_marks("nobody speaks") == "nobody speaks");
  CHECK(nava::with_voice_marks("<extra_id_2>a <S> <extra_id_2>b<E>") ==
        "a <S><extra_id_2> b<E>");  // strays shift no voice
  CHECK(count_spoken_lines("a <S>b<E> <S>c<E>") == 2);
  const auto tokenize = letters("", 100);
  CHECK(nava::voice_positions(tokenize(nava::with_voice_marks("a<S>b<E><S>")), tokenize) ==
        std::vector<std::int64_t>{4, 12});
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
  CHECK_THROWS_WITH_AS(nava::bind_voices({voice(1)}, {{}, 2}, 4, nullptr, notices), doctest::Contains("lie beyond"),
                       InvalidRequest);
  CHECK_THROWS_WITH_AS(bind({voice(1), voice(2, 0.01)}, {3, 9}), doctest::Contains("voice 2"), InvalidRequest);
  bind({voice(1, 0.5)}, {3});
  CHECK(notices.at(0).find("0.5 s") != std::string::npos);
  bind({at::zeros({1, 32000})}, {3});
  CHECK(notices.at(0).find("silent") != std::string::npos);
}

TEST_CASE("nava: random weights in the published layout") {
  constexpr families::Scale toy = families::Scale::toy, full = families::Scale::full;
  // Backbone in float32; UMT5-XXL and the sound's file in bfloat16; the video autoencoder and the speaker encoder in
  // float32.
  const double expected =
      4 * 6'296'995'520.0 + 2 * (5'680'910'336.0 + 182'333'690 - 256) + 4 * (704'688'668.0 + 4'260'139);
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
  const Tensor sound = nava::decode_sound(root + "/" + nava::kSoundFile, randn({1, 128, 6}, make_generator(1)),
                                          nava::kSampleRate);
  CHECK(at::isfinite(sound).all().item<bool>());
  CHECK(sound.abs().max().item<double>() == doctest::Approx(0.95).epsilon(1e-4));
}

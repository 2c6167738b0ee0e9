// NAVA's published checkpoints behind the pipeline's Generator interface. The backbone's weights lie where
// nn/memory_plan.h puts them; text encoder, speaker encoder, autoencoders and vocoder come and go.
#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/prompt_marks.h"
#include "phonofilm/diffusion/sigma_schedule.h"
#include "phonofilm/dsp/resample.h"
#include "phonofilm/families/held_latents.h"
#include "phonofilm/families/nava/checkpoint.h"
#include "phonofilm/families/nava/family.h"
#include "phonofilm/families/nava/film_spec.h"
#include "phonofilm/families/nava/guided.h"
#include "phonofilm/families/nava/inspection.h"
#include "phonofilm/families/nava/plan.h"
#include "phonofilm/families/nava/sound.h"
#include "phonofilm/families/nava/voices.h"
#include "phonofilm/families/wan22.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/pixel_range.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/weights/tensor_file.h"

namespace phonofilm::nava {
namespace {

using diffusion::JointLatent;
using families::ClipSpec;
using families::Prompt;
using nn::RunContext;

// What the publisher has the model stay away from. Wan's list for the picture, which serves the sound of the same film
// too, and behind it the list for sound: mechanical, muffled, echoing, distorted, buzzing, popping.
constexpr const char* kNegativeSound = "机械音、闷糊、回音、失真、电流声、爆音、杂音";
constexpr const char* kNegativePicture =
    "色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，低质量，JPEG压缩残留，丑陋的，残缺的，"
    "多余的手指，画得不好的手部，画得不好的脸部，畸形的，毁容的，形态畸形的肢体，手指融合，静止不动的画面，杂乱的背景，三条腿，背景人很多，"
    "倒着走";

struct NavaConditioning : families::Conditioning {
  GuidedContext context;
};

class NavaGenerator : public families::Generator {
 public:
  NavaGenerator(const std::string& root, const families::LoadOptions& options)
      : root_(root), variant_(choose_variant(root, options.variant)), open_tokenizer_(options.open_tokenizer),
        backbone_(read_backbone_config(root)) {
    const std::string path = root + "/" + variant_.file;
    // The published file is float32, twice what its matrix products use.
    const nn::Storage storage = options.dtype == at::kBFloat16 ? nn::Storage{at::kBFloat16, options.storage}
                                                               : nn::Storage{nn::kStoredDtype, options.storage};
    weights::TensorMap tensors = with_own_names(weights::open_tensors(path).tensors, path);
    families::add_loras(tensors, options.loras, kBackbonePrefix);
    backbone_.load(std::move(tensors), path, kBackbonePrefix, storage);
    placement_ = nn::place_weights(backbone_, backbone_.blocks(), {.mode = options.memory});
    fill_info();
    info_.loras = families::lora_names(options.loras);
  }

  const families::ModelInfo& info() const override { return info_; }

  void check(const families::Sampling& sampling) const override {
    PF_CHECK(sampling.skip_layer == 0, InvalidRequest, "generate",
             "NAVA has no skip-layer guidance; leave the skip layer out");
  }

  ClipSpec clip_spec(const families::ClipRequest& request) const override { return film_spec(request); }

  LatentShape latent_shape(const ClipSpec& spec) const override {
    LatentShape shape;
    constexpr std::int64_t space = autoencoders::kWan22SpaceStride;
    const NavaConfig& c = backbone_.config();
    const std::int64_t h = spec.height / space, w = spec.width / space;
    if (spec.has_video()) shape.video = {1, c.vid_in_dim, latent_frames(spec.frames), h, w};
    if (spec.has_audio()) shape.audio = {1, c.audio_in_dim, audio_tokens(spec)};
    return shape;
  }

  std::vector<double> sigmas(const families::Sampling& s) const override {
    if (s.solver == "unipc") return diffusion::wan_unipc_sigmas(s.steps, s.shift);
    if (s.solver == "euler") return diffusion::nava_euler_sigmas(s.steps, s.shift);
    return diffusion::linear_sigmas(s.steps, s.shift);
  }

  void check(const Prompt& prompt, const ClipSpec& spec) const override {
    require_parts(prompt, spec);
    if (!wants_voices(prompt, spec)) return;
    const auto tokenize = wan22::open_tokenizer(open_tokenizer_, root_, backbone_.config().text_len);
    check_voices(prompt.voices, lines_of(prompt, tokenize(with_voice_marks(prompt.text)), tokenize));
  }

  std::unique_ptr<families::Conditioning> encode(const Prompt& prompt, const ClipSpec& spec, const RunContext& run,
                                                 const Observer& observer) const override {
    const at::NoGradGuard no_grad;
    require_parts(prompt, spec);
    auto conditioning = std::make_unique<NavaConditioning>();
    note_long_sound(spec, conditioning->notices);
    const std::int64_t longest = backbone_.config().text_len;
    const auto tokenize = wan22::open_tokenizer(open_tokenizer_, root_, longest);
    const std::vector<std::int64_t> ids = tokenize(with_voice_marks(prompt.text));
    const Voices voices = voices_of(prompt, spec, lines_of(prompt, ids, tokenize), conditioning->notices);
    const auto negative = tokenize(negative_of(prompt, spec, conditioning->notices));
    const std::vector<Tensor> rows = wan22::encode_tokens(root_, {ids, negative}, longest, run, observer);
    conditioning->context = prepare_guided(backbone_, rows[0], rows[1], voices, run, *placement_.runner);
    conditioning->clean = families::give_film(*this, prompt.kept, spec, autoencoders::kWan22TimeStride, run);
    const bool from_image = prompt.image.defined() && spec.has_video();
    if (!from_image) return conditioning;
    const Tensor frame = encode_image(prompt.image, spec, run);
    // It stays clean after the last step too, where the publisher's program leaves a trace of noise in it.
    families::hold_first_frame(frame, latent_shape(spec).video, conditioning->clean);
    return conditioning;
  }

  // As NAVA draws it: both from one generator, the picture first, each with its channels last.
  JointLatent reference_noise(const ClipSpec& spec, std::int64_t seed) const override {
    const at::Generator generator = make_generator(std::uint64_t(seed));
    const LatentShape shape = latent_shape(spec);
    JointLatent noise;
    if (spec.has_video()) {
      const Tensor x = randn({shape.video[2], shape.video[3], shape.video[4], shape.video[1]}, generator);
      noise.video = x.permute({3, 0, 1, 2}).unsqueeze(0).contiguous();
    }
    if (spec.has_audio()) {
      noise.audio = randn({shape.audio[2], shape.audio[1]}, generator).t().unsqueeze(0).contiguous();
    }
    return noise;
  }

  diffusion::VelocityFn velocity(const families::Conditioning& conditioning, const families::Sampling& sampling,
                                 const RunContext& run) const override {
    const GuidedContext& context = dynamic_cast<const NavaConditioning&>(conditioning).context;
    const bool whole_times = sampling.solver != "euler";  // the multistep scheduler gives the model integers
    // Tables of positions are worked out in the first step and serve all.
    const auto layout = std::make_shared<TokenLayout>();
    return [this, &context, &held = conditioning.clean.held, layout, whole_times, asked = sampling.guidance, run](
               const JointLatent& latent, double sigma) {
      const bool picture = latent.has_video(), sound = latent.has_audio();
      if (layout->joint.tokens == 0) *layout = backbone_.layout(latent, held);
      const double time = whole_times ? double(diffusion::wan_model_time(sigma)) : 1000 * sigma;
      const auto scales = applicable(asked, picture, sound, context.has_voices());
      return guided_velocity(backbone_, context, scales, latent, time, held, layout.get(), run, *placement_.runner);
    };
  }

  families::WorkPlan plan(const ClipSpec& spec, const families::Sampling& sampling, bool voices) const override {
    const auto scales = applicable(sampling.guidance, spec.has_video(), spec.has_audio(), voices);
    return plan_work(root_, backbone_.config(), placement_.plan, latent_shape(spec), scales);
  }

  Clip decode(const JointLatent& latent, const ClipSpec& spec, const RunContext& run,
              const families::DecodeHooks& hooks) const override {
    const at::NoGradGuard no_grad;
    Clip clip;
    clip.fps = kFps;
    clip.sample_rate = spec.sample_rate == 0 ? kSampleRate : spec.sample_rate;
    if (spec.has_audio()) clip.waveform = decode_sound(root_ + "/" + kSoundFile, latent.audio, clip.sample_rate);
    if (spec.has_video()) clip.frames = wan22::decode_picture(root_, latent.video, run, hooks);
    return clip;
  }

  JointLatent encode_clip(const Clip& clip, const RunContext& run) const override {
    const at::NoGradGuard no_grad;
    JointLatent latent;
    if (clip.has_video()) {
      const Tensor video = to_unit_range(clip.frames.permute({3, 0, 1, 2})).unsqueeze(0);
      latent.video = wan22::load_video_vae(root_, run.dtype)->encode(video, run);
    }
    if (clip.has_audio()) {
      const Tensor narrow = dsp::resample(clip.waveform, clip.sample_rate, kNarrowSampleRate, dsp::kHannSinc);
      latent.audio = encode_sound(root_ + "/" + kSoundFile, narrow);
    }
    return latent;
  }

 private:
  // What is missing is said before hours of denoising, not after them.
  void require_parts(const Prompt& prompt, const ClipSpec& spec) const {
    std::vector<std::string> needed{wan22::kTextEncoderFile, wan22::kTokenizerFile};
    if (spec.has_video()) needed.push_back(wan22::kVideoVaeFile);
    if (spec.has_audio()) needed.push_back(kSoundFile);
    require(root_, needed);
    if (spec.has_audio()) check_sound(root_ + "/" + kSoundFile, backbone_.config().audio_in_dim);
    // Only films with voices need it: one of a list must not stop the others, as damaged weights would.
    const std::string speaker = root_ + "/" + speaker_file(root_);
    PF_CHECK(!wants_voices(prompt, spec) || is_file(speaker), InvalidRequest, "voices", speaker,
             " is not there, without which nobody can be told by their voice; `phonofilm inspect` says where it comes from");
  }

  static SpokenLines lines_of(const Prompt& prompt, const std::vector<std::int64_t>& ids, const families::TokenizeFn& tokenize) {
    return {voice_positions(ids, tokenize), count_spoken_lines(prompt.text)};
  }

  static void note_long_sound(const ClipSpec& spec, std::vector<std::string>& notices) {
    const std::int64_t rate = spec.sample_rate == 0 ? kSampleRate : spec.sample_rate;
    const double seconds = double(spec.samples) / double(rate);
    if (seconds <= kLongestSeconds + 0.1) return;
    notices.push_back(phonofilm::concat("the sound lasts ", seconds, " s; the model has learnt up to ten"));
  }

  // One text for the whole film: with a picture the one for that.
  std::string negative_of(const Prompt& prompt, const ClipSpec& spec, std::vector<std::string>& notices) const {
    const std::string& used = spec.has_video() ? prompt.negative : prompt.negative_audio;
    const std::string& unused = spec.has_video() ? prompt.negative_audio : prompt.negative;
    if (!unused.empty() && unused != (spec.has_video() ? info_.negative_audio : info_.negative_video)) {
      notices.push_back(
          spec.has_video()
              ? "with a picture, the negative prompt serves the sound too; that of the sound is not read"
              : "for sound alone, the negative prompt of the sound is read; the other is not");
    }
    return used;
  }

  Voices voices_of(const Prompt& prompt, const ClipSpec& spec, const SpokenLines& lines,
                   std::vector<std::string>& notices) const {
    if (!wants_voices(prompt, spec)) return {};
    const std::int64_t width = backbone_.config().spk_dim;
    const auto encoder = load_voice_encoder(root_ + "/" + speaker_file(root_), width);
    const auto embed = [&](const Tensor& waveform) { return encoder->embedding(waveform); };
    return bind_voices(prompt.voices, lines, width, embed, notices);
  }

  Tensor encode_image(const Tensor& image, const ClipSpec& spec, const RunContext& run) const {
    expect_shape(image, {spec.height, spec.width, 3}, "generate: image");
    const Tensor x = to_unit_range(image.permute({2, 0, 1})).unsqueeze(0).unsqueeze(2);  // [1, 3, 1, H, W]
    return wan22::load_video_vae(root_, run.dtype)->encode(x, run);
  }

  void fill_info() {
    info_.family = "nava";
    info_.variant = variant_.name;
    info_.parameters = backbone_.parameter_count();
    info_.fps = kFps;
    info_.sample_rate = kSampleRate;
    info_.channels = 2;
    info_.step_seconds = kTokenSeconds;
    info_.step_begin = kFirstTokenBegin;
    info_.seconds = kDefaultSeconds;
    info_.min_seconds = 1 / kFps;
    info_.max_seconds = kLongestSeconds;
    info_.other_sample_rates = {kNarrowSampleRate};
    info_.takes_latent_frames = info_.tiles_pictures = info_.keeps_films = true;
    info_.sampling = {.solver = "unipc", .steps = 50, .shift = 5, .guidance = {}, .skip_layer = 0};
    info_.sampling.guidance.use_timbre = backbone_.config().add_spk_emb;
    info_.negative_video = concat(kNegativePicture, "，", kNegativeSound);
    info_.negative_audio = kNegativeSound;
    info_.takes_voices = backbone_.config().add_spk_emb;
  }

  std::string root_;
  Variant variant_;
  families::OpenTokenizerFn open_tokenizer_;
  families::ModelInfo info_;
  NavaTransformer backbone_;
  nn::Placement placement_;  // of the backbone's weights
};

}  // namespace

families::Family published_family() {
  return {"nava", looks_like_nava,
          [](const std::string& folder, const families::LoadOptions& options) {
            return std::make_unique<NavaGenerator>(folder, options);
          },
          inspect_folder};
}

}  // namespace phonofilm::nava

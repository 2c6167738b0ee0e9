// Ovi's published checkpoints behind the pipeline's Generator interface. The towers stay mapped from their file; text
// encoder, autoencoders and vocoder come and go (parts.h).
#include <ATen/ops/upsample_bicubic2d.h>

#include <algorithm>
#include <cmath>

#include "phonofilm/autoencoders/mmaudio_vae/mel_front_end.h"
#include "phonofilm/base/error.h"
#include "phonofilm/diffusion/sigma_schedule.h"
#include "phonofilm/families/held_latents.h"
#include "phonofilm/families/ovi/family.h"
#include "phonofilm/families/ovi/film_spec.h"
#include "phonofilm/families/ovi/inspection.h"
#include "phonofilm/families/ovi/networks.h"
#include "phonofilm/families/ovi/parts.h"
#include "phonofilm/families/ovi/plan.h"
#include "phonofilm/families/ovi/transformer.h"
#include "phonofilm/families/wan22.h"
#include "phonofilm/nn/memory_plan.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/pixel_range.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/weights/tensor_file.h"

namespace phonofilm::ovi {
namespace {

using diffusion::JointLatent;
using families::ClipRequest;
using families::ClipSpec;
using families::Prompt;
using nn::RunContext;

struct OviConditioning : families::Conditioning {
  PreparedContext both;      // the prompt and what to stay away from: a batch of two
  PreparedContext positive;  // the prompt alone
};

PreparedContext first_sample(const PreparedContext& both) {
  const auto first = [](std::vector<TextKeys> keys) {
    for (TextKeys& k : keys) k = {k.k.narrow(0, 0, 1), k.v.narrow(0, 0, 1)};
    return keys;
  };
  return {first(both.video), first(both.audio)};
}

class OviGenerator : public families::Generator {
 public:
  OviGenerator(const std::string& root, const families::LoadOptions& options)
      : folder_(open_folder(root, options.variant)), open_tokenizer_(options.open_tokenizer),
        format_prompt_(options.format_prompt), towers_(read_tower_config(folder_.root)) {
    weights::TensorMap tensors = weights::open_tensors(folder_.towers).tensors;
    families::add_loras(tensors, options.loras);
    towers_.load(std::move(tensors), folder_.towers, "", {nn::kStoredDtype, options.storage});
    placement_ = nn::place_weights(towers_, towers_.blocks(), {.mode = options.memory});
    fill_info();
    info_.loras = families::lora_names(options.loras);
  }

  const families::ModelInfo& info() const override { return info_; }

  void check(const families::Sampling& sampling) const override {
    const diffusion::GuidanceScales& scales = sampling.guidance;
    PF_CHECK(!scales.use_align && !scales.use_timbre, InvalidRequest, "generate", "Ovi has text guidance only");
  }

  ClipSpec clip_spec(const ClipRequest& request) const override { return film_spec(folder_.variant, request); }

  LatentShape latent_shape(const ClipSpec& spec) const override {
    LatentShape shape;
    if (spec.has_video()) {
      constexpr std::int64_t time = autoencoders::kWan22TimeStride, space = autoencoders::kWan22SpaceStride;
      shape.video = {1, towers_.config().video.in_dim, (spec.frames - 1) / time + 1, spec.height / space, spec.width / space};
    }
    if (spec.has_audio()) shape.audio = {1, towers_.config().audio.in_dim, spec.samples / kSamplesPerLatent};
    return shape;
  }

  std::vector<double> sigmas(const families::Sampling& s) const override {
    if (s.solver == "unipc") return diffusion::ovi_unipc_sigmas(s.steps, s.shift);
    if (s.solver == "euler") return diffusion::ovi_euler_sigmas(s.steps, s.shift);
    return diffusion::linear_sigmas(s.steps, s.shift);
  }

  // What is missing is said before hours of denoising, not after them.
  void check(const Prompt&, const ClipSpec& spec) const override {
    std::vector<std::string> needed{folder_.text_encoder, folder_.tokenizer};
    if (spec.has_video()) needed.push_back(folder_.video_vae);
    if (spec.has_audio()) needed.insert(needed.end(), {folder_.audio_vae, folder_.vocoder});
    require(folder_, needed);
  }

  std::unique_ptr<families::Conditioning> encode(const Prompt& prompt, const ClipSpec& spec, const RunContext& run,
                                                 const Observer& observer) const override {
    const at::NoGradGuard no_grad;
    check(prompt, spec);
    auto conditioning = std::make_unique<OviConditioning>();
    FormattedPrompt positive = formatted(prompt.text);
    conditioning->notices = std::move(positive.notices);
    const std::vector<Tensor> rows = encode_texts({positive.text, prompt.negative, prompt.negative_audio}, run, observer);
    const Tensor video_rows = spec.has_video() ? at::cat({rows[0], rows[1]}) : Tensor();
    const Tensor audio_rows = spec.has_audio() ? at::cat({rows[0], rows[2]}) : Tensor();
    conditioning->both = towers_.prepare_context(video_rows, audio_rows, run, *placement_.runner);
    conditioning->positive = first_sample(conditioning->both);
    conditioning->clean = families::give_film(*this, prompt.kept, spec, autoencoders::kWan22TimeStride, run);
    if (!prompt.image.defined() || !spec.has_video()) return conditioning;
    const Tensor frame = encode_image(prompt.image, spec, run);
    families::hold_first_frame(frame, latent_shape(spec).video, conditioning->clean);
    return conditioning;
  }

  // As Ovi draws it: picture and sound each from a generator of their own with the same seed, in bfloat16, the sound with
  // its channels last. On another device, or another model of GPU, PyTorch gives other numbers for a seed.
  JointLatent reference_noise(const ClipSpec& spec, std::int64_t seed) const override {
    const auto draw = [&](const Shape& shape) {
      return at::randn(shape, make_generator(std::uint64_t(seed)), at::TensorOptions(at::kBFloat16)).to(at::kFloat);
    };
    const LatentShape shape = latent_shape(spec);
    JointLatent noise;
    if (spec.has_video()) noise.video = draw({shape.video.begin() + 1, shape.video.end()}).unsqueeze(0);
    if (spec.has_audio()) noise.audio = draw({shape.audio[2], shape.audio[1]}).t().unsqueeze(0).contiguous();
    return noise;
  }

  diffusion::VelocityFn velocity(const families::Conditioning& conditioning, const families::Sampling& sampling,
                                 const RunContext& run) const override {
    const diffusion::GuidanceScales& scales = sampling.guidance;
    const bool guided = scales.text.video != 1 || scales.text.audio != 1;
    const bool whole_times = sampling.solver != "euler";  // the multistep schedulers give the model integers
    // Tables of positions are worked out in the first step and serve all.
    const auto layout = std::make_shared<dit::TokenLayout>();
    const auto& own = dynamic_cast<const OviConditioning&>(conditioning);
    return [this, layout, &own, scales, guided, whole_times, skipped = sampling.skipped_block(),
            run](const JointLatent& latent, double sigma) {
      const double time = whole_times ? double(diffusion::wan_model_time(sigma)) : 1000 * sigma;
      OviInputs inputs{.latent = latent, .timestep = at::full({1}, time, at::kFloat), .context = &own.positive};
      inputs.held = own.clean.held;
      if (layout->video.tokens + layout->audio.tokens == 0) *layout = towers_.layout(latent, inputs.held);
      inputs.layout = layout.get();
      if (!guided) return towers_.forward(inputs, run, *placement_.runner);
      inputs.latent = diffusion::map([](const Tensor& x) { return at::cat({x, x}); }, latent);
      inputs.timestep = at::full({2}, time, at::kFloat);
      inputs.context = &own.both;
      inputs.skip_block = {-1, skipped};
      const JointLatent both = towers_.forward(inputs, run, *placement_.runner);
      const auto sample = [&](std::int64_t i) {
        return diffusion::map([&](const Tensor& x) { return x.narrow(0, i, 1); }, both);
      };
      return diffusion::combine({sample(0), sample(1), {}, {}}, scales);
    };
  }

  families::WorkPlan plan(const ClipSpec& spec, const families::Sampling& sampling, bool /*voices*/) const override {
    return plan_work(folder_, placement_.plan, latent_shape(spec), sampling);
  }

  Clip decode(const JointLatent& latent, const ClipSpec& spec, const RunContext& run,
              const families::DecodeHooks& hooks) const override {
    const at::NoGradGuard no_grad;
    Clip clip;
    clip.fps = kFps;
    clip.sample_rate = kSampleRate;
    if (spec.has_audio()) clip.waveform = decode_sound(latent.audio, run);
    if (spec.has_video()) clip.frames = wan22::decode_picture(folder_.root, latent.video, run, hooks);
    return clip;
  }

  JointLatent encode_clip(const Clip& clip, const RunContext& run) const override {
    const at::NoGradGuard no_grad;
    JointLatent latent;
    if (clip.has_video()) {
      const Tensor video = to_unit_range(clip.frames.permute({3, 0, 1, 2})).unsqueeze(0);
      latent.video = wan22::load_video_vae(folder_.root, run.dtype)->encode(video, run);
    }
    if (clip.has_audio()) {
      PF_CHECK(clip.sample_rate == kSampleRate, InvalidRequest, "encode", "Ovi's sound has ", kSampleRate,
               " samples per second, got ", clip.sample_rate);
      const Tensor mono = clip.waveform.mean(0, /*keepdim=*/true);
      latent.audio = load_audio_vae(folder_, run.dtype)->encode(autoencoders::mmaudio_mel(mono), run).mean;
    }
    return latent;
  }

 private:
  // With the audio tag that the variant was trained with.
  FormattedPrompt formatted(const std::string& prompt) const {
    if (!format_prompt_) return {prompt, {}};
    return format_prompt_(prompt, folder_.variant.tag);
  }

  // Rows of the text encoder, zeros behind the real tokens: each [1, text_len, text_dim].
  std::vector<Tensor> encode_texts(const std::vector<std::string>& texts, const RunContext& run, const Observer& observer) const {
    const std::int64_t longest = towers_.config().video.text_len;
    const families::TokenizeFn tokenize = wan22::open_tokenizer(open_tokenizer_, folder_.root, longest);
    std::vector<std::vector<std::int64_t>> ids;
    for (const std::string& text : texts) ids.push_back(tokenize(text));
    return wan22::encode_tokens(folder_.root, ids, longest, run, observer);
  }

  // The picture is stretched to the clip's size, not cut.
  Tensor encode_image(const Tensor& image, const ClipSpec& spec, const RunContext& run) const {
    Tensor x = to_unit_range(image.permute({2, 0, 1})).unsqueeze(0);
    if (x.size(2) != spec.height || x.size(3) != spec.width) {
      x = at::upsample_bicubic2d(x, {spec.height, spec.width}, /*align_corners=*/false);
    }
    return wan22::load_video_vae(folder_.root, run.dtype)->encode(x.unsqueeze(2), run);
  }

  Tensor decode_sound(const Tensor& latent, const RunContext& run) const {
    const Tensor mel = load_audio_vae(folder_, run.dtype)->decode(latent, run);
    return load_vocoder(folder_, run.dtype)->forward(mel, run)[0].to(at::kFloat).clamp(-1, 1).contiguous();
  }

  void fill_info() {
    info_.family = "ovi";
    info_.variant = folder_.variant.name;
    info_.parameters = towers_.parameter_count();
    info_.fps = kFps;
    info_.sample_rate = kSampleRate;
    info_.step_seconds = double(kSamplesPerLatent) / double(kSampleRate);
    info_.seconds = info_.max_seconds = longest_seconds(folder_.variant);
    info_.min_seconds = kShortestSeconds;
    info_.sampling = {.solver = "unipc", .steps = 50, .shift = 5, .guidance = {}, .skip_layer = 11};
    info_.sampling.guidance.text = {4, 3};
    info_.sampling.guidance.use_align = false;
    info_.negative_video = "jitter, bad hands, blur, distortion";
    info_.negative_audio = "robotic, muffled, echo, distorted";
    info_.fits_images = true;
    info_.takes_latent_frames = info_.tiles_pictures = info_.keeps_films = true;
  }

  OviFolder folder_;
  families::OpenTokenizerFn open_tokenizer_;
  families::FormatPromptFn format_prompt_;
  families::ModelInfo info_;
  OviTransformer towers_;
  nn::Placement placement_;  // of the towers' weights
};

}  // namespace

families::Family family() {
  return {"ovi", looks_like_ovi, [](const std::string& folder, const families::LoadOptions& options) {
            return std::make_unique<OviGenerator>(folder, options);
          },
          inspect_folder};
}

}  // namespace phonofilm::ovi

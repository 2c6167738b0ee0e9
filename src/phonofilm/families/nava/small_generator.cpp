// The embedded model behind the pipeline's Generator interface.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/prompt_marks.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/diffusion/sigma_schedule.h"
#include "phonofilm/families/nava/background.h"
#include "phonofilm/families/held_latents.h"
#include "phonofilm/families/nava/family.h"
#include "phonofilm/families/nava/guided.h"
#include "phonofilm/families/nava/plan.h"
#include "phonofilm/families/nava/small_guided.h"
#include "phonofilm/families/nava/small_inspection.h"
#include "phonofilm/families/nava/small_model.h"
#include "phonofilm/families/nava/voices.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/pixel_range.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::nava {
namespace {

using diffusion::JointLatent;
using families::ClipRequest;
using families::ClipSpec;
using families::Prompt;

struct SmallConditioning : families::Conditioning {
  SmallContext context;
};

double bytes_of(const nn::Module& module) {
  double bytes = 0;
  for (const auto& [name, parameter] : module.named_parameters()) bytes += double(parameter.nbytes());
  return bytes;
}

// Text scales are chosen beside alignment guidance, which a film of picture or sound alone has not: there they are read in the
// classic form (diffusion/guidance.h), where the same pull is one more.
diffusion::GuidanceScales scales_for(const families::Sampling& sampling, bool has_video, bool has_audio, bool has_voices) {
  diffusion::GuidanceScales scales = applicable(sampling.guidance, has_video, has_audio, has_voices);
  if (!sampling.guidance.use_align || scales.use_align) return scales;
  if (has_video) scales.text.video += 1;
  if (has_audio && !scales.use_timbre) scales.text.audio += 1;
  return scales;
}

class SmallGenerator : public families::Generator {
 public:
  SmallGenerator(const std::string& folder, const families::LoadOptions& options)
      : backbone_(load_backbone(folder + "/backbone", options.dtype, options.loras)),
        codecs_(load_codecs(folder + "/video_autoencoder", folder + "/audio_autoencoder", folder + "/vocoder", options.dtype)) {
    read_json(load_json(folder + "/model.json"), options_.fields(), folder + "/model.json");
    const NavaConfig& c = backbone_->transformer().config();
    const std::string speaker = folder + "/" + kSmallSpeakerFile;
    if (c.add_spk_emb && is_file(speaker)) speaker_encoder_ = load_voice_encoder(speaker, c.spk_dim);
    check_statistics(options_, codecs_, folder + "/model.json");
    fill_info();
    info_.loras = families::lora_names(options.loras);
  }

  const families::ModelInfo& info() const override { return info_; }

  void check(const families::Sampling& sampling) const override {
    const std::int64_t blocks = backbone_->transformer().config().layers();
    PF_CHECK(sampling.skip_layer < blocks, InvalidRequest, "generate", "skip layer ", sampling.skip_layer,
             ": this model has ", blocks, " blocks, of which 1 to ", blocks - 1, " can be left out; 0 for none");
  }

  ClipSpec clip_spec(const ClipRequest& request) const override {
    const double seconds = request.seconds > 0 ? request.seconds : options_.seconds;
    PF_CHECK(seconds >= options_.min_seconds - 1e-9 && seconds <= options_.max_seconds + 1e-9, InvalidRequest,
             "generate", "this model makes films of ", options_.min_seconds, " to ", options_.max_seconds,
             " seconds, asked for ", seconds);
    for (const std::int64_t side : {request.height, request.width}) {
      PF_CHECK(side == 0 || side == options_.size, InvalidRequest, "generate", "this model makes pictures of ",
               options_.size, "x", options_.size, " pixels, asked for ", request.height, "x", request.width);
    }
    PF_CHECK(request.video || request.audio, InvalidRequest, "generate", "neither picture nor sound is asked for");
    const std::int64_t patch = codecs_.video->config().frame_patch;
    const auto nearest = std::llround((seconds * options_.fps - 1) / double(patch));
    const auto least = std::int64_t(std::ceil((options_.min_seconds * options_.fps - 1) / double(patch) - 1e-6));
    const std::int64_t groups = std::max<std::int64_t>({1, least, nearest});
    const std::int64_t frames = patch * groups + 1;
    const double step_pictures = info_.step_seconds * options_.fps;
    const auto steps = std::int64_t(std::ceil(double(frames) / step_pictures - 1e-9));
    return {request.video ? frames : 0, options_.size, options_.size, request.audio ? steps * audio_unit() : 0};
  }

  LatentShape latent_shape(const ClipSpec& spec) const override {
    LatentShape shape;
    const auto& video = codecs_.video->config();
    const std::int64_t side = options_.size / video.stride();
    if (spec.has_video()) shape.video = {1, video.latent_channels, video.latent_frames(spec.frames), side, side};
    if (spec.has_audio()) shape.audio = {1, codecs_.audio->config().latent_channels, spec.samples / audio_unit()};
    return shape;
  }

  std::vector<double> sigmas(const families::Sampling& sampling) const override {
    return diffusion::linear_sigmas(sampling.steps, sampling.shift);
  }

  void check(const Prompt& prompt, const ClipSpec& spec) const override {
    PF_CHECK(prompt.negative_audio.empty(), InvalidRequest, "generate",
             "this model reads one negative prompt for picture and sound; leave out that of the sound");
    if (!wants_voices(prompt, spec)) return;
    PF_CHECK(speaker_encoder_, InvalidRequest, "voices", info_.name(), " takes no reference voices");
    check_voices(prompt.voices, lines_of(prompt, backbone_->text_encoder().tokenize({prompt.text})));
  }

  std::unique_ptr<families::Conditioning> encode(const Prompt& prompt, const ClipSpec& spec, const nn::RunContext& run,
                                                 const Observer&) const override {
    const at::NoGradGuard no_grad;
    check(prompt, spec);
    auto conditioning = std::make_unique<SmallConditioning>();
    note_unknown_words(prompt, conditioning->notices);
    read_prompt(prompt, spec, run, *conditioning);
    conditioning->clean = families::give_film(*this, prompt.kept, spec, codecs_.video->config().frame_patch, run);
    if (prompt.image.defined() && spec.has_video()) give_image(prompt.image, spec, run, *conditioning);
    return conditioning;
  }

  diffusion::VelocityFn velocity(const families::Conditioning& conditioning, const families::Sampling& sampling,
                                 const nn::RunContext& run) const override {
    const auto& own = dynamic_cast<const SmallConditioning&>(conditioning);
    return [this, &own, sampling, run](const JointLatent& latent, double sigma) {
      const auto scales = scales_for(sampling, latent.has_video(), latent.has_audio(), own.context.has_voices);
      return guided_velocity(backbone_->transformer(), own.context, {scales, sampling.skipped_block()}, latent,
                             1000 * sigma, own.clean.held, run);
    };
  }

  JointLatent reference_noise(const ClipSpec&, std::int64_t) const override {
    throw InvalidRequest("generate", "this model's own noise is its reference, for which there is no other setting");
  }

  families::WorkPlan plan(const ClipSpec& spec, const families::Sampling& sampling, bool voices) const override {
    const LatentShape shape = latent_shape(spec);
    const NavaConfig& config = backbone_->transformer().config();
    families::WorkPlan plan;
    if (spec.has_video()) plan.video_tokens = shape.video[2] * shape.video[3] * shape.video[4] / 4;
    if (spec.has_audio()) plan.audio_tokens = shape.audio[2];
    plan.text_tokens = config.text_len;
    plan.passes = pass_count(scales_for(sampling, spec.has_video(), spec.has_audio(), voices));
    const double skipped = plan.passes > 1 && sampling.skipped_block() >= 0 ? 1 / double(config.layers()) : 0;
    const double whole = pass_flop(config, plan.video_tokens, plan.audio_tokens, /*masked=*/false);
    plan.step_flop = (double(plan.passes) - skipped) * whole;
    const double codecs = bytes_of(*codecs_.video) + bytes_of(*codecs_.audio) + bytes_of(*codecs_.vocoder);
    plan.memory = {{"backbone", bytes_of(*backbone_), "all the time"}, {"codecs and vocoder", codecs, "all the time"}};
    if (speaker_encoder_) plan.memory.push_back({"speaker encoder", bytes_of(*speaker_encoder_), "all the time"});
    return plan;
  }

  Clip decode(const JointLatent& latent, const ClipSpec& spec, const nn::RunContext& run,
              const families::DecodeHooks& hooks) const override {
    Clip clip;
    clip.fps = options_.fps;
    clip.sample_rate = options_.sample_rate;
    std::future<Tensor> sound;
    if (spec.has_audio()) sound = in_background([&] { return decode_sound(latent.audio, run); });
    if (spec.has_video()) clip.frames = in_background([&] { return decode_picture(latent.video, run); }).get();
    if (sound.valid()) clip.waveform = sound.get();
    if (hooks.on_frames && spec.has_video()) hooks.on_frames(clip.frames);
    return clip;
  }

  JointLatent encode_clip(const Clip& clip, const nn::RunContext& run) const override {
    const at::NoGradGuard no_grad;
    JointLatent latent;
    if (clip.has_video()) {
      latent.video = normalise(encode_frames(codecs_, clip.frames, run), options_.video_mean, options_.video_std);
    }
    if (clip.has_audio()) {
      latent.audio = normalise(encode_waveform(codecs_, clip.waveform, run), options_.audio_mean, options_.audio_std);
    }
    return latent;
  }

 private:
  Tensor decode_picture(const Tensor& latent, const nn::RunContext& run) const {
    const Tensor frames = codecs_.video->decode(denormalise(latent, options_.video_mean, options_.video_std), run)[0];
    return to_pixels(frames).permute({1, 2, 3, 0}).contiguous();
  }

  Tensor decode_sound(const Tensor& latent, const nn::RunContext& run) const {
    const Tensor raw = denormalise(latent, options_.audio_mean, options_.audio_std);
    return decode_waveform(codecs_, raw, run).clamp(-1, 1).contiguous();
  }

  // In the place of the first latent frame, which holds one picture.
  void give_image(const Tensor& image, const ClipSpec& spec, const nn::RunContext& run, SmallConditioning& own) const {
    expect_shape(image, {spec.height, spec.width, 3}, "generate: image");
    const Tensor frame =
        normalise(encode_frames(codecs_, image.unsqueeze(0), run), options_.video_mean, options_.video_std);
    families::hold_first_frame(frame, latent_shape(spec).video, own.clean);
  }

  // Samples per audio latent.
  std::int64_t audio_unit() const { return 2 * codecs_.audio->config().mel.hop; }

  void read_prompt(const Prompt& prompt, const ClipSpec& spec, const nn::RunContext& run,
                   SmallConditioning& own) const {
    const auto& encoder = backbone_->text_encoder();
    const Tensor tokens = encoder.tokenize({prompt.text}), negative = encoder.tokenize({prompt.negative});
    const Voices voices = voices_of(prompt, spec, tokens, own.notices);
    SmallContext& context = own.context;
    context.has_voices = voices.embeddings.defined();
    context.negative = backbone_->encode_text(negative, run, backbone_->null_voices(negative));
    context.plain = backbone_->encode_text(tokens, run, backbone_->null_voices(tokens));
    context.positive = context.has_voices ? backbone_->encode_text(tokens, run, {voices}) : context.plain;
  }

  Voices voices_of(const Prompt& prompt, const ClipSpec& spec, const Tensor& tokens,
                   std::vector<std::string>& notices) const {
    if (!wants_voices(prompt, spec)) return {};
    const auto embed = [&](const Tensor& waveform) { return speaker_encoder_->embedding(waveform); };
    const std::int64_t width = backbone_->transformer().config().spk_dim;
    return bind_voices(prompt.voices, lines_of(prompt, tokens), width, embed, notices);
  }

  SpokenLines lines_of(const Prompt& prompt, const Tensor& tokens) const {
    return {backbone_->line_rows(tokens).at(0), count_spoken_lines(prompt.text)};
  }

  void note_unknown_words(const Prompt& prompt, std::vector<std::string>& notices) const {
    const auto& encoder = backbone_->text_encoder();
    const auto text = encoder.tokenizer().encode(prompt.text, encoder.config().max_tokens);
    if (!text.unknown.empty()) {
      notices.push_back(phonofilm::concat("this small model has never seen: ", excerpt(join(text.unknown, ", ")),
                                          ". It knows ", encoder.config().words.size(), " words of a rendered world; "
                                          "`phonofilm world show` prints captions of its kind."));
    }
    if (text.dropped > 0) {
      notices.push_back(phonofilm::concat("the prompt is ", text.dropped, " words longer than the ",
                                          encoder.config().max_tokens, " that this model reads"));
    }
  }

  void fill_info() {
    info_.family = "nava";
    info_.variant = options_.variant;
    info_.parameters = backbone_->parameter_count() + codecs_.video->parameter_count() +
                       codecs_.audio->parameter_count() + codecs_.vocoder->parameter_count() +
                       (speaker_encoder_ ? speaker_encoder_->parameter_count() : 0);
    info_.fps = options_.fps;
    info_.sample_rate = options_.sample_rate;
    info_.channels = codecs_.audio->config().channels;
    info_.step_seconds = double(audio_unit()) / double(options_.sample_rate);
    info_.seconds = options_.seconds;
    info_.min_seconds = options_.min_seconds;
    info_.max_seconds = options_.max_seconds;
    info_.sampling.steps = options_.steps;
    info_.sampling.solver = options_.solver;
    info_.sampling.shift = options_.shift;
    info_.sampling.sound_steps = options_.sound_steps;
    info_.sampling.sound_shift = options_.sound_shift;
    info_.sampling.skip_layer = options_.skip_layer;
    info_.threads = 1;
    info_.shows_strikes = true;
    info_.keeps_films = true;
    info_.takes_voices = speaker_encoder_ != nullptr;
    info_.sampling.guidance.text = {options_.text_guidance_video, options_.text_guidance_audio};
    info_.sampling.guidance.align = {options_.align_guidance_video, options_.align_guidance_audio};
    info_.sampling.guidance.use_align = options_.align_guidance_video > 0 || options_.align_guidance_audio > 0;
    info_.sampling.guidance.timbre = options_.timbre_guidance;
    info_.sampling.guidance.use_timbre = info_.takes_voices && options_.timbre_guidance > 0;
  }

  SmallModelOptions options_;
  families::ModelInfo info_;
  std::unique_ptr<SmallBackbone> backbone_;
  SmallCodecs codecs_;
  std::unique_ptr<speaker_encoders::ReDimNet> speaker_encoder_;  // null: the model reads no reference voices
};

// Options that are for large models are refused rather than passed over.
void check_options(const std::string& folder, const families::LoadOptions& options) {
  PF_CHECK(options.variant.empty(), InvalidRequest, "load", folder, ": holds one model; leave out --variant");
  PF_CHECK(options.storage == nn::LinearStorage::as_others && options.memory != nn::MemoryMode::stream, InvalidRequest,
           "load", folder,
           ": so small a model is neither kept in 8 bits nor streamed; leave out --storage and --memory");
}

}  // namespace

families::Family small_family() {
  return {"nava mini",
          [](const std::string& folder) { return std::filesystem::exists(folder + "/model.json"); },
          [](const std::string& folder, const families::LoadOptions& options) {
            check_options(folder, options);
            return std::make_unique<SmallGenerator>(folder, options);
          },
          inspect_small_folder};
}

}  // namespace phonofilm::nava

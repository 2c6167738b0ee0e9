#include "phonofilm/pipeline/request.h"

#include <algorithm>

#include "phonofilm/base/error.h"
#include "phonofilm/base/prompt_marks.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::pipeline {

namespace {

// The numbers that mean "the model's default" when they are -1.
std::vector<double> scales_of(const GenerateRequest& r) {
  return {r.text_guidance,        r.video_guidance,       r.audio_guidance, r.align_guidance,
          r.video_align_guidance, r.audio_align_guidance, r.timbre_guidance};
}

void check_utf8(const std::string& text) {
  PF_CHECK(is_utf8(text), InvalidRequest, "prompt", "a prompt is not UTF-8 text: ", in_quotes(text));
}

void check_prompt(const std::string& prompt) {
  PF_CHECK(prompt.find_first_not_of(" \t\r\n") != std::string::npos, InvalidRequest, "prompt", "the prompt is empty");
  check_utf8(prompt);
  check_marks(prompt, kSpeechMarks);
}

void resolve_length(GenerateRequest& r, const families::ModelInfo& model) {
  PF_CHECK(r.latent_frames == 0 || model.takes_latent_frames, InvalidRequest, "generate", model.name(),
           " takes no length in latent frames; give it in seconds");
  if (r.latent_frames == 0 && r.seconds == 0) r.seconds = model.seconds;
}

void resolve_sample_rate(GenerateRequest& r, const families::ModelInfo& model) {
  std::vector<std::int64_t> rates = model.other_sample_rates;
  rates.insert(rates.begin(), model.sample_rate);
  if (r.sample_rate == 0) r.sample_rate = model.sample_rate;
  if (std::find(rates.begin(), rates.end(), r.sample_rate) != rates.end()) return;
  std::vector<std::string> offered;
  for (const std::int64_t rate : rates) offered.push_back(concat(rate));
  throw InvalidRequest("generate", concat(model.name(), " makes sound at ", join(offered, " or "), " Hz, asked for ",
                                          r.sample_rate));
}

}  // namespace

Fields GenerateRequest::film_fields() {
  return {
      {"prompt", &prompt, "what is to be seen and heard"},
      {"negative_prompt", &negative_prompt, "what to stay away from; a blank (' ') for nothing at all"},
      {"negative_audio_prompt", &negative_audio_prompt, "the same for the sound, of models that read one per modality"},
      {"then", &then, "further prompts of a film in segments, which share its segments evenly with the first"},
      {"seconds", &seconds,
       "length of the film; beyond the model's in segments, of up to 30 s in all; 0: the model's default", 0.0, 600.0},
      {"overlap", &overlap, "seconds that a segment keeps of what stands before it; 0: a third of the model's longest",
       0.0, 60.0},
      {"latent_frames", &latent_frames, "length in the model's latent frames instead; 0: by seconds", 0.0, 10000.0},
      {"height", &height, "pixels; 0: the model's default", 0.0, 16384.0},
      {"width", &width, "pixels; 0: the model's default", 0.0, 16384.0},
      {"exact_size", &exact_size, "keep the size that is asked for instead of scaling it to the model's area"},
      {"video", &video, "make a picture"},
      {"audio", &audio, "make a sound"},
      {"sample_rate", &sample_rate, "of the sound, Hz, of models that offer several; 0: the model's default", 0.0,
       192000.0},
      {"seed", &seed, "the same seed and settings make the same film", 0.0},
      {"noise", &noise, "how a seed becomes noise: this program's way, the same on every device, or the publisher's",
       {}, {}, {"own", "reference"}},
  };
}

Fields GenerateRequest::sampling_fields() {
  std::vector<std::string> solvers = diffusion::solver_names();
  solvers.insert(solvers.begin(), "default");
  return {
      {"steps", &steps, "sampling steps; 0: the model's default", 0.0, 1000.0},
      {"solver", &solver, "step rule of the sampler", {}, {}, solvers},
      {"shift", &shift, "of the noise schedule, above 1 for more steps at high noise; 0: the model's default", 0.0,
       100.0},
      {"sound_steps", &sound_steps,
       "further steps that make the sound again under the finished picture, 0 for none; -1: the model's default", -1,
       1000},
      {"sound_shift", &sound_shift, "of the noise schedule of these steps; 0: the model's default", 0.0, 100.0},
      {"text_guidance", &text_guidance,
       "how hard to follow the prompt, 1 for none (0 beside alignment guidance); -1: the model's default", -1.0, 100.0},
      {"video_guidance", &video_guidance, "text guidance of the picture alone; -1: as of both", -1.0, 100.0},
      {"audio_guidance", &audio_guidance, "text guidance of the sound alone; -1: as of both", -1.0, 100.0},
      {"skip_layer", &skip_layer, "block that the negative pass leaves out, 0 for none; -1: the model's default", -1,
       1000},
      {"align_guidance", &align_guidance, "how hard picture and sound follow each other; -1: the model's default", -1.0,
       100.0},
      {"video_align_guidance", &video_align_guidance, "that of the picture alone; -1: as of both", -1.0,
       100.0},
      {"audio_align_guidance", &audio_align_guidance, "that of the sound alone; -1: as of both", -1.0, 100.0},
      {"timbre_guidance", &timbre_guidance, "how hard the sound follows the reference voices; -1: the model's default",
       -1.0, 100.0}};
}

Fields GenerateRequest::fields() {
  Fields all = film_fields();
  const Fields sampling = sampling_fields();
  all.insert(all.end(), sampling.begin(), sampling.end());
  return all;
}

void check(const GenerateRequest& request) {
  GenerateRequest copy = request;
  check_fields(copy.fields(), "generate");
  check_prompt(copy.prompt);
  for (const std::string& prompt : copy.then) check_prompt(prompt);
  for (const std::string* text : {&copy.negative_prompt, &copy.negative_audio_prompt}) check_utf8(*text);
  for (const double scale : scales_of(copy)) {
    PF_CHECK(scale == -1 || scale >= 0, InvalidRequest, "generate",
             "guidance is -1 for the model's default or at least 0, got ", scale);
  }
  PF_CHECK(copy.seconds == 0 || copy.latent_frames == 0, InvalidRequest, "generate", "the length is given as ",
           copy.seconds, " seconds and as ", copy.latent_frames, " latent frames; leave one of them out");
}

GenerateRequest resolve(const GenerateRequest& request, const families::ModelInfo& model) {
  check(request);
  GenerateRequest resolved = request;
  resolve_length(resolved, model);
  resolve_sample_rate(resolved, model);
  if (resolved.steps == 0) resolved.steps = model.sampling.steps;
  if (resolved.shift == 0) resolved.shift = model.sampling.shift;
  if (resolved.sound_steps == -1) resolved.sound_steps = model.sampling.sound_steps;
  if (!resolved.video || !resolved.audio) resolved.sound_steps = 0;
  if (resolved.sound_shift == 0) resolved.sound_shift = model.sampling.sound_shift;
  if (resolved.negative_prompt.empty()) resolved.negative_prompt = model.negative_video;
  if (resolved.negative_audio_prompt.empty()) resolved.negative_audio_prompt = model.negative_audio;
  if (resolved.solver == "default") resolved.solver = model.sampling.solver;
  const families::Sampling sampling = sampling_of(resolved, model);
  const diffusion::GuidanceScales& scales = sampling.guidance;
  resolved.skip_layer = sampling.skip_layer;
  resolved.video_guidance = scales.text.video;
  resolved.audio_guidance = scales.text.audio;
  if (!scales.use_align) resolved.align_guidance = 0;
  resolved.video_align_guidance = scales.use_align ? scales.align.video : 0;
  resolved.audio_align_guidance = scales.use_align ? scales.align.audio : 0;
  resolved.timbre_guidance = scales.use_timbre ? scales.timbre : 0;
  return resolved;
}

bool same(const Given& a, const Given& b) {
  const auto equal = [](const Tensor& x, const Tensor& y) {
    return x.defined() == y.defined() && (!x.defined() || at::equal(x, y));
  };
  return equal(a.image, b.image) && equal(a.last_image, b.last_image) && a.retake == b.retake &&
         a.kept.video == b.kept.video && a.kept.audio == b.kept.audio &&
         equal(a.kept.clip.frames, b.kept.clip.frames) && equal(a.kept.clip.waveform, b.kept.clip.waveform) &&
         std::equal(a.voices.begin(), a.voices.end(), b.voices.begin(), b.voices.end(), equal);
}

bool gives_half(const Given& given) {
  const std::vector<families::TimeSpan> whole{{0, kToTheEnd}};
  return given.kept.video == whole || given.kept.audio == whole;
}

families::ClipRequest clip_request(const GenerateRequest& r, const Tensor& image) {
  families::ClipRequest clip{r.seconds, r.height, r.width, r.video, r.audio, r.exact_size};
  if (image.defined()) {
    clip.image_height = image.size(0);
    clip.image_width = image.size(1);
  }
  clip.latent_frames = r.latent_frames;
  clip.sample_rate = r.sample_rate;
  return clip;
}

families::Sampling sampling_of(const GenerateRequest& resolved, const families::ModelInfo& model) {
  families::Sampling sampling = model.sampling;
  sampling.solver = resolved.solver;
  sampling.steps = resolved.steps;
  sampling.shift = resolved.shift;
  sampling.sound_steps = resolved.sound_steps;
  sampling.sound_shift = resolved.sound_shift;
  if (resolved.skip_layer >= 0) sampling.skip_layer = resolved.skip_layer;
  diffusion::GuidanceScales& scales = sampling.guidance;
  if (resolved.text_guidance >= 0) scales.text = {resolved.text_guidance, resolved.text_guidance};
  if (resolved.video_guidance >= 0) scales.text.video = resolved.video_guidance;
  if (resolved.audio_guidance >= 0) scales.text.audio = resolved.audio_guidance;
  if (resolved.align_guidance >= 0) scales.align = {resolved.align_guidance, resolved.align_guidance};
  if (resolved.video_align_guidance >= 0) scales.align.video = resolved.video_align_guidance;
  if (resolved.audio_align_guidance >= 0) scales.align.audio = resolved.audio_align_guidance;
  const bool align_asked =
      resolved.align_guidance >= 0 || resolved.video_align_guidance >= 0 || resolved.audio_align_guidance >= 0;
  if (align_asked) scales.use_align = scales.align.video > 0 || scales.align.audio > 0;
  if (resolved.timbre_guidance >= 0) {
    scales.timbre = resolved.timbre_guidance;
    scales.use_timbre = resolved.timbre_guidance > 0;
  }
  return sampling;
}

families::Sampling sound_sampling(families::Sampling sampling) {
  sampling.steps = sampling.sound_steps;
  sampling.shift = sampling.sound_shift;
  sampling.guidance.text.video = sampling.guidance.text.audio;
  sampling.guidance.align.video = sampling.guidance.align.audio;
  return sampling;
}

}  // namespace phonofilm::pipeline

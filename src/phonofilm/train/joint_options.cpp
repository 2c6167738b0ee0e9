#include "phonofilm/train/joint_options.h"

#include <algorithm>
#include <cmath>

namespace phonofilm::train {
namespace {

using diffusion::Held;
using diffusion::LatentSpan;

// The steps of sound that lie at the same time as latent frames [first, first + count).
LatentSpan sound_of(const LatentSpan& frames, const ClipLength& length) {
  const auto pictures_before = [&](std::int64_t frame) {
    return frame == 0 ? 0 : (frame - 1) * length.frame_patch + 1;
  };
  const double steps_per_picture = double(length.steps) / double(pictures_before(length.frames));
  const auto step_at = [&](std::int64_t frame) {
    return std::int64_t(std::llround(double(pictures_before(frame)) * steps_per_picture));
  };
  const std::int64_t first = step_at(frames.first);
  return {first, step_at(frames.first + frames.count) - first};
}

void hold(std::vector<LatentSpan>& spans, LatentSpan span) {
  if (span.count > 0) spans.push_back(span);
}

// Everything but `open`.
std::vector<LatentSpan> around(const LatentSpan& open, std::int64_t length) {
  std::vector<LatentSpan> spans;
  const std::int64_t end = open.first + open.count;
  hold(spans, {0, open.first});
  hold(spans, {end, length - end});
  return spans;
}

// From two latent frames, in which something can be seen of how things move, to half of the clip.
Held draw_beginning(const ClipLength& length, Random& random) {
  const LatentSpan frames{0, 2 + random.below(std::max<std::int64_t>(1, length.frames / 2 - 1))};
  Held held;
  hold(held.video, frames);
  hold(held.audio, sound_of(frames, length));
  return held;
}

// Between a fifth and two thirds of the clip is made anew, in both modalities or in one while the other is given whole.
Held draw_retake(const ClipLength& length, Random& random) {
  const double wanted = random.uniform(0.2, 0.67) * double(length.frames);
  const std::int64_t count = std::max<std::int64_t>(1, std::llround(wanted));
  const LatentSpan open{random.below(length.frames - count + 1), count};
  const double which = random.uniform();
  Held held{around(open, length.frames), around(sound_of(open, length), length.steps)};
  if (which < 0.25) held.video = {{0, length.frames}};
  else if (which < 0.5) held.audio = {{0, length.steps}};
  return held;
}

}  // namespace

Fields JointTaskOptions::fields() {
  return {{"video_autoencoder", &video_autoencoder, "folder of the trained video autoencoder"},
          {"audio_autoencoder", &audio_autoencoder, "folder of the trained audio autoencoder"},
          {"vocoder", &vocoder, "folder of the trained vocoder, for sample films and export"},
          {"speaker_encoder", &speaker_encoder, "folder of the trained speaker encoder; empty: no voices"},
          {"utterances", &utterances, "of every reference voice", 1.0, 1e5},
          {"made_utterances", &made_utterances, "of every made voice, for scenes of many voices", 0.0, 1e5},
          {"voice_drop", &voice_drop, "probability of the null voice, per line", 0.0, 1.0},
          {"cache", &cache, "folder for latents and voices"},
          {"start", &start, "folder of a trained backbone to start from"},
          {"lora_rank", &lora_rank, "of changes trained in the place of the start's weights; 0: the weights are", 0.0, 1024.0},
          {"lora_layers", &lora_layers, "parts of the names of the layers that are changed"},
          {"normalisation", &normalisation, "of latents: measured, or that of the start", {}, {}, {"measured", "start"}},
          {"scene", &scene, "world scene"},
          {"clips", &clips, "rendered clips", 1.0, 1e7},
          {"frames", &frames, "lengths of clips (4n + 1)"},
          {"length_weights", &length_weights, "how often each length is drawn"},
          {"size", &size, "pixels per side", 32.0, 2048.0},
          {"batch", &batch, "clips per step", 1.0, 4096.0},
          {"validation_clips", &validation_clips, "held-out clips", 1.0, 4096.0},
          {"noise", &noise, "how noise levels are drawn", {}, {}, {"logit_normal", "nava"}},
          {"noise_mean", &noise_mean, "of the logit-normal", -10.0, 10.0},
          {"noise_std", &noise_std, "of the logit-normal", 0.01, 10.0},
          {"noise_shift", &noise_shift, "of the noise levels", 0.1, 100.0},
          {"video_scale", &video_scale, "standard deviation of the diffused video latent", 0.01, 100.0},
          {"audio_scale", &audio_scale, "standard deviation of the diffused audio latent", 0.01, 100.0},
          {"video_weight", &video_weight, "of the video loss", 0.0, 100.0},
          {"audio_weight", &audio_weight, "of the audio loss", 0.0, 100.0},
          {"moving", &moving, "how much more what moves in the picture counts", 0.0, 100.0},
          {"caption_drop", &caption_drop, "probability of no text, per sample", 0.0, 1.0},
          {"image_condition", &image_condition, "probability of a given first frame, per batch", 0.0, 1.0},
          {"last_image", &last_image, "probability of a given last frame, per batch", 0.0, 1.0},
          {"follow_picture", &follow_picture, "probability of a given picture, per batch", 0.0, 1.0},
          {"follow_sound", &follow_sound, "probability of a given sound, per batch", 0.0, 1.0},
          {"go_on", &go_on, "probability of a given beginning, per batch", 0.0, 1.0},
          {"retake", &retake, "probability that all but a span is given, per batch", 0.0, 1.0},
          {"mask_modality", &mask_modality, "probability of separate modalities, per batch", 0.0, 1.0},
          {"audio_only", &audio_only, "probability of sound alone, per batch", 0.0, 1.0},
          {"video_only", &video_only, "probability of picture alone, per batch", 0.0, 1.0},
          {"audio_only_batch", &audio_only_batch, "clips per step of sound alone; 0: batch", 0.0, 4096.0},
          {"audio_only_speech", &audio_only_speech, "sound alone is of clips in which somebody speaks"},
          {"audio_only_noise_shift", &audio_only_noise_shift, "of sound alone; 0: noise_shift", 0.0, 100.0},
          {"listen", &listen, "weight of naming what happens from hidden tokens of the sound", 0.0, 100.0},
          {"watch", &watch, "the same from those of the picture", 0.0, 100.0},
          {"name_after", &name_after, "block whose tokens are asked", 0.0, 1000.0},
          {"watch_until", &watch_until, "step from which on those of the picture are asked no more; 0: none", 0.0, 1e9},
          {"export_as", &export_as, "of the exported backbone's matrices", {}, {}, {"bfloat16", "int8"}}};
}

JointMode draw_mode(const JointTaskOptions& options, Random& random) {
  JointMode mode;
  const double single = random.uniform();
  if (single < options.audio_only) {
    mode.has_video = false;
  } else if (single < options.audio_only + options.video_only) {
    mode.has_audio = false;
  }
  mode.masked = random.chance(options.mask_modality) && mode.has_video && mode.has_audio;
  return mode;
}

Held draw_held(const JointTaskOptions& o, const JointMode& mode, const ClipLength& length, Random& random) {
  double at = random.uniform();
  const auto drawn = [&](double probability) {
    at -= probability;
    return at < 0 && at >= -probability;
  };
  Held held;
  const bool first = drawn(o.image_condition), last = drawn(o.last_image), picture = drawn(o.follow_picture);
  const bool sound = drawn(o.follow_sound), beginning = drawn(o.go_on), retake = drawn(o.retake);
  if (first) held = diffusion::first_frames(1);
  if (last) held.video = {{length.frames - 1, 1}};
  if (picture && mode.has_audio) held.video = {{0, length.frames}};
  if (sound && mode.has_video) held.audio = {{0, length.steps}};
  if (beginning) held = draw_beginning(length, random);
  if (retake && mode.has_video && mode.has_audio) held = draw_retake(length, random);
  if (!mode.has_video) held.video.clear();
  if (!mode.has_audio) held.audio.clear();
  return held;
}

}  // namespace phonofilm::train

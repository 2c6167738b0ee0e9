#include "phonofilm/train/joint_options.h"

namespace phonofilm::train {

Fields JointTaskOptions::fields() {
  return {{"video_autoencoder", &video_autoencoder, "folder of the trained video autoencoder"},
          {"audio_autoencoder", &audio_autoencoder, "folder of the trained audio autoencoder"},
          {"vocoder", &vocoder, "folder of the trained vocoder, for sample films and export"},
          {"cache", &cache, "folder for the latents"},
          {"start", &start, "folder of a trained backbone to start from"},
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
          {"caption_drop", &caption_drop, "probability of no text, per sample", 0.0, 1.0},
          {"image_condition", &image_condition, "probability of a given first frame, per batch", 0.0, 1.0},
          {"mask_modality", &mask_modality, "probability of separate modalities, per batch", 0.0, 1.0},
          {"audio_only", &audio_only, "probability of sound alone, per batch", 0.0, 1.0},
          {"video_only", &video_only, "probability of picture alone, per batch", 0.0, 1.0}};
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
  mode.image = random.chance(options.image_condition) && mode.has_video;
  return mode;
}

}  // namespace phonofilm::train

// Options of the joint training task.
#pragma once

#include "phonofilm/base/fields.h"
#include "phonofilm/base/random.h"

namespace phonofilm::train {

struct JointTaskOptions {
  std::string video_autoencoder, audio_autoencoder, vocoder;  // folders of trained codecs
  std::string cache;                 // folder for the latents
  std::string start;                 // folder of a trained backbone to go on from; empty: fresh weights
  std::string scene = "impacts";
  std::int64_t clips = 10000;        // rendered clips, shared out over the lengths
  std::vector<std::int64_t> frames{49};      // lengths (4n + 1); a batch has clips of one length
  std::vector<double> length_weights{1};     // how often each length is drawn
  std::int64_t size = 96, batch = 16, validation_clips = 32;
  std::string noise = "logit_normal";  // or "nava": its table of 1000 levels and weights
  double noise_mean = 0, noise_std = 1, noise_shift = 1;
  // Standard deviations of the latents that are diffused. The larger one stands out of the noise earlier: the modality
  // that is harder to make consistent should lead, the other can follow it.
  double video_scale = 1, audio_scale = 1;
  double video_weight = 1, audio_weight = 1;  // of the losses
  double caption_drop = 0.1;         // per sample
  double image_condition = 0.2;      // per batch: the first latent frame is given
  double mask_modality = 0.1;        // per batch: no attention between picture and sound
  double audio_only = 0.05, video_only = 0.05;  // per batch: the other modality is absent
  Fields fields();
};

// What a batch trains, drawn per batch.
struct JointMode {
  bool image = false, masked = false, has_video = true, has_audio = true;
  std::int64_t code() const { return image | masked << 1 | has_video << 2 | has_audio << 3; }
  static JointMode from_code(std::int64_t code) { return {bool(code & 1), bool(code & 2), bool(code & 4), bool(code & 8)}; }
};

JointMode draw_mode(const JointTaskOptions& options, Random& random);

}  // namespace phonofilm::train

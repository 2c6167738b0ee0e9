// Options of the joint training task.
#pragma once

#include "phonofilm/base/fields.h"
#include "phonofilm/base/random.h"
#include "phonofilm/diffusion/held.h"

namespace phonofilm::train {

struct JointTaskOptions {
  std::string video_autoencoder, audio_autoencoder, vocoder;  // folders of trained codecs
  // Folder of a trained speaker encoder: the lines of clips have voices, and the transformer reads them
  // ("add_spk_emb"). Empty: neither.
  std::string speaker_encoder;
  std::int64_t utterances = 64;      // of every voice, of which a line is given one as reference
  std::int64_t made_utterances = 0;  // of every made voice, for scenes of many voices
  double voice_drop = 0.15;          // per line: the null voice
  std::string cache;                 // folder for latents and voices
  std::string start;                 // folder of a trained backbone to go on from; empty: fresh weights
  // Rank of low-rank changes (nn/lora.h) that are trained in the place of the weights of `start`; 0: the weights are. The
  // exported backbone has them in a file of their own. lora_layers: parts of the names of the layers that are changed.
  std::int64_t lora_rank = 0;
  std::vector<std::string> lora_layers{"transformer."};
  // What latents are normalised by: "measured" of these clips, or as the model around `start` has it ("start"), so that
  // what it has learnt meets latents of the same scale in other clips.
  std::string normalisation = "measured";
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
  double moving = 0;                          // how much more what moves in the picture counts (flow_matching.h)
  double caption_drop = 0.1;         // per sample
  // Per batch, what is given and held clean; at most one of them is drawn.
  double image_condition = 0.2;  // the first latent frame
  double last_image = 0;         // the last latent frame
  double follow_picture = 0;     // the whole picture: the sound follows it
  double follow_sound = 0;       // the whole sound: the picture follows it
  double go_on = 0;              // the beginning of both
  double retake = 0;             // all but a span in one modality or both
  double mask_modality = 0.1;        // per batch: no attention between picture and sound
  double audio_only = 0.05, video_only = 0.05;  // per batch: the other modality is absent
  // Sound alone has few tokens and the most to learn, words: its batches may be larger, of speech only, and at noise
  // levels of their own.
  std::int64_t audio_only_batch = 0;  // clips per step; 0: as many as of both
  bool audio_only_speech = false;     // of clips in which somebody speaks
  double audio_only_noise_shift = 0;  // 0: as of both
  // Weights of the losses that ask hidden tokens of the sound and of the picture what happens (naming.h), after block
  // `name_after` (0, 1, ... over all blocks). 0: nobody asks.
  double listen = 0, watch = 0;
  std::int64_t name_after = 0;
  std::int64_t watch_until = 0;  // step from which on nobody asks those of the picture any more; 0: somebody always does
  std::string export_as = "bfloat16";  // or "int8": of the exported backbone's matrices, in half the bytes
  Fields fields();
};

// What a batch trains, drawn per batch.
struct JointMode {
  bool masked = false, has_video = true, has_audio = true;
  std::int64_t code() const { return masked | has_video << 1 | has_audio << 2; }
  static JointMode from_code(std::int64_t code) { return {bool(code & 1), bool(code & 2), bool(code & 4)}; }
};

JointMode draw_mode(const JointTaskOptions& options, Random& random);

// What is given of clips of this many latent frames and latent steps of sound. Only what the mode has can be held, and
// something is always left to be made.
struct ClipLength {
  std::int64_t frames = 0, frame_patch = 4;  // latent frames; pictures per latent frame but the first, which holds one
  std::int64_t steps = 0;
};
diffusion::Held draw_held(const JointTaskOptions& options, const JointMode& mode, const ClipLength& length,
                          Random& random);

}  // namespace phonofilm::train

// The data of the joint task: latents of rendered clips of several lengths, and the batches that are drawn from them.
#pragma once

#include <optional>

#include "phonofilm/train/joint_options.h"
#include "phonofilm/train/latent_cache.h"
#include "phonofilm/train/task.h"
#include "phonofilm/train/voice_bank.h"

namespace phonofilm::train {

// Per channel of a latent.
struct LatentStatistics {
  std::vector<double> mean, std;
};

// Batches hold, by name:
//   tokens  int64 [B, max_tokens]   captions; a row of padding is no text
//   mode    int64 [B]               JointMode::code, the same for all
//   video, audio                    normalised latents; a modality that the mode leaves out is missing
//   held_video, held_audio          bool [B, F], [B, T]: what is given; missing where nothing is
//   heard, seen   int64 [B, T, kinds], [B, pictures, kinds]: HappeningLabels::rows; missing with their modality, where
//                                   it is given whole, without `listen`, `watch`, and from `watch_until` on
//   positions, voices               int64 [B, S], float32 [B, S, D]: of spoken lines, as in nava_batch.h; missing
//                                   without a speaker encoder and where no clip of that length has a line
class JointData {
 public:
  // Renders and encodes the clips, or finds them in the cache. bank: voices for spoken lines, if there are any.
  JointData(const JointTaskOptions& options, std::uint64_t seed, const nava::SmallBackbone& backbone,
            std::optional<VoiceBank> bank, const nn::RunContext& run, const Observer& observer);

  std::int64_t frame_patch() const { return frame_patch_; }
  // What to subtract from raw latents and to divide by, so that they have the deviation that the options ask for, or
  // that of the start.
  const LatentStatistics& video() const { return video_; }
  const LatentStatistics& audio() const { return audio_; }

  const HappeningLabels& labels() const { return labels_; }  // of all clips

  Batch draw(std::uint64_t seed, std::int64_t step) const;  // a pure function
  // All held-out clips with these conditions (tokens, and positions and voices where there are any), in a joint mode
  // with nothing given.
  Batch held_out(const Batch& conditions) const;
  const std::vector<ClipText>& held_out_texts() const { return validation_.latents.texts; }
  const Batch& held_out_conditions() const { return own_; }  // their own, with all voices
  const Batch& wrong_words() const { return wrong_words_; }    // lines with the words of other lines
  const Batch& wrong_voices() const { return wrong_voices_; }  // lines with other voices; empty without voices

 private:
  // Clips of one length.
  struct Bucket {
    LatentSet latents;
    Tensor tokens;  // int64 [N, max_tokens]
    Tensor lines;   // int64 [N, S]: rows_of_lines
    Tensor heard, seen;  // int16 [N, T, kinds], [N, pictures, kinds]; undefined where nobody asks for them
    std::vector<std::int64_t> speech;  // clips with lines
  };
  Tensor draw_clips(const Bucket& bucket, const JointMode& mode, Random& random) const;  // int64 [B]
  void add_voices(const Bucket& bucket, const Tensor& index, const Tensor& dropped, const JointMode& mode,
                  Random& random, Batch& batch) const;
  void label_happenings();
  void make_held_out(const nava::SmallBackbone& backbone, std::uint64_t seed);
  const Bucket& pick_bucket(Random& random) const;
  ClipLength length_of(const Bucket& bucket) const;

  JointTaskOptions options_;
  std::int64_t frame_patch_ = 4;  // of the video autoencoder: pictures per latent frame
  double step_seconds_ = 0;       // of the sound's latent
  HappeningLabels labels_;
  std::vector<Bucket> buckets_;
  Bucket validation_;
  std::optional<VoiceBank> bank_;
  Batch own_, wrong_words_, wrong_voices_;
  LatentStatistics video_, audio_;
};

JointMode mode_of(const Batch& batch);
diffusion::Held held_of(const Batch& batch);

}  // namespace phonofilm::train

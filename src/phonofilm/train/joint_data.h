// The data of the joint task: latents of rendered clips of several lengths, and the batches that are drawn from them.
#pragma once

#include <functional>

#include "phonofilm/train/joint_options.h"
#include "phonofilm/train/latent_cache.h"
#include "phonofilm/train/task.h"

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
class JointData {
 public:
  using Tokenize = std::function<Tensor(const std::vector<std::string>& captions)>;

  // Renders and encodes the clips, or finds them in the cache.
  JointData(const JointTaskOptions& options, std::uint64_t seed, const Tokenize& tokenize, const nn::RunContext& run,
            const Observer& observer);

  // What to subtract from raw latents and to divide by, so that they have the deviation that the options ask for.
  const LatentStatistics& video() const { return video_; }
  const LatentStatistics& audio() const { return audio_; }

  Batch draw(std::uint64_t seed, std::int64_t step) const;  // a pure function
  // All held-out clips with these captions, in a joint mode with nothing given. tokens: int64 [N, max_tokens]
  Batch held_out(const Tensor& tokens) const;
  const Tensor& held_out_tokens() const { return validation_.tokens; }  // their own
  const std::vector<std::string>& held_out_captions() const { return validation_.latents.captions; }

 private:
  // Clips of one length.
  struct Bucket {
    LatentSet latents;
    Tensor tokens;  // int64 [N, max_tokens]
  };
  const Bucket& pick_bucket(Random& random) const;
  ClipLength length_of(const Bucket& bucket) const;
  void hold(Batch& batch, const diffusion::Held& held, const ClipLength& length) const;

  JointTaskOptions options_;
  std::int64_t frame_patch_ = 4;  // of the video autoencoder
  std::vector<Bucket> buckets_;
  Bucket validation_;
  LatentStatistics video_, audio_;
};

JointMode mode_of(const Batch& batch);
diffusion::Held held_of(const Batch& batch);

}  // namespace phonofilm::train

// A small one-dimensional variational autoencoder of log-mel spectrograms in the manner of MMAudio's (Cheng et al.
// 2025): mel bands are channels, time is the only axis that is convolved over, and time is halved once. With the
// default front end, 62.5 mel frames per second become 31.25 latents per second. Both channels of stereo share a latent,
// which then also says where a sound comes from.
#pragma once

#include <memory>
#include <vector>

#include "phonofilm/autoencoders/posterior.h"
#include "phonofilm/base/fields.h"
#include "phonofilm/dsp/mel.h"
#include "phonofilm/nn/layers.h"

namespace phonofilm::autoencoders {

struct MelAutoencoderConfig {
  dsp::MelConfig mel;        // the front end that the weights were trained with
  std::int64_t channels = 1;  // of the sound
  std::int64_t width = 192;   // channels inside
  std::int64_t blocks = 2;   // residual blocks at each of the two rates, on either side
  std::int64_t kernel = 5;   // taps of the residual blocks, odd
  std::int64_t latent_channels = 16;
  double mel_mean = -6, mel_scale = 2.6;  // the networks see (mel - mel_mean) / mel_scale
  std::int64_t rows() const { return channels * mel.bins; }  // of the mels, those of the first channel first
  Fields fields();                                           // all but `mel`
};

// x [B, C, T] -> x + conv1(SiLU(conv_k(SiLU(norm(x))))), RMS norm over channels; the last convolution starts at zero.
class MelResBlock : public nn::Module {
 public:
  MelResBlock(nn::Module& parent, const std::string& name, std::int64_t width, std::int64_t kernel);
  Tensor forward(const Tensor& x, const nn::RunContext& run) const;

 private:
  Tensor& gain_;
  nn::Conv1d wide_, point_;
};

class MelAutoencoder : public nn::Module {
 public:
  // Declares the parameters; nothing is allocated before load() or initialise(). Throws InvalidRequest for a contradictory
  // config.
  explicit MelAutoencoder(const MelAutoencoderConfig& config);
  MelAutoencoder(const MelAutoencoderConfig& config, std::uint64_t seed) : MelAutoencoder(config) { initialise(seed); }
  const MelAutoencoderConfig& config() const { return config_; }

  // mel [B, rows, T], T even -> mean and log variance [B, latent_channels, T / 2], float32
  Posterior encode(const Tensor& mel, const nn::RunContext& run) const;
  // latent [B, latent_channels, T / 2] -> mel [B, rows, T], float32
  Tensor decode(const Tensor& latent, const nn::RunContext& run) const;

 private:
  using Blocks = std::vector<std::unique_ptr<MelResBlock>>;
  Blocks make_blocks(const std::string& name);

  MelAutoencoderConfig config_;
  nn::Conv1d encoder_in_;
  Blocks encoder_fast_;  // at the mel's rate
  nn::Conv1d down_;
  Blocks encoder_slow_;  // at the latent's rate
  nn::Conv1d encoder_out_, decoder_in_;
  Blocks decoder_slow_;
  nn::Conv1d up_;  // two output frames per input frame
  Blocks decoder_fast_;
  nn::Conv1d decoder_out_;
};

// A mono model's weights for stereo of which both channels hear the same: the start of a stereo model's training. Its
// latents of a mono sound, and what it makes of them, are the mono model's. Throws InvalidRequest unless mono is 1.
std::unique_ptr<MelAutoencoder> widened_to_stereo(const MelAutoencoder& mono);

void save_mel_autoencoder(const MelAutoencoder& model, const std::string& folder);
// Throws CheckpointError if the folder is incomplete, damaged or holds something else.
std::unique_ptr<MelAutoencoder> load_mel_autoencoder(const std::string& folder, at::ScalarType dtype);

}  // namespace phonofilm::autoencoders

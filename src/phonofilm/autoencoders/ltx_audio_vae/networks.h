// Encoder and decoder of the LTX audio autoencoder, between a log-mel [B, 2, T, 64] and a latent [B, 8, T / 4, 16]
// whose scale is still the network's own.
#pragma once

#include "phonofilm/autoencoders/ltx_audio_vae/blocks.h"
#include "phonofilm/autoencoders/ltx_audio_vae/config.h"

namespace phonofilm::autoencoders::ltx_audio {

class Encoder : public nn::Module {
 public:
  Encoder(nn::Module& parent, const LtxAudioVaeConfig& config);
  // mel [B, 2, T, mel_bins] -> mean of the latent [B, z_channels, ceil(T / stride), mel_bins / stride]. The variance
  // that the network also gives is for training it and is dropped.
  Tensor forward(const Tensor& mel) const { return finish(descend(begin(mel))); }

  // The three steps of forward(): the first convolution, the levels, the rest.
  Tensor begin(const Tensor& mel) const { return in_.forward(mel); }
  Tensor descend(Tensor x) const;
  Tensor finish(const Tensor& x) const;

 private:
  std::int64_t z_channels_;
  CausalConv in_;
  std::vector<std::unique_ptr<Level>> levels_;
  std::vector<std::unique_ptr<CausalConv>> downs_;  // one fewer
  Middle middle_;
  CausalConv out_;
};

class Decoder : public nn::Module {
 public:
  Decoder(nn::Module& parent, const LtxAudioVaeConfig& config);
  // latent [B, z_channels, L, mel_bins / stride] -> mel [B, 2, stride * (L - 1) + 1, mel_bins].
  Tensor forward(const Tensor& latent) const;

 private:
  CausalConv in_;
  Middle middle_;
  std::vector<std::unique_ptr<Level>> levels_;   // by number: the last runs first
  std::vector<std::unique_ptr<CausalConv>> ups_;  // ups_[i] leads from level i + 1 to level i
  CausalConv out_;
};

}  // namespace phonofilm::autoencoders::ltx_audio

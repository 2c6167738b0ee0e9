// MMAudio's variational autoencoder of log-mel spectrograms (Cheng et al. 2025), by the published tensor names: mel bands
// are channels, only time is convolved over, and it is halved once. At 16 kHz, 62.5 mel frames per second become 31.25
// latents of 20 channels.
#pragma once

#include <memory>

#include "phonofilm/autoencoders/mmaudio_vae/mp_layers.h"
#include "phonofilm/autoencoders/posterior.h"
#include "phonofilm/base/fields.h"

namespace phonofilm::autoencoders {

// The defaults are the published 16 kHz model (v1-16.pth).
struct MmaudioVaeConfig {
  std::int64_t data_dim = 80;     // mel bands
  std::int64_t embed_dim = 20;    // latent channels
  std::int64_t hidden_dim = 384;  // channels at the mel's rate; twice and four times as many at the two inner levels
  Fields fields();
};

// Safe to call from several threads once it is loaded.
class MmaudioVae : public nn::Module {
 public:
  // Declares the parameters; nothing is allocated before load() or initialise().
  explicit MmaudioVae(const MmaudioVaeConfig& config);
  ~MmaudioVae() override;
  const MmaudioVaeConfig& config() const { return config_; }

  // Strict, as nn::Module::load, then normalises all weights (see MpConv1d), in float32. The parameters stay as published
  // and share a float32 file; `dtype` is that of the normalised weights, the run.dtype of later calls.
  void load(const std::map<std::string, Tensor>& tensors, const std::string& file, const std::string& prefix = "",
            at::ScalarType dtype = at::kFloat);

  // mel [B, data_dim, T], as mmaudio_mel gives it, T at least 2 -> mean and log variance [B, embed_dim, T / 2], float32.
  // The last frame of an odd number is not seen. Ovi's audio latent is the mean, without any scaling.
  Posterior encode(const Tensor& mel, const nn::RunContext& run) const;
  // latent [B, embed_dim, T] -> mel [B, data_dim, 2 T], float32.
  Tensor decode(const Tensor& latent, const nn::RunContext& run) const;

 private:
  class Encoder;
  class Decoder;
  MmaudioVaeConfig config_;
  MpConvs convs_;
  Tensor &data_mean_, &data_std_;  // of each mel band over the training data; constants, no gradient reaches them
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace phonofilm::autoencoders

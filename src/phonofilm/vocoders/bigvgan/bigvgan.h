// BigVGAN (Lee et al. 2023): from a log-mel spectrogram to a waveform by transposed convolutions, each followed by
// residual blocks of dilated convolutions between anti-aliased periodic activations. By the published tensor names, as
// MMAudio and Ovi use it at 16 kHz (best_netG.pt of Make-An-Audio 2, top-level entry "generator").
#pragma once

#include <memory>

#include "phonofilm/vocoders/bigvgan/amp_body.h"
#include "phonofilm/vocoders/bigvgan/weight_norm.h"

namespace phonofilm::vocoders {

// How the published files name its layers.
struct BigVganLayers {
  using Conv = WeightNormConv1d;
  using Up = WeightNormConvTranspose1d;
  WeightNormedLayers* all = nullptr;  // every layer that is made

  std::unique_ptr<Conv> conv(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out,
                             std::int64_t kernel, std::int64_t dilation) const;
  std::unique_ptr<Up> up(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out,
                         std::int64_t kernel, std::int64_t stride) const;
  std::unique_ptr<Conv> last(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t kernel) const;
  std::string snake_name(std::size_t index, int half) const {
    return concat("activations.", 2 * index + std::size_t(half));
  }
  std::string up_name(std::size_t stage) const { return concat("ups.", stage, ".0"); }
  std::string last_snake_name() const { return "activation_post"; }
};

// Safe to call from several threads once it is loaded.
class BigVgan : public nn::Module {
 public:
  // Declares the parameters; nothing is allocated before load() or initialise().
  explicit BigVgan(const BigVganConfig& config);
  const BigVganConfig& config() const { return config_; }

  // Strict, as nn::Module::load, for both spellings of weight normalisation, which is then folded (see WeightNormed) in
  // float32. The parameters stay as published and share a float32 file; `dtype` is that of the folded weights.
  void load(const std::map<std::string, Tensor>& tensors, const std::string& file,
            const std::string& prefix = "generator.", at::ScalarType dtype = at::kFloat);

  // mel [B, num_mels, T] -> waveform [B, 1, hop T] in (-1, 1), float32.
  Tensor forward(const Tensor& mel, const nn::RunContext& run) const;

 private:
  BigVganConfig config_;
  WeightNormedLayers layers_;
  AmpBody<BigVganLayers> body_;
};

}  // namespace phonofilm::vocoders

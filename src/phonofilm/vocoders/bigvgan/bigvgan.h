// BigVGAN (Lee et al. 2023): from a log-mel spectrogram to a waveform by transposed convolutions, each followed by residual
// blocks of dilated convolutions between anti-aliased periodic activations. By the published tensor names, as MMAudio and Ovi
// use it at 16 kHz (best_netG.pt of Make-An-Audio 2, top-level entry "generator").
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "phonofilm/base/fields.h"
#include "phonofilm/vocoders/bigvgan/anti_aliased.h"
#include "phonofilm/vocoders/bigvgan/weight_norm.h"

namespace phonofilm::vocoders {

// The defaults are the published 16 kHz model; its mel is autoencoders::mmaudio_mel (log10).
struct BigVganConfig {
  std::int64_t num_mels = 80;
  std::int64_t upsample_initial_channel = 1536;  // halved by every stage
  std::vector<std::int64_t> upsample_rates{4, 4, 2, 2, 2, 2}, upsample_kernel_sizes{8, 8, 4, 4, 4, 4};
  std::vector<std::int64_t> resblock_kernel_sizes{3, 7, 11};  // parallel blocks after every stage
  std::vector<std::int64_t> resblock_dilations{1, 3, 5};      // of all of them

  std::int64_t hop() const;  // samples per mel frame
  Fields fields();
  // Throws InvalidRequest where fields contradict each other.
  void validate(std::string_view where) const;
};

// Reads the publisher's configuration, which nests the dilations ("resblock_dilation_sizes") and holds training options
// besides; those are skipped. Throws InvalidRequest for a network of another kind (activation, block, linear parameters).
BigVganConfig read_bigvgan_config(const nlohmann::json& published, std::string_view where);

// For each dilation d: x + conv2(snake(conv1_d(snake(x)))). x [B, C, T] float32. AMP: anti-aliased multi-periodicity.
class AmpBlock : public nn::Module {
 public:
  AmpBlock(nn::Module& parent, const std::string& name, std::int64_t channels, std::int64_t kernel,
           const std::vector<std::int64_t>& dilations, WeightNormedLayers& all);
  Tensor forward(Tensor x, const nn::RunContext& run) const;

 private:
  std::vector<std::unique_ptr<WeightNormConv1d>> convs1_, convs2_;
  std::vector<std::unique_ptr<AntiAliasedSnake>> activations_;  // two per dilation
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
  struct Stage {
    std::unique_ptr<WeightNormConvTranspose1d> up;
    std::vector<std::unique_ptr<AmpBlock>> blocks;  // their mean is taken
  };
  std::vector<Stage> make_stages();
  std::int64_t width_after(std::size_t stages) const { return config_.upsample_initial_channel >> stages; }

  BigVganConfig config_;
  WeightNormedLayers layers_;
  WeightNormConv1d pre_;
  std::vector<Stage> stages_;
  AntiAliasedSnake activation_post_;
  WeightNormConv1d post_;
};

}  // namespace phonofilm::vocoders

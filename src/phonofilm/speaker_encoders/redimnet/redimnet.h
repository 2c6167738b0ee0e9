// ReDimNet (Yakovlev et al. 2024, arXiv 2407.18223): who speaks, as 192 numbers. NAVA takes them as a voice's timbre.
//
//   const auto encoder = load_redimnet("M-vb2+vox2+cnc-ft_mix.pt");
//   const Tensor voice = encoder->embedding(waveform);                       // [2, S] at 16 kHz -> [192]
//
// Registered names are those of the published files. Everything is float32.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "phonofilm/speaker_encoders/redimnet/backbone.h"
#include "phonofilm/speaker_encoders/redimnet/config.h"
#include "phonofilm/speaker_encoders/redimnet/front_end.h"

namespace phonofilm::speaker_encoders {

// Attentive statistics pooling (Okabe et al. 2018): mean and standard deviation over time, in which every number of a
// frame weighs the frames by attention of its own.
class AttentiveStatistics : public nn::Module {
 public:
  AttentiveStatistics(nn::Module& parent, const std::string& name, std::int64_t width);
  Tensor forward(const Tensor& frames) const;  // [B, D, T] -> [B, 2 D], means before deviations

 private:
  nn::Conv1d narrow_, widen_;
};

// Safe to call from several threads once it is loaded. Gradients reach all weights except the constants: the running
// statistics of batch normalisation (redimnet/layers.h) and the front end's filter, window and bands.
class ReDimNet : public nn::Module {
 public:
  static constexpr std::int64_t kSampleRate = redimnet::kSampleRate;  // Hz
  static constexpr std::int64_t kLongest = 30 * kSampleRate;          // samples that are listened to
  static constexpr std::int64_t kMostChannels = 32;                   // more are taken for a transposed waveform

  // Declares the parameters; nothing is allocated before load() or initialise(). Throws InvalidRequest for a config
  // that ReDimNetConfig::validate refuses.
  explicit ReDimNet(const ReDimNetConfig& config = {});
  const ReDimNetConfig& config() const { return config_; }

  // Strict, as nn::Module::load, but for the num_batches_tracked of its batch norms, which may be there and are not
  // read.
  void load(std::map<std::string, Tensor> tensors, const std::string& file, const std::string& prefix = "");

  // waveform [channels, S] at 16 kHz -> [embed_dim] float32, not normalised. The channels are averaged and the first 30
  // s count; neither silence is cut nor loudness changed. S must exceed 256. Throws ShapeError for another shape, too
  // short a waveform or a dtype that is not floating, InvalidRequest where a sample is not finite.
  Tensor embedding(const Tensor& waveform) const;

  // The steps of the above, for batches and for training. The first refuses as embedding() does, the others throw
  // ShapeError for other shapes.
  Tensor features(const Tensor& waveform) const;               // [B, S] -> [B, F, S / hop + 1]
  std::vector<Tensor> maps(const Tensor& features) const;      // stem and stages, each [B, F C, T]
  Tensor frames(const Tensor& features) const;                 // [B, F, T] -> [B, F C, T], the mixture of the maps
  Tensor pooled(const Tensor& frames) const;                   // [B, F C, T] -> [B, 2 F C]
  Tensor embedding_of_pooled(const Tensor& pooled) const;      // [B, 2 F C] -> [B, embed_dim]
  Tensor embedding_of_features(const Tensor& features) const;  // [B, F, T] -> [B, embed_dim]

 private:
  ReDimNetConfig config_;
  redimnet::MelBanks front_end_;
  redimnet::Backbone backbone_;
  AttentiveStatistics pool_;
  redimnet::BatchNorm norm_;
  nn::Linear linear_;
};

// The network that the file describes and holds: an archive of torch.save with the dictionaries `model_config` and
// `state_dict`, or safetensors with `model_config` as JSON text in the metadata. Throws CheckpointError where the file
// is missing, damaged, without configuration, or holds other tensors than it describes (all of them in one error), and
// InvalidRequest for a configuration that this program has no network for.
std::unique_ptr<ReDimNet> load_redimnet(const std::string& path);

// Writes safetensors that load_redimnet reads: matrices as bfloat16, the front end's constants and vectors as float32.
// Throws ResourceError where that fails.
void save_redimnet(const ReDimNet& model, const std::string& path);

}  // namespace phonofilm::speaker_encoders

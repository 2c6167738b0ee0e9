// The generator of the LTX vocoder: BigVGAN (vocoders/bigvgan) for stereo, with its weight normalisation multiplied
// out, other names and an optional final activation. All in float32: the phase of an activation runs over many turns.
#pragma once

#include <memory>
#include <string>

#include "phonofilm/vocoders/bigvgan/amp_body.h"
#include "phonofilm/vocoders/ltx_vocoder/config.h"

namespace phonofilm::vocoders::ltx {

// Convolution of odd kernel that keeps the length: [B, in, T] -> [B, out, T]. weight [out, in, k].
class SameConv : public nn::Module {
 public:
  SameConv(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel,
           std::int64_t dilation = 1, bool bias = true);
  Tensor forward(const Tensor& x) const;

 private:
  std::int64_t padding_, dilation_;
  Tensor &weight_, *bias_;
};

// Transposed convolution that makes `stride` samples of one: [B, in, T] -> [B, out, stride T]. weight [in, out, k]; k -
// stride must be even and not negative.
class UpConv : public nn::Module {
 public:
  UpConv(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel,
         std::int64_t stride);
  Tensor forward(const Tensor& x) const;

 private:
  std::int64_t stride_, padding_;
  Tensor &weight_, &bias_;
};

// How the published file names its layers.
struct Layers {
  using Conv = SameConv;
  using Up = UpConv;
  bool last_bias = false;  // of the last convolution

  std::unique_ptr<Conv> conv(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out,
                             std::int64_t kernel, std::int64_t dilation) const;
  std::unique_ptr<Up> up(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out,
                         std::int64_t kernel, std::int64_t stride) const;
  std::unique_ptr<Conv> last(nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t kernel) const;
  std::string snake_name(std::size_t index, int half) const { return concat("acts", half + 1, ".", index); }
  std::string up_name(std::size_t stage) const { return concat("ups.", stage); }
  std::string last_snake_name() const { return "act_post"; }
};

class Generator : public nn::Module {
 public:
  // `config` must be valid.
  Generator(nn::Module& parent, const std::string& name, const LtxGeneratorConfig& config);
  // mel [B, num_mels, T], the bands of the left side first -> [B, 2, hop T]; bounded if the config says so.
  Tensor forward(const Tensor& mel) const { return bounded(unbounded(mel)); }
  Tensor unbounded(const Tensor& mel) const;
  Tensor bounded(const Tensor& wave) const;

 private:
  LtxGeneratorConfig config_;
  AmpBody<Layers> body_;
};

}  // namespace phonofilm::vocoders::ltx

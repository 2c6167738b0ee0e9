// The log-mel of the bandwidth extension. Window, transform and mel bands stand in the published file, rounded to
// bfloat16, and the extension was trained on exactly these, so they are loaded, not computed.
#pragma once

#include "phonofilm/nn/module.h"
#include "phonofilm/vocoders/ltx_vocoder/config.h"

namespace phonofilm::vocoders::ltx {

// "mel_basis" [bins, n_fft / 2 + 1], "stft_fn.forward_basis" [n_fft + 2, 1, n_fft] (cosines, then sines, under the
// window) and "stft_fn.inverse_basis" of the same shape, which nothing uses. Constants: no gradient reaches them.
class CausalLogMel : public nn::Module {
 public:
  CausalLogMel(nn::Module& parent, const std::string& name, const LtxVocoderConfig& config);
  // wave [B, 2, S], S divisible by the hop -> [B, 2, bins, S / hop]: ln of the magnitude, at least 1e-5. A frame ends
  // where its hop ends; zeros precede the wave. Differentiable.
  Tensor forward(const Tensor& wave) const;

 private:
  std::int64_t n_fft_, hop_;
  Tensor &mel_basis_, &forward_basis_, &inverse_basis_;
};

}  // namespace phonofilm::vocoders::ltx

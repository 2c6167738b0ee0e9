#include "phonofilm/tensor/channels.h"

#include "phonofilm/tensor/ops.h"

namespace phonofilm {

Tensor with_channels(const Tensor& waveform, std::int64_t channels) {
  if (channels == 0 || channels == waveform.size(0)) return waveform;
  if (channels == 1) return waveform.mean(0, true);
  return waveform.mean(0, true).expand({channels, waveform.size(1)}).contiguous();
}

}  // namespace phonofilm

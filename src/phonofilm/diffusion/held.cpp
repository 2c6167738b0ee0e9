#include "phonofilm/diffusion/held.h"

#include <algorithm>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::diffusion {
namespace {

// Both [B, C, length, ...].
void copy_spans(const std::vector<LatentSpan>& spans, const Tensor& from, Tensor& to, const char* modality) {
  if (spans.empty() || !to.defined()) return;
  PF_CHECK(from.defined() && from.sizes() == to.sizes(), ShapeError, "held latents", "the given ", modality,
           " latent has not the shape of the one that is denoised");
  for (const LatentSpan& span : spans) to.narrow(2, span.first, span.count).copy_(from.narrow(2, span.first, span.count));
}

}  // namespace

bool is_whole(const std::vector<LatentSpan>& spans, std::int64_t length) {
  return std::any_of(spans.begin(), spans.end(), [&](const LatentSpan& s) { return s.first == 0 && s.count == length; });
}

Held first_frames(std::int64_t count) {
  Held held;
  if (count != 0) held.video.push_back({0, count});
  return held;
}

Tensor held_mask(const std::vector<LatentSpan>& spans, std::int64_t length) {
  Tensor mask = at::zeros({length}, at::kBool);
  for (const LatentSpan& span : spans) {
    PF_CHECK(span.first >= 0 && span.count > 0 && span.first < length && span.count <= length - span.first, InvalidRequest,
             "held latents", "cannot hold ", span.count, " from ", span.first, " on: there are ", length);
    mask.narrow(0, span.first, span.count).fill_(true);
  }
  return mask;
}

std::vector<LatentSpan> spans_of(const Tensor& mask) {
  std::vector<LatentSpan> spans;
  const Tensor flat = mask.to(at::kBool).contiguous();
  const bool* held = flat.const_data_ptr<bool>();
  for (std::int64_t i = 0; i < flat.size(0); ++i) {
    if (!held[i]) continue;
    if (!spans.empty() && spans.back().first + spans.back().count == i) ++spans.back().count;
    else spans.push_back({i, 1});
  }
  return spans;
}

void impose(const JointLatent& given, const Held& held, JointLatent& latent) {
  copy_spans(held.video, given.video, latent.video, "video");
  copy_spans(held.audio, given.audio, latent.audio, "audio");
}

}  // namespace phonofilm::diffusion

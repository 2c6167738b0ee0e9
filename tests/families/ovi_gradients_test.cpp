// Gradients of the twin towers against an independent implementation (testdata/goldens/ovi-tiny-gradients).
#include <cmath>

#include "families/ovi_goldens.h"

using namespace phonofilm;
using namespace phonofilm::test;

namespace {

Tensor slope(const Tensor& x, double first) { return (x * at::linspace(first, -first, x.numel()).view_as(x)).sum(); }

// Elements 0, n, 2n, ...: what the recording keeps of a gradient.
Tensor part_of(const Tensor& gradient) {
  const Tensor flat = gradient.flatten();
  const std::int64_t n = (flat.numel() + 1023) / 1024;
  return flat.index_select(0, at::arange(0, flat.numel(), n, at::kLong));
}

}  // namespace

TEST_CASE("ovi: the gradient of every tensor (golden_gradients)") {
  const auto model = load_tiny_ovi();
  model->require_grad(true);
  const auto inputs = weights::SafetensorsFile::open(ovi_golden("golden_dit_fp32.safetensors"));
  const auto golden = weights::SafetensorsFile::open(testdata("goldens/ovi-tiny-gradients/golden_gradients.safetensors"));
  const Tensor rows = padded_rows(inputs.at("context_pos"), model->config());
  const ovi::PreparedContext context = model->prepare_context(rows, rows, {});
  const auto velocity = model->forward({.latent = {ovi_video(inputs.at("video_latent")), ovi_audio(inputs.at("audio_latent"))},
                                        .timestep = at::full({1}, 731.0), .context = &context}, {});
  (slope(velocity.video, -1) + slope(velocity.audio, 1)).backward();

  const auto names = model->named_parameters();
  CHECK(golden.tensors().size() == 2 * names.size());
  for (const auto& [name, tensor] : names) {
    INFO(name);
    REQUIRE(tensor.grad().defined());
    const double norm = golden.at("norm." + name).item<double>();
    const Tensor difference = part_of(tensor.grad()) - golden.at("part." + name);
    CHECK(difference.norm().item<double>() <= 1e-4 * norm);
    CHECK(std::abs(tensor.grad().norm().item<double>() - norm) <= 1e-4 * norm);
  }
}

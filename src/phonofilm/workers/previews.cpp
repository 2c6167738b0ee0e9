#include "phonofilm/workers/previews.h"

#include <algorithm>
#include <vector>

#include "phonofilm/media/image.h"
#include "phonofilm/media/pictures.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::workers {
namespace {

constexpr std::int64_t kPictures = 3, kPictureHeight = 144;
// Wide enough for letters of two dots' width, which can still be read where a page shows it half as wide.
constexpr std::int64_t kSoundWidth = 640, kSoundHeight = 224;
constexpr int kQuality = 70;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Tensor fitted(const Tensor& frame) {
  const std::int64_t width = std::max<std::int64_t>(1, kPictureHeight * frame.size(1) / frame.size(0));
  return media::resize_exact(frame.to(at::kCPU).contiguous(), kPictureHeight, width);
}

}  // namespace

void Previewer::begin() {
  begun_ = std::chrono::steady_clock::now();
  spent_ = 0;
  next_ = picture;
}

// Half of what the whole film allows may be spent at once, so that a short film has its first picture early.
bool Previewer::affordable(Kind kind, double expected) const {
  const double time = std::max(seconds_since(begun_), expected / 2);
  return spent_ + cost_[kind] <= share_ * time;
}

void Previewer::show_picture(Session& session, const diffusion::JointLatent& estimate) {
  const std::int64_t frames = estimate.video.size(2), shown = std::min(frames, kPictures);
  std::vector<Tensor> pictures;
  for (std::int64_t i = 0; i < shown; ++i) {
    const std::int64_t at = (2 * i + 1) * frames / (2 * shown);
    // One latent frame alone: the decoder takes it for the first of a film.
    const diffusion::JointLatent one{estimate.video.narrow(2, at, 1), {}};
    pictures.push_back(fitted(model_.decode(one, {.frames = 1}, run_).frames[0]));
  }
  const Tensor strip = at::cat(pictures, 1);
  session.show("preview.jpg", [&](const std::string& path) { media::write_jpeg(path, strip, kQuality); });
}

void Previewer::show_sound(Session& session, const diffusion::JointLatent& estimate) {
  const Clip clip = model_.decode({{}, estimate.audio}, {.samples = 1}, run_);
  const Tensor image = media::spectrogram_image(clip.waveform, clip.sample_rate, kSoundWidth, kSoundHeight);
  session.show("preview_sound.jpg", [&](const std::string& path) { media::write_jpeg(path, image, kQuality); });
}

void Previewer::step(Session& session, const pipeline::StepView& view, double expected) {
  if (share_ <= 0 || !affordable(next_, expected) || !session.watched()) return;
  const auto start = std::chrono::steady_clock::now();
  const diffusion::JointLatent estimate = view.estimate();
  const Kind kind = next_;
  if (kind == picture && estimate.has_video()) show_picture(session, estimate);
  if (kind == sound && estimate.has_audio()) show_sound(session, estimate);
  next_ = kind == picture ? sound : picture;
  cost_[kind] = seconds_since(start);
  spent_ += cost_[kind];
}

}  // namespace phonofilm::workers

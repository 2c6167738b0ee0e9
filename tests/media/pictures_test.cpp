// Contact sheets and spectrograms: the right things at the right places.
#include "phonofilm/media/pictures.h"

#include "media_helpers.h"
#include "phonofilm/base/error.h"
#include "phonofilm/media/canvas.h"
#include "phonofilm/media/spectrum.h"

using namespace phonofilm;
using namespace phonofilm::media;
using namespace phonofilm::test;

namespace {

Tensor brightness(const Tensor& image) { return image.to(at::kFloat).sum(2); }  // [H, W]

}  // namespace

TEST_CASE("a contact sheet shows frames in the order of time") {
  Clip clip;
  clip.frames = at::arange(24).mul(10).to(at::kByte).view({24, 1, 1, 1}).expand({24, 48, 64, 3}).contiguous();
  const Tensor sheet = contact_sheet(clip, 4, 2, 160);
  CHECK(sheet.size(1) == 8 + 4 * 168);
  int before = -1;
  for (std::int64_t cell = 0; cell < 8; ++cell) {
    const int level = sheet[8 + 60 + cell / 4 * (sheet.size(0) - 8) / 2][8 + 80 + cell % 4 * 168][0].item<int>();
    CHECK(level > before);
    before = level;
  }
  CHECK(before == 230);
  CHECK(contact_sheet(clip, 30, 2, 64).size(1) == 8 + 24 * 72);
  CHECK_THROWS_AS(contact_sheet(Clip{}, 2, 2), ShapeError);
}

TEST_CASE("a contact sheet of pictures a pixel wide is no taller than four times its cells") {
  Clip clip;
  clip.frames = at::zeros({2, 4096, 1, 3}, at::kByte);
  CHECK(contact_sheet(clip, 2, 1, 100).size(0) < 4 * 100 + 60);
  clip.frames = at::zeros({2, 1, 4096, 3}, at::kByte);
  CHECK(contact_sheet(clip, 2, 1, 100).size(0) < 60);
}

TEST_CASE("a spectrogram puts tones and clicks where they are") {
  const std::int64_t rate = 16000, width = 400, height = 200;
  Tensor waveform = at::zeros({1, 2 * rate}, at::kFloat);
  waveform[0].narrow(0, rate, rate).copy_((at::arange(rate, at::kFloat) * float(2 * M_PI * 2000 / double(rate))).sin());
  const Tensor tone = brightness(spectrogram_pixels(waveform, rate, 2, width, height));
  const double row = double(tone.select(1, 300).argmax().item<std::int64_t>());
  CHECK(std::abs(1 - (row + 0.5) / double(height) - axis_share(2000, rate)) < 0.01);
  CHECK(tone.narrow(1, 0, 190).max().item<double>() < tone.select(1, 300).max().item<double>() / 4);
  Tensor click = at::zeros({1, 2 * rate}, at::kFloat);
  click[0][std::int64_t(1.5 * double(rate))] = 1.0;
  const Tensor columns = brightness(spectrogram_pixels(click, rate, 2, width, height)).sum(0);
  const Tensor place = at::arange(width, at::kFloat);
  const Tensor lit = (columns - columns.min()).clamp_min(0);
  CHECK(std::abs((lit * place).sum().item<double>() / lit.sum().item<double>() + 0.5 - 300) < 1);
}

TEST_CASE("pictures have the size that was asked for and bear silence") {
  const Tensor silence = at::zeros({2, 4000}, at::kFloat);
  CHECK(spectrogram_image(silence, 16000, 500, 200).sizes() == Shape{200, 500, 3});
  CHECK(spectrogram_image(beeps(1, 48000, 0.001), 48000, 160, 96).sizes() == Shape{96, 160, 3});
  CHECK_THROWS_AS(spectrogram_image(silence, 16000, 10, 10), InvalidRequest);
  CHECK_THROWS_AS(spectrogram_image(at::zeros({1, 0}), 16000, 500, 200), ShapeError);
}

TEST_CASE("a film strip carries the marks at their times") {
  Clip clip = flash_beep_clip(96, 96, 24, 16000, 1, 2);
  clip.frames.fill_(40);
  const Tensor strip = film_strip_with_spectrogram(clip, 1280, {{0.5}, {1.5}});
  CHECK(strip.size(1) == 1280);
  const Tensor plain = film_strip_with_spectrogram(clip, 1280);
  CHECK(plain.size(0) < strip.size(0));
  const Tensor frames_row = strip[100].to(at::kFloat).sum(1);  // inside the frames
  const std::int64_t seen = frames_row.argmax().item<std::int64_t>();
  const std::int64_t left = 55, inner = 1280 - left - 8;
  CHECK(std::abs(double(seen - left) / double(inner) * 2 - 0.5) < 0.01);
  const Tensor sound_row = strip[strip.size(0) - 60].to(at::kFloat);  // inside the spectrogram
  const std::int64_t heard = (sound_row.select(1, 1) - sound_row.select(1, 0)).argmax().item<std::int64_t>();
  CHECK(std::abs(double(heard - left) / double(inner) * 2 - 1.5) < 0.01);
  Clip picture = clip, sound = clip;
  picture.waveform = Tensor();
  sound.frames = Tensor();
  CHECK(film_strip_with_spectrogram(picture, 640).size(1) == 640);
  CHECK(film_strip_with_spectrogram(sound, 640).size(1) == 640);
  CHECK_THROWS_AS(film_strip_with_spectrogram(Clip{}, 640), ShapeError);
}

TEST_CASE("text is drawn inside its box") {
  Canvas canvas(40, 200, {0, 0, 0});
  canvas.text(20, 10, "0.25 s", kWhite, 2);
  const Tensor ink = brightness(canvas.image());
  CHECK(ink.sum().item<double>() > 10'000);
  CHECK(ink.narrow(0, 0, 9).sum().item<double>() == 0);
  CHECK(ink.narrow(1, 0, 19).sum().item<double>() == 0);
  CHECK(ink.narrow(1, 20 + Canvas::text_width("0.25 s", 2) + 1, 100).sum().item<double>() == 0);
  canvas.text(-50, -50, "clipped", kWhite, 3);
  canvas.text(190, 30, "clipped", kWhite, 3);
}

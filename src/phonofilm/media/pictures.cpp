#include "phonofilm/media/pictures.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "phonofilm/base/error.h"
#include "phonofilm/media/canvas.h"
#include "phonofilm/media/image.h"
#include "phonofilm/media/spectrum.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::media {
namespace {

constexpr std::int64_t kGap = 8;            // between cells and at the edges
constexpr std::int64_t kTickLength = 5;
constexpr std::int64_t kMaxSide = 16384;

// Place of the plot inside a picture with axes.
struct Plot {
  std::int64_t x = 0, y = 0, width = 0, height = 0;
  double seconds = 0;

  std::int64_t column(double time) const { return x + std::llround(time / seconds * double(width)); }
};

int text_size(std::int64_t width) { return width >= 640 ? 2 : 1; }

std::int64_t left_margin(int size) { return Canvas::text_width("250", size) + kTickLength + 2 * kGap; }
std::int64_t bottom_margin(int size) { return Canvas::text_height(size) + kTickLength + 2 * kGap; }

std::string seconds_label(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f s", seconds);
  return text;
}

void draw_time_axis(Canvas& canvas, const Plot& plot, int size) {
  const std::int64_t base = plot.y + plot.height;
  const std::int64_t least = Canvas::text_width("0.00", size) + 4 * kGap;
  std::vector<Tick> ticks = time_ticks(plot.seconds, plot.width, least);
  ticks.back().label += " s";
  for (const Tick& tick : ticks) {
    const std::int64_t x = plot.column(tick.value), width = Canvas::text_width(tick.label, size);
    canvas.fill(std::min(x, plot.x + plot.width - 1), base, 1, kTickLength, kQuietText);
    const std::int64_t left = std::min(x - width / 2, canvas.width() - kGap / 2 - width);
    canvas.text(left, base + kTickLength + kGap / 2, tick.label, kText, size);
  }
}

void draw_frequency_axis(Canvas& canvas, const Plot& plot, std::int64_t sample_rate, int size) {
  const std::int64_t half = Canvas::text_height(size) / 2;
  for (const Tick& tick : frequency_ticks(sample_rate, plot.height, 4 * half + kGap / 2)) {
    const double share = axis_share(tick.value, sample_rate);
    const std::int64_t y = plot.y + std::llround((1 - share) * double(plot.height - 1));
    canvas.fill(plot.x - kTickLength, y, kTickLength, 1, kQuietText);
    const std::int64_t top = std::clamp(y - half, plot.y, plot.y + plot.height - 2 * half);
    canvas.text(plot.x - kTickLength - kGap / 2, top, tick.label, kText, size, Align::right);
  }
  canvas.text(plot.x - kTickLength - kGap / 2, plot.y + plot.height - 2 * half, "Hz", kQuietText, size, Align::right);
}

void draw_sound(Canvas& canvas, const Plot& plot, const Tensor& waveform, std::int64_t sample_rate, int size) {
  canvas.paste(plot.x, plot.y, spectrogram_pixels(waveform, sample_rate, plot.seconds, plot.width, plot.height));
  draw_frequency_axis(canvas, plot, sample_rate, size);
}

void check_frames(const Clip& clip, const char* where) {
  PF_CHECK(clip.has_video(), ShapeError, where, "the clip has no frames");
  expect_shape(clip.frames, {kAny, kAny, kAny, 3}, where);
  PF_CHECK(clip.frames.numel() > 0 && clip.fps > 0, ShapeError, where, "the clip has no frames");
}

void check_sound(const Tensor& waveform, std::int64_t sample_rate, const char* where) {
  expect_shape(waveform, {kAny, kAny}, where);
  PF_CHECK(waveform.numel() > 0 && sample_rate >= 100, ShapeError, where, "no samples, or a rate of ", sample_rate);
}

// Frames side by side, each the one at the time of its middle.
void draw_frames(Canvas& canvas, const Plot& plot, const Clip& clip, std::int64_t tiles) {
  for (std::int64_t tile = 0; tile < tiles; ++tile) {
    const std::int64_t left = tile * plot.width / tiles, right = (tile + 1) * plot.width / tiles;
    const double middle = 0.5 * double(left + right) / double(plot.width) * plot.seconds;
    const std::int64_t index = std::llround(middle * clip.fps);
    if (index > clip.frames.size(0) || middle > clip.video_seconds()) continue;
    const Tensor frame = clip.frames[std::min(index, clip.frames.size(0) - 1)].to(at::kCPU);
    canvas.paste(plot.x + left, plot.y, resize_cover(frame, plot.height, right - left - 1));
  }
}

// Seen events come down through the frames, heard ones up through the spectrogram; where both agree they meet.
void draw_marks(Canvas& canvas, const Plot& frames, const Plot& sound, const EventMarks& marks) {
  constexpr std::int64_t kArrow = 11;
  const auto inside = [&](double time) { return time >= 0 && time <= frames.seconds; };
  const std::int64_t middle = sound.y - kGap / 2;
  for (const double time : marks.video) {
    if (!inside(time)) continue;
    canvas.fill(frames.column(time), frames.y, 1, middle - frames.y, kWhite, 0.85);
    canvas.arrow(frames.column(time), frames.y - 1, kArrow, true, kWhite);
  }
  for (const double time : marks.audio) {
    if (!inside(time)) continue;
    canvas.fill(sound.column(time), middle, 1, sound.y + sound.height - middle, kGreen, 0.85);
    canvas.arrow(sound.column(time), middle, kArrow - 4, false, kGreen);
  }
}

void draw_legend(Canvas& canvas, const Plot& frames, const EventMarks& marks, int size) {
  const std::int64_t top = kGap;
  std::int64_t x = frames.x;
  const auto entry = [&](Color color, const char* text) {
    canvas.fill(x, top, 2 * size, Canvas::text_height(size), color);
    x += 2 * size + kGap;
    canvas.text(x, top, text, kText, size);
    x += Canvas::text_width(text, size) + 3 * kGap;
  };
  if (!marks.video.empty()) entry(kWhite, "seen");
  if (!marks.audio.empty()) entry(kGreen, "heard");
}

}  // namespace

Tensor contact_sheet(const Clip& clip, std::int64_t columns, std::int64_t rows, std::int64_t cell_width) {
  check_frames(clip, "contact sheet");
  PF_CHECK(columns > 0 && rows > 0 && columns * rows <= 10'000 && cell_width >= 16 && columns * cell_width <= kMaxSide,
           InvalidRequest, "contact sheet", columns, "x", rows, " cells of ", cell_width, " pixels are not possible");
  const std::int64_t frames = clip.frames.size(0), cells = std::min(frames, columns * rows);
  const std::int64_t used = (cells + columns - 1) / columns, across = std::min(columns, cells);
  const int size = cell_width >= 160 ? 2 : 1;
  const std::int64_t cell_height = std::clamp<std::int64_t>(cell_width * clip.frames.size(1) / clip.frames.size(2), 1, 4 * cell_width);
  const std::int64_t label = Canvas::text_height(size) + 3 * kGap / 2;
  Canvas canvas(kGap + used * (cell_height + label + kGap / 2), kGap + across * (cell_width + kGap));
  for (std::int64_t cell = 0; cell < cells; ++cell) {
    const std::int64_t index = cells > 1 ? std::llround(double(cell) * double(frames - 1) / double(cells - 1)) : 0;
    const std::int64_t x = kGap + cell % columns * (cell_width + kGap);
    const std::int64_t y = kGap + cell / columns * (cell_height + label + kGap / 2);
    canvas.paste(x, y, resize_exact(clip.frames[index].to(at::kCPU), cell_height, cell_width));
    canvas.text(x, y + cell_height + kGap / 2 + 2, seconds_label(double(index) / clip.fps), kText, size);
  }
  return canvas.image();
}

Tensor spectrogram_image(const Tensor& waveform, std::int64_t sample_rate, std::int64_t width, std::int64_t height) {
  check_sound(waveform, sample_rate, "spectrogram");
  PF_CHECK(width >= 160 && height >= 96 && width <= kMaxSide && height <= kMaxSide, InvalidRequest, "spectrogram",
           width, "x", height, ": at least 160x96 and at most 16384 per side");
  const int size = text_size(width);
  const std::int64_t left = left_margin(size), bottom = bottom_margin(size);
  Canvas canvas(height, width);
  const Plot plot{left, kGap, width - left - kGap, height - kGap - bottom,
                  double(waveform.size(1)) / double(sample_rate)};
  draw_sound(canvas, plot, waveform, sample_rate, size);
  draw_time_axis(canvas, plot, size);
  return canvas.image();
}

Tensor film_strip_with_spectrogram(const Clip& clip, std::int64_t width, const EventMarks& marks) {
  PF_CHECK(clip.has_video() || clip.has_audio(), ShapeError, "film strip", "the clip has neither picture nor sound");
  PF_CHECK(width >= 320 && width <= kMaxSide, InvalidRequest, "film strip", width, ": at least 320 and at most 16384");
  if (clip.has_video()) check_frames(clip, "film strip");
  if (clip.has_audio()) check_sound(clip.waveform, clip.sample_rate, "film strip");
  const int size = text_size(width);
  const std::int64_t left = left_margin(size), inner = width - left - kGap;
  const bool marked = !marks.video.empty() || !marks.audio.empty();
  const std::int64_t top = marked ? Canvas::text_height(size) + 3 * kGap : kGap;
  std::int64_t tiles = 1, frame_height = 0;
  if (clip.has_video()) {
    const double aspect = double(clip.frames.size(2)) / double(clip.frames.size(1));
    tiles = std::clamp<std::int64_t>(std::llround(10 / aspect), 4, 14);
    frame_height = std::clamp<std::int64_t>(std::llround(double(inner) / double(tiles) / aspect), 16, 2 * width);
  }
  const std::int64_t sound_height = clip.has_audio() ? std::max<std::int64_t>(96, width / 5) : 0;
  const double seconds = std::max(clip.video_seconds(), clip.audio_seconds());
  const Plot frames{left, top, inner, frame_height, seconds};
  const Plot sound{left, top + frame_height + kGap, inner, sound_height, seconds};
  Canvas canvas(sound.y + sound.height + bottom_margin(size), width);
  if (clip.has_video()) draw_frames(canvas, frames, clip, tiles);
  if (clip.has_audio()) draw_sound(canvas, sound, clip.waveform, clip.sample_rate, size);
  if (marked) {
    draw_legend(canvas, frames, marks, size);
    draw_marks(canvas, frames, sound, marks);
  }
  draw_time_axis(canvas, sound, size);
  return canvas.image();
}

}  // namespace phonofilm::media

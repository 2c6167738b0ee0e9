#include <algorithm>
#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/media/film.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::media {
namespace {

constexpr double kLowestHz = 60, kHighestHz = 7000, kHighestShare = 0.42;
constexpr double kSearchSeconds = 0.25;
constexpr int kFineSteps = 8;
constexpr double kSilence = 1e-12;  // energy
constexpr double kIdentical = 100;  // dB, in place of infinity

struct Delay {
  double seconds = 0, correlation = 0;
};

// [S] float64, channels averaged.
Tensor mono(const Tensor& waveform) { return waveform.to(at::kDouble).mean(0); }

std::int64_t power_of_two(std::int64_t at_least) {
  std::int64_t size = 1;
  while (size < at_least) size *= 2;
  return size;
}

// 1 inside the band that is compared, 0 outside, per bin of a real FFT of `size` points.
Tensor band(std::int64_t size, std::int64_t rate) {
  const Tensor hertz = at::arange(size / 2 + 1, at::kDouble) * (double(rate) / double(size));
  const double highest = std::min(kHighestHz, kHighestShare * double(rate));
  return hertz.ge(kLowestHz).logical_and(hertz.le(highest)).to(at::kDouble);
}

// The cross-correlation with this spectrum at any lag, whole or not, in samples.
double correlation_at(const Tensor& spectrum, double lag, std::int64_t size) {
  const Tensor angle = at::arange(spectrum.size(0), at::kDouble) * (2 * M_PI * lag / double(size));
  return 2 / double(size) * (at::real(spectrum) * angle.cos() - at::imag(spectrum) * angle.sin()).sum().item<double>();
}

// The whole lag with the highest cross-correlation, at most `reach` samples either way.
std::int64_t coarse_lag(const Tensor& spectrum, std::int64_t size, std::int64_t reach) {
  const Tensor curve = at::fft_irfft(spectrum, size);
  const Tensor window = at::cat({curve.narrow(0, size - reach, reach), curve.narrow(0, 0, reach + 1)});
  return window.argmax().item<std::int64_t>() - reach;
}

// The lag of `late` behind `early` at the peak of their band-limited cross-correlation: the best whole sample, then
// the best of kFineSteps places between samples, then a parabola through that place and its neighbours.
Delay find_delay(const Tensor& early, const Tensor& late, std::int64_t rate) {
  const std::int64_t size = power_of_two(std::max<std::int64_t>(16, early.size(0) + late.size(0)));
  const Tensor keep = band(size, rate);
  const Tensor first = at::fft_rfft(early, size) * keep, second = at::fft_rfft(late, size) * keep;
  const auto energy = [&](const Tensor& spectrum) {
    return spectrum.abs().square().sum().item<double>() * 2 / double(size);
  };
  const double scale = std::sqrt(energy(first) * energy(second));
  if (!(scale > kSilence)) return {};
  const Tensor spectrum = second * first.conj();
  const auto value = [&](double lag) { return correlation_at(spectrum, lag, size); };
  double peak = double(coarse_lag(spectrum, size, std::min(std::int64_t(kSearchSeconds * double(rate)), size / 2 - 1)));
  const double coarse = peak, step = 1.0 / kFineSteps;
  double top = value(peak);
  for (int index = -kFineSteps; index <= kFineSteps; ++index) {
    const double here = value(coarse + index * step);
    if (here <= top) continue;
    top = here;
    peak = coarse + index * step;
  }
  const double left = value(peak - step), right = value(peak + step), bend = left - 2 * top + right;
  const double between = bend < 0 ? 0.5 * (left - right) / bend : 0;
  return {(peak + between * step) / double(rate), top / scale};
}

double psnr_of(const Tensor& one, const Tensor& other) {
  const double error = (one.to(at::kFloat) - other.to(at::kFloat)).square().mean().item<double>();
  return error > 0 ? std::min(kIdentical, 10 * std::log10(255.0 * 255.0 / error)) : kIdentical;
}

// Mean PSNR of frames whose indices differ by `shift`.
double shifted_psnr(const Tensor& written, const Tensor& read, std::int64_t shift) {
  double sum = 0;
  std::int64_t count = 0;
  for (std::int64_t index = 0; index < written.size(0); ++index) {
    if (index + shift < 0 || index + shift >= read.size(0)) continue;
    sum += psnr_of(written[index], read[index + shift]);
    ++count;
  }
  return count > 0 ? sum / double(count) : 0;
}

void compare_pictures(const Tensor& written, const Tensor& read, ClockReport& report) {
  report.frames_written = written.size(0);
  report.frames_read = read.size(0);
  PF_CHECK(written.sizes().slice(1) == read.sizes().slice(1), MediaError, "verify film", "frames of ", read.size(2),
           "x", read.size(1), " were read, ", written.size(2), "x", written.size(1), " were written");
  for (std::int64_t index = 0; index < std::min(written.size(0), read.size(0)); ++index) {
    report.psnr.push_back(psnr_of(written[index], read[index]));
  }
  report.psnr_min = *std::min_element(report.psnr.begin(), report.psnr.end());
  report.psnr_mean = shifted_psnr(written, read, 0);
  double best = report.psnr_mean;
  for (const std::int64_t shift : {-1, 1, -2, 2}) {
    const double here = shifted_psnr(written, read, shift);
    if (here <= best) continue;
    best = here;
    report.frame_shift = shift;
  }
}

}  // namespace

ClockReport verify_clock(const std::string& path, const Clip& written) {
  FilmLimits limits;
  limits.max_frames = written.has_video() ? 2 * written.frames.size(0) + 10 : limits.max_frames;
  limits.max_seconds = 2 * std::max(written.video_seconds(), written.audio_seconds()) + 10;
  limits.pictures = written.has_video();
  limits.sample_rate = written.has_audio() ? written.sample_rate : 0;
  const Film film = read_film(path, limits);
  ClockReport report;
  report.has_video = written.has_video() && film.clip.has_video();
  report.has_audio = written.has_audio() && film.clip.has_audio();
  if (report.has_video) {
    report.fps_written = written.fps;
    report.fps_read = film.clip.fps;
    compare_pictures(written.frames.to(at::kCPU), film.clip.frames, report);
  }
  if (report.has_audio) {
    const Delay delay = find_delay(mono(written.waveform.to(at::kCPU)), mono(film.clip.waveform), written.sample_rate);
    report.audio_offset_ms = 1000 * delay.seconds;
    report.correlation = delay.correlation;
    report.audio_duration_difference = film.clip.audio_seconds() - written.audio_seconds();
  }
  return report;
}

}  // namespace phonofilm::media

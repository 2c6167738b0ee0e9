#include "phonofilm/media/audio_file.h"

extern "C" {
#include <libavutil/frame.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
}

#include <cmath>
#include <numeric>

#include "phonofilm/base/error.h"
#include "phonofilm/media/media_file.h"
#include "phonofilm/media/sound_collector.h"
#include "phonofilm/tensor/channels.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::media {
namespace {

constexpr const char* kReadOperation = "read sound";
constexpr const char* kResampleOperation = "resample sound";
constexpr std::int64_t kMaxProbePixels = 8192 * 8192;

// A Kaiser-windowed sinc of 64 taps: flat to 0.96 of the lower Nyquist frequency, aliases below -90 dB.
constexpr int kTaps = 64;
constexpr double kCutoff = 0.96;
constexpr int kKaiserBeta = 10;

ResamplerHandle make_resampler(int from_rate, int to_rate, int phases) {
  silence_ffmpeg();
  AVChannelLayout mono = {};
  av_channel_layout_default(&mono, 1);
  SwrContext* created = nullptr;
  int code = swr_alloc_set_opts2(&created, &mono, AV_SAMPLE_FMT_FLT, to_rate, &mono, AV_SAMPLE_FMT_FLT, from_rate, 0,
                                 nullptr);
  ResamplerHandle resampler(created);
  PF_CHECK(code >= 0, ResourceError, kResampleOperation, "out of memory");
  av_opt_set_int(created, "filter_size", kTaps, 0);
  av_opt_set_double(created, "cutoff", kCutoff, 0);
  av_opt_set_int(created, "filter_type", SWR_FILTER_TYPE_KAISER, 0);
  av_opt_set_double(created, "kaiser_beta", kKaiserBeta, 0);
  av_opt_set_int(created, "exact_rational", 1, 0);
  // Ratios with more phases than the table has are interpolated between its entries.
  av_opt_set_int(created, "linear_interp", phases > 1024 ? 1 : 0, 0);
  code = swr_init(created);
  PF_CHECK(code >= 0, MediaError, kResampleOperation, "from ", from_rate, " Hz to ", to_rate, " Hz is not possible");
  return resampler;
}

// Zeros on both sides keep the filter from mirroring the ends; `lead` input samples are whole output samples.
Tensor resample_line(const Tensor& line, int from_rate, int to_rate, std::int64_t count) {
  const int common = std::gcd(from_rate, to_rate);
  const int step = from_rate / common, phases = to_rate / common;
  const std::int64_t reach = std::int64_t(kTaps * std::max(1.0, double(from_rate) / to_rate)) + 1;
  const std::int64_t lead = (reach + step - 1) / step * step;
  const Tensor padded = at::constant_pad_nd(line, {lead, lead + reach}, 0).contiguous();
  const ResamplerHandle resampler = make_resampler(from_rate, to_rate, phases);
  const std::int64_t skip = lead / step * phases;
  const std::int64_t room = std::int64_t(double(padded.size(0)) * to_rate / from_rate) + 4 * reach + 64;
  const Tensor out = at::zeros({std::max(room, skip + count)}, at::kFloat);
  const auto* in = reinterpret_cast<const std::uint8_t*>(padded.data_ptr<float>());
  auto* target = reinterpret_cast<std::uint8_t*>(out.data_ptr<float>());
  const int written = swr_convert(resampler.get(), &target, int(out.size(0)), &in, int(padded.size(0)));
  PF_CHECK(written >= 0, MediaError, kResampleOperation, "from ", from_rate, " Hz to ", to_rate, " Hz failed");
  return out.narrow(0, skip, count);
}

}  // namespace

Tensor resample_audio(const Tensor& waveform, std::int64_t from_rate, std::int64_t to_rate) {
  expect_shape(waveform, {kAny, kAny}, "resample sound: waveform");
  constexpr std::int64_t kHighest = 1'000'000;
  PF_CHECK(from_rate > 0 && to_rate > 0 && from_rate <= kHighest && to_rate <= kHighest, InvalidRequest,
           kResampleOperation, "from ", from_rate, " Hz to ", to_rate, " Hz: rates lie between 1 and ", kHighest);
  const Tensor source = waveform.to(at::kCPU, at::kFloat).contiguous();
  if (from_rate == to_rate || source.numel() == 0) return source;
  const double exact = double(source.size(1)) * double(to_rate) / double(from_rate);
  PF_CHECK(exact < 1e9 && source.size(1) < 1'000'000'000, ResourceError, kResampleOperation, source.size(1),
           " samples are too many at once");
  std::vector<Tensor> lines;
  for (std::int64_t channel = 0; channel < source.size(0); ++channel) {
    lines.push_back(resample_line(source[channel], int(from_rate), int(to_rate), std::llround(exact)));
  }
  return at::stack(lines);
}

Tensor read_audio(const MediaInput& input, std::int64_t sample_rate, std::int64_t channels, const AudioLimits& limits,
                  std::int64_t* rate_found) {
  PF_CHECK(channels >= 0 && channels <= 2, InvalidRequest, kReadOperation, input.name, ": ", channels,
           " channels asked for, 0 (as in the file), 1 or 2 are possible");
  MediaFile file(input, kReadOperation, kMaxProbePixels);
  if (!file.audio()) file.fail("holds no sound");
  file.refuse_if_cut_short();
  SoundCollector sound(file, {limits.max_seconds, limits.max_bytes, limits.truncate});
  decode_streams(file, nullptr, [&](const AVFrame& frame) { return sound.add(frame); });
  const Tensor waveform = with_channels(sound.waveform(), channels);
  const std::int64_t rate = sample_rate > 0 ? sample_rate : sound.sample_rate();
  if (rate_found) *rate_found = rate;
  return resample_audio(waveform, sound.sample_rate(), rate);
}

}  // namespace phonofilm::media

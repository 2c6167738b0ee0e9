#include "phonofilm/media/sound_collector.h"

extern "C" {
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
}

#include <algorithm>
#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::media {
namespace {

constexpr std::int64_t kMaxRate = 768'000;
// Timestamps of some containers are whole milliseconds; only larger steps are real gaps or overlaps.
constexpr double kGapSeconds = 0.02;

AVChannelLayout layout_of(const AVFrame& frame) {
  AVChannelLayout layout = {};
  if (frame.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) {
    av_channel_layout_default(&layout, frame.ch_layout.nb_channels);
  } else {
    av_channel_layout_copy(&layout, &frame.ch_layout);
  }
  return layout;
}

}  // namespace

SoundCollector::SoundCollector(const MediaFile& file, const Limits& limits) : file_(file), limits_(limits) {}
SoundCollector::~SoundCollector() = default;

// One resampler at equal rates only converts the format and mixes surround down to stereo.
void SoundCollector::prepare(const AVFrame& frame) {
  const int channels = frame.ch_layout.nb_channels;
  if (converter_) {
    const bool same = frame.format == format_ && channels == input_channels_ && frame.sample_rate == sample_rate_;
    if (!same) file_.fail("its sound changes rate, format or channels halfway: convert it to wav first");
    return;
  }
  if (channels < 1 || frame.sample_rate < 1 || frame.sample_rate > kMaxRate) {
    file_.fail(concat("states ", channels, " channels at ", frame.sample_rate, " Hz: the file is damaged"));
  }
  AVChannelLayout from = layout_of(frame), to = {};
  const int kept = std::min(channels, 2);
  if (kept == channels) av_channel_layout_copy(&to, &from);
  else av_channel_layout_default(&to, kept);
  SwrContext* created = nullptr;
  int code = swr_alloc_set_opts2(&created, &to, AV_SAMPLE_FMT_FLTP, frame.sample_rate, &from,
                                 AVSampleFormat(frame.format), frame.sample_rate, 0, nullptr);
  converter_.reset(created);
  if (code >= 0) av_opt_set_double(created, "rematrix_maxval", 1.0, 0);  // mixing down must not clip
  if (code >= 0) code = swr_init(created);
  av_channel_layout_uninit(&from);
  av_channel_layout_uninit(&to);
  check_av(code, file_.operation(), file_.path(), concat("mixing ", channels, " channels"));
  format_ = frame.format;
  input_channels_ = channels;
  sample_rate_ = frame.sample_rate;
  samples_.resize(size_t(kept));
}

// Where the frame's first sample belongs, in samples from the first one.
std::int64_t SoundCollector::frame_position(const AVFrame& frame) {
  const std::int64_t next = std::int64_t(samples_[0].size());
  if (frame.best_effort_timestamp == AV_NOPTS_VALUE) return next;
  const double seconds = double(frame.best_effort_timestamp) * av_q2d(file_.audio()->time_base);
  if (next == 0) start_seconds_ = seconds;
  const double position = (seconds - start_seconds_) * double(sample_rate_);
  if (std::abs(position - double(next)) <= kGapSeconds * double(sample_rate_)) return next;
  const double furthest = limits_.max_seconds * double(sample_rate_) + 1;
  return std::llround(std::clamp(position, 0.0, furthest));
}

void SoundCollector::check_limits(std::int64_t samples) const {
  const double seconds = double(samples) / double(sample_rate_);
  const double bytes = double(samples) * double(samples_.size()) * sizeof(float);
  if (seconds <= limits_.max_seconds && bytes <= double(limits_.max_bytes)) return;
  file_.fail(concat("its sound is longer than ", human_seconds(limits_.max_seconds), " or needs more than ",
                    human_bytes(double(limits_.max_bytes)), ": cut the file first"));
}

std::vector<std::vector<float>> SoundCollector::convert(const AVFrame& frame) {
  std::vector<std::vector<float>> planes(samples_.size(), std::vector<float>(size_t(frame.nb_samples)));
  std::uint8_t* out[2] = {};
  for (size_t channel = 0; channel < planes.size(); ++channel) {
    out[channel] = reinterpret_cast<std::uint8_t*>(planes[channel].data());
  }
  const int count = check_av(
      swr_convert(converter_.get(), out, frame.nb_samples, const_cast<const std::uint8_t**>(frame.extended_data),
                  frame.nb_samples), file_.operation(), file_.path(), "converting its sound");
  for (auto& plane : planes) plane.resize(size_t(count));
  return planes;
}

bool SoundCollector::add(const AVFrame& frame) {
  if (frame.nb_samples <= 0) return true;
  prepare(frame);
  const std::int64_t position = frame_position(frame);
  const std::int64_t limit = std::int64_t(limits_.max_seconds * double(sample_rate_));
  if (!limits_.truncate) check_limits(position + frame.nb_samples);
  const auto planes = convert(frame);
  for (size_t channel = 0; channel < samples_.size(); ++channel) {
    std::vector<float>& line = samples_[channel];
    const std::int64_t known = std::int64_t(line.size());
    if (position > known) line.resize(size_t(std::min(position, limit)), 0.0f);  // a gap is silence
    const std::int64_t skip = std::clamp<std::int64_t>(known - position, 0, std::int64_t(planes[channel].size()));
    line.insert(line.end(), planes[channel].begin() + skip, planes[channel].end());
  }
  if (!limits_.truncate) return true;
  const std::int64_t by_bytes = limits_.max_bytes / std::int64_t(samples_.size() * sizeof(float));
  return std::int64_t(samples_[0].size()) < std::min(limit, by_bytes);
}

Tensor SoundCollector::waveform() const {
  if (samples_.empty() || samples_[0].empty()) file_.fail("no sound can be decoded: the file is damaged or cut short");
  std::int64_t count = std::int64_t(samples_[0].size());
  const AVStream& stream = *file_.audio();
  if (stream.duration != AV_NOPTS_VALUE && stream.duration > 0) {
    const std::int64_t start = stream.start_time == AV_NOPTS_VALUE ? 0 : stream.start_time;
    const double end = double(start + stream.duration) * av_q2d(stream.time_base);
    const std::int64_t stated = std::llround((end - start_seconds_) * double(sample_rate_));
    const std::int64_t surplus = count - stated;
    // Only the tail of the last frame is cut: a duration that is off by more is not to be believed.
    constexpr std::int64_t kLongestFrame = 8192;
    if (stated > 0 && surplus > 0 && surplus < kLongestFrame) count = stated;
  }
  if (limits_.truncate) count = std::min(count, std::int64_t(limits_.max_seconds * double(sample_rate_)));
  const Tensor result = at::empty({std::int64_t(samples_.size()), count}, at::kFloat);
  for (size_t channel = 0; channel < samples_.size(); ++channel) {
    std::copy_n(samples_[channel].begin(), count, result.data_ptr<float>() + std::int64_t(channel) * count);
  }
  return result;
}

}  // namespace phonofilm::media

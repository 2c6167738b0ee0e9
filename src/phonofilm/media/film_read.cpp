extern "C" {
#include <libavformat/avformat.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "phonofilm/base/error.h"
#include "phonofilm/media/audio_file.h"
#include "phonofilm/media/film.h"
#include "phonofilm/media/film_muxer.h"
#include "phonofilm/media/image.h"
#include "phonofilm/media/media_file.h"
#include "phonofilm/media/sound_collector.h"
#include "phonofilm/tensor/channels.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::media {
namespace {

constexpr const char* kOperation = "read film";
constexpr double kFallbackRate = 25, kLowestRate = 0.1;  // pictures a second
constexpr std::int64_t kMaxProbePixels = 16384 * 16384;  // of pictures that are not decoded

double seconds_of(std::int64_t ticks, AVRational time_base) {
  return ticks == AV_NOPTS_VALUE ? 0 : double(ticks) * av_q2d(time_base);
}

std::string name_or(const char* name) { return name ? name : "unknown"; }

double rate_of(const AVStream& stream) {
  for (const AVRational rate : {stream.avg_frame_rate, stream.r_frame_rate}) {
    if (rate.num > 0 && rate.den > 0) return av_q2d(rate);
  }
  return kFallbackRate;
}

// How long a picture is seen, in seconds; that of an even rate where the file does not say.
double duration_of(const AVFrame& frame, const AVStream& stream) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
  const std::int64_t ticks = frame.duration;
#else
  const std::int64_t ticks = frame.pkt_duration;
#endif
  return ticks > 0 ? seconds_of(ticks, stream.time_base) : 1 / rate_of(stream);
}

void gather_video_facts(const AVStream& stream, FilmFacts& facts) {
  const AVCodecParameters& codec = *stream.codecpar;
  facts.has_video = true;
  facts.video_codec = avcodec_get_name(codec.codec_id);
  facts.pixel_format = name_or(av_get_pix_fmt_name(AVPixelFormat(codec.format)));
  facts.color = concat(name_or(av_color_primaries_name(codec.color_primaries)), "/",
                       name_or(av_color_transfer_name(codec.color_trc)), "/",
                       name_or(av_color_space_name(codec.color_space)), "/",
                       name_or(av_color_range_name(codec.color_range)));
  facts.width = codec.width;
  facts.height = codec.height;
  facts.video_frames = stream.nb_frames;
  facts.fps = rate_of(stream);
  facts.video_start = seconds_of(stream.start_time, stream.time_base);
}

void gather_audio_facts(const AVStream& stream, FilmFacts& facts) {
  facts.has_audio = true;
  facts.audio_codec = avcodec_get_name(stream.codecpar->codec_id);
  facts.sample_rate = stream.codecpar->sample_rate;
  facts.channels = stream.codecpar->ch_layout.nb_channels;
  facts.audio_start = seconds_of(stream.start_time, stream.time_base);
  facts.audio_seconds = seconds_of(stream.duration, stream.time_base);
}

FilmFacts gather_facts(const MediaFile& file) {
  FilmFacts facts;
  facts.container = file.format().iformat->name;
  facts.file_bytes = file.bytes();
  facts.seconds = seconds_of(file.format().duration, AVRational{1, AV_TIME_BASE});
  if (file.video()) gather_video_facts(*file.video(), facts);
  if (file.audio()) gather_audio_facts(*file.audio(), facts);
  return facts;
}

// Number of samples that the demuxer tells the decoder to drop in front, from the first packet of sound.
std::int64_t find_priming(MediaFile& file) {
  if (!file.audio()) return 0;
  const PacketHandle packet = make_packet();
  while (file.read(*packet)) {
    if (packet->stream_index != file.audio()->index) continue;
    size_t bytes = 0;
    const std::uint8_t* skip = av_packet_get_side_data(packet.get(), AV_PKT_DATA_SKIP_SAMPLES, &bytes);
    return skip && bytes >= 10 ? std::int64_t(AV_RL32(skip)) : 0;
  }
  return 0;
}

// A wav file keeps the settings in its comment.
Metadata gather_metadata(const MediaFile& file) {
  Metadata metadata = file.metadata();
  const auto comment = metadata.find("comment");
  if (!metadata.contains(kSettingsKey) && comment != metadata.end() && comment->second.starts_with('{')) {
    metadata[kSettingsKey] = comment->second;
  }
  return metadata;
}

struct PictureSize {
  std::int64_t height = 0, width = 0;  // 0: not known
};

// What a film says of itself that write_film extended to even sides.
PictureSize true_size_of(const Metadata& metadata) {
  const auto entry = metadata.find(kPictureSizeKey);
  long long width = 0, height = 0;
  const bool known = entry != metadata.end() && std::sscanf(entry->second.c_str(), "%6lldx%6lld", &width, &height) == 2;
  return known ? PictureSize{height, width} : PictureSize{};
}

// Cuts the row and column that write_film added.
Tensor cut_to(const PictureSize& size, Tensor image) {
  if (size.height > 0 && size.height == image.size(0) - 1) image = image.narrow(0, 0, size.height);
  if (size.width > 0 && size.width == image.size(1) - 1) image = image.narrow(1, 0, size.width);
  return image.contiguous();
}

// Puts decoded frames on an even grid: frame k is the last one that had begun by the middle of the k-th interval. The
// grid ends where the last frame does.
class PictureCollector {
 public:
  PictureCollector(const MediaFile& file, const FilmLimits& limits)
      : file_(file), limits_(limits), true_size_(true_size_of(file.metadata())),
        fps_(limits.fps > 0 ? limits.fps : std::max(rate_of(*file.video()), kLowestRate)) {
    wanted_frames_ = std::min(limits.max_frames, std::int64_t(std::ceil(limits.max_seconds * fps_)));
    max_frames_ = wanted_frames_;
  }

  bool add(const AVFrame& frame) {
    check_size(frame);
    const Tensor image = fitted(cut_to(true_size_, turned(pixels_.rgb(frame), frame)));
    const double time = seconds_of(frame.best_effort_timestamp, file_.video()->time_base);
    const bool timed = frame.best_effort_timestamp != AV_NOPTS_VALUE;
    if (frames_.empty()) first_seconds_ = time;
    const double begins = timed ? time - first_seconds_ : double(frames_.size()) / fps_;
    seconds_ = std::max(seconds_, begins + duration_of(frame, *file_.video()));
    const std::int64_t known = std::int64_t(frames_.size());
    constexpr double kRounding = 1e-6;  // keeps frames that fall between two places on the same side
    const std::int64_t place = timed ? std::llround(std::min((time - first_seconds_) * fps_ + kRounding, 1e9)) : known;
    if (place < known) {
      if (known > 0 && place == known - 1) frames_.back() = image;
      return true;
    }
    for (std::int64_t index = known; index <= place; ++index) {
      if (index >= max_frames_) return refuse_or_stop();
      frames_.push_back(index < place && known > 0 ? frames_[size_t(known - 1)] : image);
    }
    full_ = limits_.truncate && std::int64_t(frames_.size()) >= wanted_frames_;
    return !full_;
  }

  Tensor take() {
    if (frames_.empty()) file_.fail("no picture can be decoded: the file is damaged or cut short");
    if (!full_) end_with_last_frame();
    const auto count = std::int64_t(frames_.size());
    const Tensor result = at::empty({count, frames_[0].size(0), frames_[0].size(1), 3}, at::kByte);
    for (std::int64_t index = 0; index < count; ++index) {
      result[index].copy_(frames_[size_t(index)]);
      frames_[size_t(index)] = Tensor();  // as they go, so that no film is held twice
    }
    return result;
  }

  double fps() const { return fps_; }
  double first_seconds() const { return first_seconds_; }

 private:
  // The last frame is seen to its own end, if that is within the limits, and not beyond.
  void end_with_last_frame() {
    const std::int64_t count = std::llround(std::min(seconds_ * fps_, double(max_frames_)));
    frames_.resize(size_t(std::max<std::int64_t>(1, count)), frames_.back());
  }

  bool refuse_or_stop() {
    full_ = limits_.truncate && max_frames_ == wanted_frames_;
    if (full_) return false;
    file_.fail(concat("has more than ", max_frames_, " frames at ", fps_, " per second (limits: ", limits_.max_frames,
                      " frames, ", human_seconds(limits_.max_seconds), ", ", human_bytes(double(limits_.max_bytes)),
                      " of pictures): cut the film first"));
  }

  void check_size(const AVFrame& frame) {
    if (width_ == 0) {
      width_ = frame.width;
      height_ = frame.height;
      if (std::max(width_, height_) > limits_.max_side) {
        file_.fail(concat("has pictures of ", width_, "x", height_, ", more than ", limits_.max_side, " per side"));
      }
      const std::int64_t pixels = scales() ? limits_.height * limits_.width : std::int64_t(width_) * height_;
      const std::int64_t fitting = limits_.max_bytes / std::max<std::int64_t>(1, pixels * 3);
      if (fitting < max_frames_) max_frames_ = fitting;
    }
    if (frame.width != width_ || frame.height != height_) file_.fail("its pictures change size halfway");
  }

  bool scales() const { return limits_.height > 0 && limits_.width > 0; }

  Tensor fitted(const Tensor& image) const {
    return scales() ? resize_cover(image, limits_.height, limits_.width) : image;
  }

  Tensor turned(const Tensor& image, const AVFrame& frame) const {
    if (av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX)) return image;
    size_t bytes = 0;
    const std::uint8_t* matrix = av_stream_get_side_data(file_.video(), AV_PKT_DATA_DISPLAYMATRIX, &bytes);
    if (!matrix || bytes < 9 * sizeof(std::int32_t)) return image;
    return apply_display_matrix(image, reinterpret_cast<const std::int32_t*>(matrix));
  }

  const MediaFile& file_;
  FilmLimits limits_;
  PictureSize true_size_;
  double fps_, first_seconds_ = 0, seconds_ = 0;  // until the last frame that was added ends
  bool full_ = false;
  std::int64_t wanted_frames_ = 0, max_frames_ = 0;  // by length, and by memory too
  int width_ = 0, height_ = 0;
  PixelReader pixels_;
  std::vector<Tensor> frames_;  // each [H, W, 3]; repeated frames share their memory until they are stacked
};

// Makes sample 0 lie at `origin` on the container's clock.
Tensor aligned(const Tensor& waveform, double start, double origin, std::int64_t rate, double max_seconds) {
  const double seconds = std::clamp(start - origin, -max_seconds, max_seconds);
  const std::int64_t shift = std::llround(seconds * double(rate));
  if (shift > 0) return at::constant_pad_nd(waveform, {shift, 0}, 0);
  return waveform.narrow(1, std::min(-shift, waveform.size(1)), std::max<std::int64_t>(0, waveform.size(1) + shift));
}

FrameConsumer consumer_of(auto& collector) {
  if (!collector) return nullptr;
  return [&](const AVFrame& frame) { return collector->add(frame); };
}

}  // namespace

Film inspect_film(const MediaInput& input) {
  MediaFile file(input, kOperation, kMaxProbePixels);
  if (!file.video() && !file.audio()) file.fail("holds neither picture nor sound");
  Film film{{}, gather_metadata(file), gather_facts(file)};
  film.metadata.erase(kPictureSizeKey);
  film.facts.priming_samples = find_priming(file);
  return film;
}

Film read_film(const MediaInput& input, const FilmLimits& limits) {
  PF_CHECK(limits.channels >= 0 && limits.channels <= 2, InvalidRequest, kOperation, input.name, ": ", limits.channels,
           " channels asked for, 0 (as in the file), 1 or 2 are possible");
  MediaFile file(input, kOperation, limits.pictures ? limits.max_side * limits.max_side : kMaxProbePixels);
  if (!file.video() && !file.audio()) file.fail("holds neither picture nor sound");
  file.refuse_if_cut_short();
  Film film{{}, gather_metadata(file), gather_facts(file)};
  film.metadata.erase(kPictureSizeKey);
  // Sound that is heard before the first picture is cut off below.
  const double lead = file.video() && file.audio()
                          ? std::clamp(film.facts.video_start - film.facts.audio_start, 0.0, limits.max_seconds) : 0;
  std::optional<PictureCollector> pictures;
  std::optional<SoundCollector> sound;
  if (file.video() && limits.pictures) pictures.emplace(file, limits);
  if (file.audio()) sound.emplace(file, SoundCollector::Limits{limits.max_seconds + lead, limits.max_bytes, limits.truncate});
  decode_streams(file, consumer_of(pictures), consumer_of(sound));
  if (pictures) {
    film.clip.frames = pictures->take();
    film.clip.fps = pictures->fps();
  }
  if (sound) {
    Tensor waveform = with_channels(sound->waveform(), limits.channels);
    const double first_picture = pictures ? pictures->first_seconds() : film.facts.video_start;
    const double origin = file.video() ? first_picture : sound->start_seconds();
    waveform = aligned(waveform, sound->start_seconds(), origin, sound->sample_rate(), limits.max_seconds);
    const auto longest = std::int64_t(limits.max_seconds * double(sound->sample_rate()));
    if (limits.truncate && waveform.size(1) > longest) waveform = waveform.narrow(1, 0, longest);
    film.clip.sample_rate = limits.sample_rate > 0 ? limits.sample_rate : sound->sample_rate();
    film.clip.waveform = resample_audio(waveform, sound->sample_rate(), film.clip.sample_rate);
    film.facts.audio_start = sound->start_seconds();
  }
  return film;
}

}  // namespace phonofilm::media

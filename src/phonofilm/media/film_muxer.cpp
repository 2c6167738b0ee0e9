#include "phonofilm/media/film_muxer.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
}

#include <algorithm>
#include <cmath>
#include <cstring>

#include "phonofilm/base/error.h"
#include "phonofilm/media/audio_file.h"
#include "phonofilm/media/image.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::media {
namespace {

constexpr const char* kOperation = "write film";
// Fixed, because x264 codes the same pictures differently with another number of threads.
constexpr int kEncoderThreads = 4;
// With AVX512, x264's macroblock tree reads past the end of its tables where a picture has less than a vector's worth of
// macroblocks, and some films of a process differ (2 to 20 % of those of 48x64 and 96x96; none from 64x256 on).
constexpr std::int64_t kMacroblocksForTree = 64;

std::int64_t even(std::int64_t side) { return side + side % 2; }

// The exact rational of a rate that was given as a decimal: 23.976 means 24000/1001.
AVRational rational_rate(double fps) {
  const double ntsc = std::round(fps * 1.001);
  if (std::abs(fps - std::round(fps)) > 1e-6 && std::abs(fps - ntsc / 1.001) < 6e-4) return {int(ntsc) * 1000, 1001};
  return av_d2q(fps, 60'000);
}

CodecHandle make_encoder(const FilmMuxer& muxer, const char* name) {
  const AVCodec* codec = avcodec_find_encoder_by_name(name);
  PF_CHECK(codec, MediaError, kOperation, muxer.path(), ": this FFmpeg was built without the '", name, "' encoder");
  CodecHandle encoder(avcodec_alloc_context3(codec));
  PF_CHECK(encoder, ResourceError, kOperation, muxer.path(), ": out of memory");
  encoder->flags |= AV_CODEC_FLAG_BITEXACT;
  if (muxer.wants_global_header()) encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  return encoder;
}

CodecHandle open_h264(const FilmMuxer& muxer, std::int64_t height, std::int64_t width, double fps,
                      const FilmOptions& options) {
  CodecHandle encoder = make_encoder(muxer, "libx264");
  const AVRational rate = rational_rate(fps);
  encoder->width = int(width);
  encoder->height = int(height);
  encoder->pix_fmt = AV_PIX_FMT_YUV420P;
  encoder->time_base = av_inv_q(rate);
  encoder->framerate = rate;
  encoder->sample_aspect_ratio = {1, 1};
  encoder->max_b_frames = 0;
  encoder->gop_size = std::max(1, int(std::lround(2 * fps)));
  encoder->thread_count = kEncoderThreads;
  encoder->color_primaries = AVCOL_PRI_BT709;
  encoder->color_trc = AVCOL_TRC_BT709;
  encoder->colorspace = AVCOL_SPC_BT709;
  encoder->color_range = AVCOL_RANGE_MPEG;
  encoder->chroma_sample_location = AVCHROMA_LOC_LEFT;
  Options settings;
  settings.set("crf", std::to_string(options.crf));
  settings.set("preset", options.preset);
  if ((height + 15) / 16 * ((width + 15) / 16) < kMacroblocksForTree) settings.set("mbtree", "0");
  check_av(avcodec_open2(encoder.get(), nullptr, settings.get()), kOperation, muxer.path(),
           concat("H.264 refuses ", width, "x", height, " at ", fps, " frames per second"));
  return encoder;
}

CodecHandle open_aac(const FilmMuxer& muxer, std::int64_t channels, std::int64_t kbps) {
  CodecHandle encoder = make_encoder(muxer, "aac");
  encoder->sample_fmt = AV_SAMPLE_FMT_FLTP;
  encoder->sample_rate = int(kAacRate);
  encoder->bit_rate = kbps * 1000;
  encoder->time_base = {1, int(kAacRate)};
  av_channel_layout_default(&encoder->ch_layout, int(channels));
  check_av(avcodec_open2(encoder.get(), nullptr, nullptr), kOperation, muxer.path(),
           concat("AAC refuses ", channels, " channels at ", kbps, " kb/s"));
  return encoder;
}

}  // namespace

FilmMuxer::FilmMuxer(const std::string& path, const std::string& container) : path_(path), packet_(make_packet()) {
  silence_ffmpeg();
  const std::string url = "file:" + path;  // a name with a colon is no protocol
  check_av(avformat_alloc_output_context2(&format_, nullptr, container.c_str(), url.c_str()), kOperation, path,
           concat("container '", container, "'"));
  const int opened = avio_open(&format_->pb, url.c_str(), AVIO_FLAG_WRITE);
  if (opened < 0) {
    avformat_free_context(format_);
    check_av(opened, kOperation, path, "cannot be created");
  }
  format_->flags |= AVFMT_FLAG_BITEXACT;  // no encoder version, no date: the same clip gives the same bytes
}

FilmMuxer::~FilmMuxer() {
  avio_closep(&format_->pb);
  avformat_free_context(format_);
}

bool FilmMuxer::wants_global_header() const { return format_->oformat->flags & AVFMT_GLOBALHEADER; }

AVStream* FilmMuxer::add_stream(const AVCodecContext& encoder) {
  AVStream* stream = avformat_new_stream(format_, nullptr);
  PF_CHECK(stream, ResourceError, kOperation, path_, ": out of memory");
  check_av(avcodec_parameters_from_context(stream->codecpar, &encoder), kOperation, path_, "codec parameters");
  stream->time_base = encoder.time_base;
  stream->avg_frame_rate = encoder.framerate;
  return stream;
}

void FilmMuxer::start() {
  format_->max_interleave_delta = 0;  // sound may come after all pictures; packets wait for each other in memory
  Options options;
  options.set("movflags", "+faststart+use_metadata_tags");
  // Edit lists are written in ticks of the movie; milliseconds would round the end of the sound.
  options.set("movie_timescale", std::to_string(kAacRate));
  check_av(avformat_write_header(format_, options.get()), kOperation, path_, "the header cannot be written");
}

void FilmMuxer::encode(AVCodecContext& encoder, AVStream& stream, const AVFrame* frame, std::int64_t duration) {
  check_av(avcodec_send_frame(&encoder, frame), kOperation, path_, "encoding");
  for (;;) {
    const int code = avcodec_receive_packet(&encoder, packet_.get());
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return;
    check_av(code, kOperation, path_, "encoding");
    if (duration > 0) packet_->duration = duration;
    packet_->stream_index = stream.index;
    av_packet_rescale_ts(packet_.get(), encoder.time_base, stream.time_base);
    check_av(av_interleaved_write_frame(format_, packet_.get()), kOperation, path_, "cannot be written");
  }
}

// The index, and with it the metadata, is written last.
void FilmMuxer::finish(const Metadata& metadata) {
  for (const auto& [key, value] : metadata) av_dict_set(&format_->metadata, key.c_str(), value.c_str(), 0);
  check_av(av_write_trailer(format_), kOperation, path_, "cannot be finished");
  avio_flush(format_->pb);
  check_av(format_->pb->error, kOperation, path_, "cannot be written");
  check_av(avio_closep(&format_->pb), kOperation, path_, "cannot be closed");
}

VideoTrack::VideoTrack(FilmMuxer& muxer, std::int64_t height, std::int64_t width, double fps, const FilmOptions& options)
    : muxer_(muxer), fps_(fps), options_(options), height_(height * options.scale), width_(width * options.scale),
      encoder_(open_h264(muxer, even(height_), even(width_), fps, options)), stream_(muxer.add_stream(*encoder_)),
      pixels_(even(height_), even(width_), AV_PIX_FMT_YUV420P, AVCOL_SPC_BT709, AVCOL_RANGE_MPEG) {}

std::string VideoTrack::true_size() const {
  return height_ % 2 || width_ % 2 ? concat(width_, "x", height_) : "";
}

Tensor VideoTrack::extended(Tensor image) const {
  if (options_.scale > 1 && options_.scale_filter == "nearest") {
    image = image.repeat_interleave(options_.scale, 0).repeat_interleave(options_.scale, 1);
  } else if (options_.scale > 1) {
    image = resize_exact(image, height_, width_);
  }
  if (height_ % 2) image = at::cat({image, image.narrow(0, height_ - 1, 1)}, 0);
  if (width_ % 2) image = at::cat({image, image.narrow(1, width_ - 1, 1)}, 1);
  return image.contiguous();
}

void VideoTrack::write(const Tensor& picture) {
  const FrameHandle frame = pixels_.frame(extended(picture));
  frame->pts = next_++;
  frame->color_primaries = AVCOL_PRI_BT709;
  frame->color_trc = AVCOL_TRC_BT709;
  muxer_.encode(*encoder_, *stream_, frame.get(), 1);
}

void VideoTrack::finish() { muxer_.encode(*encoder_, *stream_, nullptr, 1); }

AudioTrack::AudioTrack(FilmMuxer& muxer, std::int64_t channels, const FilmOptions& options)
    : muxer_(muxer), encoder_(open_aac(muxer, channels, options.audio_kbps)), stream_(muxer.add_stream(*encoder_)) {}

void AudioTrack::begin(const Tensor& waveform, std::int64_t sample_rate) {
  waveform_ = resample_audio(waveform, sample_rate, kAacRate).clamp(-1, 1).contiguous();
}

void AudioTrack::write_next() {
  const std::int64_t count = std::min<std::int64_t>(encoder_->frame_size, waveform_.size(1) - next_);
  const FrameHandle frame = make_frame();
  frame->nb_samples = int(count);
  frame->format = AV_SAMPLE_FMT_FLTP;
  frame->sample_rate = int(kAacRate);
  av_channel_layout_copy(&frame->ch_layout, &encoder_->ch_layout);
  check_av(av_frame_get_buffer(frame.get(), 0), kOperation, muxer_.path(), "a frame of sound");
  for (std::int64_t channel = 0; channel < waveform_.size(0); ++channel) {
    const float* from = waveform_.data_ptr<float>() + channel * waveform_.size(1) + next_;
    std::memcpy(frame->extended_data[channel], from, size_t(count) * sizeof(float));
  }
  frame->pts = next_;
  next_ += count;
  muxer_.encode(*encoder_, *stream_, frame.get(), 0);
}

void AudioTrack::finish() { muxer_.encode(*encoder_, *stream_, nullptr, 0); }

}  // namespace phonofilm::media

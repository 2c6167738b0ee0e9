#include "phonofilm/media/media_file.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "phonofilm/base/error.h"

namespace phonofilm::media {
namespace {

// Containers and decoders that read untrusted files: the common ones, because every rare one is attack surface.
constexpr const char* kContainers =
    "mov,matroska,avi,mpegts,mpeg,flv,ogg,wav,w64,aiff,au,caf,flac,mp3,aac,gif,apng,png_pipe,jpeg_pipe,"
    "webp_pipe,bmp_pipe,tiff_pipe,ppm_pipe,pgm_pipe,pam_pipe";
constexpr const char* kDecoders =
    "h264,hevc,mpeg4,mpeg2video,mpeg1video,vp8,vp9,libdav1d,av1,theora,ffv1,prores,dnxhd,mjpeg,rawvideo,"
    "png,apng,gif,bmp,webp,tiff,ppm,pgm,pam,"
    "aac,mp3float,mp3,mp2float,mp2,ac3,eac3,opus,libopus,vorbis,libvorbis,flac,alac,adpcm_ms,adpcm_ima_wav,"
    "pcm_u8,pcm_s8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,"
    "pcm_f64le,pcm_f64be,pcm_alaw,pcm_mulaw";
constexpr int kBufferBytes = 1 << 16;
constexpr int kDecoderThreads = 2;
constexpr int kDamagedPacketsAllowed = 2;

int refuse_to_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) { return AVERROR(EACCES); }

}  // namespace

struct MediaFile::Source {
  int file = -1;
  bool borrowed = false;  // of whoever opened it; decoded without threads
  std::int64_t size = 0;
  AVIOContext* io = nullptr;

  ~Source() {
    if (io) av_freep(&io->buffer);
    avio_context_free(&io);
    if (file >= 0 && !borrowed) close(file);
  }

  static int read(void* opaque, std::uint8_t* buffer, int count) {
    const ssize_t got = ::read(static_cast<Source*>(opaque)->file, buffer, size_t(count));
    if (got < 0) return AVERROR(errno);
    return got == 0 ? AVERROR_EOF : int(got);
  }

  static std::int64_t seek(void* opaque, std::int64_t offset, int whence) {
    const Source& source = *static_cast<Source*>(opaque);
    if (whence & AVSEEK_SIZE) return source.size;
    const off_t position = lseek(source.file, offset, whence & ~AVSEEK_FORCE);
    return position < 0 ? AVERROR(errno) : std::int64_t(position);
  }
};

MediaFile::MediaFile(const MediaInput& input, const std::string& operation, std::int64_t max_pixels,
                     std::int64_t max_bytes)
    : path_(input.name), operation_(operation), max_pixels_(max_pixels), source_(std::make_unique<Source>()) {
  silence_ffmpeg();
  if (input.is_path()) {
    open_path();
  } else {
    source_->file = input.descriptor;
    source_->borrowed = true;
    source_->size = lseek(input.descriptor, 0, SEEK_END);
    if (source_->size < 0 || lseek(input.descriptor, 0, SEEK_SET) != 0) fail("cannot be read from its start");
  }
  if (source_->size == 0) fail("is empty (0 bytes)");
  if (source_->size > max_bytes) {
    fail(concat("has ", human_bytes(double(source_->size)), ", more than the limit of ",
                human_bytes(double(max_bytes))));
  }
  try {
    open_container();
    find_streams();
  } catch (...) {
    avformat_close_input(&format_);
    throw;
  }
}

void MediaFile::open_path() {
  source_->file = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (source_->file < 0) fail(concat("cannot be opened: ", std::strerror(errno)));
  struct stat status = {};
  if (fstat(source_->file, &status) != 0 || !S_ISREG(status.st_mode)) fail("is not a regular file");
  source_->size = status.st_size;
}

MediaFile::~MediaFile() { avformat_close_input(&format_); }

std::int64_t MediaFile::bytes() const { return source_->size; }

void MediaFile::fail(const std::string& message) const { throw MediaError(operation_, path_ + ": " + message); }

void MediaFile::open_container() {
  auto* buffer = static_cast<std::uint8_t*>(av_malloc(kBufferBytes));
  PF_CHECK(buffer, ResourceError, operation_, path_, ": out of memory");
  source_->io = avio_alloc_context(buffer, kBufferBytes, 0, source_.get(), Source::read, nullptr, Source::seek);
  if (!source_->io) av_free(buffer);
  format_ = avformat_alloc_context();
  PF_CHECK(source_->io && format_, ResourceError, operation_, path_, ": out of memory");
  format_->pb = source_->io;
  format_->io_open = refuse_to_open;
  Options options;
  options.set("format_whitelist", kContainers);
  options.set("codec_whitelist", kDecoders);
  if (avformat_open_input(&format_, nullptr, nullptr, options.get()) < 0) {
    fail(concat("is not a picture, sound or film of a known kind, or is damaged at its beginning or cut short (",
                source_->size, " bytes; known: png, jpeg, webp, bmp, gif, mp4, mov, mkv, webm, wav, flac, mp3, ogg)"));
  }
}

void MediaFile::find_streams() {
  std::vector<AVDictionary*> options(format_->nb_streams, nullptr);  // one per stream, for its probing decoder
  for (AVDictionary*& option : options) {
    av_dict_set_int(&option, "max_pixels", max_pixels_, 0);
    av_dict_set(&option, "threads", "1", 0);
  }
  const int found = avformat_find_stream_info(format_, options.data());
  for (AVDictionary*& option : options) av_dict_free(&option);
  if (found < 0) fail("its streams cannot be read: the file is damaged");
  for (unsigned index = 0; index < format_->nb_streams; ++index) format_->streams[index]->discard = AVDISCARD_ALL;
  const auto choose = [&](AVMediaType type) -> const AVStream* {
    const int index = av_find_best_stream(format_, type, -1, -1, nullptr, 0);
    if (index < 0) return nullptr;
    AVStream* stream = format_->streams[index];
    if (stream->disposition & AV_DISPOSITION_ATTACHED_PIC) return nullptr;
    stream->discard = AVDISCARD_DEFAULT;
    return stream;
  };
  video_ = choose(AVMEDIA_TYPE_VIDEO);
  audio_ = choose(AVMEDIA_TYPE_AUDIO);
}

std::map<std::string, std::string> MediaFile::metadata() const {
  constexpr std::array<std::string_view, 7> own = {"major_brand",  "minor_version", "compatible_brands", "language",
                                                   "handler_name", "vendor_id",     "encoder"};
  std::map<std::string, std::string> result;
  const auto gather = [&](const AVDictionary* dictionary) {
    const AVDictionaryEntry* entry = nullptr;
    while ((entry = av_dict_get(dictionary, "", entry, AV_DICT_IGNORE_SUFFIX))) {
      if (std::find(own.begin(), own.end(), entry->key) == own.end()) result.emplace(entry->key, entry->value);
    }
  };
  gather(format_->metadata);
  for (const AVStream* stream : {video_, audio_}) {
    if (stream) gather(stream->metadata);
  }
  return result;
}

void MediaFile::refuse_if_cut_short() const {
  for (const AVStream* constant : {video_, audio_}) {
    if (!constant) continue;
    AVStream* stream = format_->streams[constant->index];
    for (int index = avformat_index_get_entries_count(stream) - 1; index >= 0; --index) {
      const AVIndexEntry* entry = avformat_index_get_entry(stream, index);
      if (entry->pos + entry->size <= source_->size) continue;
      fail(concat("is cut short: its index reaches to byte ", entry->pos + entry->size, ", the file ends at ",
                  source_->size, "; copy or download it again"));
    }
  }
}

bool MediaFile::read(AVPacket& packet) {
  av_packet_unref(&packet);
  const int code = av_read_frame(format_, &packet);
  if (code == AVERROR_EOF) return false;
  if (code < 0) fail("is damaged: reading stopped before the end");
  return true;
}

CodecHandle MediaFile::open_decoder(const AVStream& stream) const {
  const AVCodec* codec = avcodec_find_decoder(stream.codecpar->codec_id);
  if (!codec) fail(concat("no decoder for codec '", avcodec_get_name(stream.codecpar->codec_id), "'"));
  CodecHandle decoder(avcodec_alloc_context3(codec));
  PF_CHECK(decoder, ResourceError, operation_, path_, ": out of memory for a decoder");
  check_av(avcodec_parameters_to_context(decoder.get(), stream.codecpar), operation_, path_, "codec parameters");
  decoder->pkt_timebase = stream.time_base;
  decoder->max_pixels = max_pixels_;
  decoder->thread_count = source_->borrowed ? 1 : kDecoderThreads;
  Options options;
  options.set("codec_whitelist", kDecoders);
  if (avcodec_open2(decoder.get(), codec, options.get()) < 0) {
    fail(concat("codec '", codec->name, "' is not among the decoders for untrusted files, or its header is damaged; "
                "convert the file to mp4 (h264, aac), png or wav first"));
  }
  return decoder;
}

namespace {

// Feeds one packet (null at the end of the stream) and hands on every frame that falls out; false when it was damaged.
bool decode_packet(AVCodecContext& decoder, const AVPacket* packet, AVFrame& frame,
                   const std::function<void(const AVFrame&)>& sink) {
  const bool accepted = avcodec_send_packet(&decoder, packet) >= 0;
  for (;;) {
    const int code = avcodec_receive_frame(&decoder, &frame);
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return accepted;
    if (code < 0) return false;
    sink(frame);
    av_frame_unref(&frame);
  }
}

// One stream on its way from packets to its consumer.
struct Track {
  const AVStream* stream = nullptr;
  CodecHandle decoder{};
  const FrameConsumer* consumer = nullptr;
  bool wants_more = false;
  int damaged = 0;

  void open(const MediaFile& file, const AVStream* chosen, const FrameConsumer& sink) {
    if (!chosen || !sink) return;
    stream = chosen;
    consumer = &sink;
    decoder = file.open_decoder(*chosen);
    wants_more = true;
  }

  void feed(const MediaFile& file, const AVPacket* packet, AVFrame& frame) {
    const bool intact = decode_packet(*decoder, packet, frame, [&](const AVFrame& decoded) {
      if (wants_more) wants_more = (*consumer)(decoded);
    });
    if (packet && !intact && ++damaged > kDamagedPacketsAllowed) {
      file.fail(concat("is damaged: ", damaged, " packets of '", avcodec_get_name(decoder->codec_id),
                       "' cannot be decoded"));
    }
  }
};

}  // namespace

void decode_streams(MediaFile& file, const FrameConsumer& video_sink, const FrameConsumer& audio_sink) {
  std::array<Track, 2> tracks;
  tracks[0].open(file, file.video(), video_sink);
  tracks[1].open(file, file.audio(), audio_sink);
  const PacketHandle packet = make_packet();
  const FrameHandle frame = make_frame();
  while ((tracks[0].wants_more || tracks[1].wants_more) && file.read(*packet)) {
    for (Track& track : tracks) {
      if (track.wants_more && packet->stream_index == track.stream->index) track.feed(file, packet.get(), *frame);
    }
  }
  for (Track& track : tracks) {
    if (track.wants_more) track.feed(file, nullptr, *frame);
  }
}

}  // namespace phonofilm::media

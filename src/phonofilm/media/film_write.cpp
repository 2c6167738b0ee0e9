#include <filesystem>
#include <optional>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/media/audio_file.h"
#include "phonofilm/media/film.h"
#include "phonofilm/media/film_muxer.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::media {
namespace {

constexpr const char* kOperation = "write film";

void check_clip(const std::string& path, const Clip& clip) {
  PF_CHECK(clip.has_video() || clip.has_audio(), InvalidRequest, kOperation, path,
           ": the clip has neither picture nor sound");
  if (clip.has_video()) {
    expect_shape(clip.frames, {kAny, kAny, kAny, 3}, "write film: frames [F, H, W, 3]");
    PF_CHECK(clip.frames.scalar_type() == at::kByte && clip.frames.numel() > 0, ShapeError, kOperation, path,
             ": frames must be uint8 and not empty, got ", shape_text(clip.frames.sizes()));
    PF_CHECK(clip.fps >= 0.1 && clip.fps <= 1000, InvalidRequest, kOperation, path, ": ", clip.fps,
             " frames per second; 0.1 to 1000 are possible");
  }
  if (!clip.has_audio()) return;
  expect_shape(clip.waveform, {kAny, kAny}, "write film: waveform [C, S]");
  const std::int64_t channels = clip.waveform.size(0);
  PF_CHECK((channels == 1 || channels == 2) && clip.waveform.numel() > 0, ShapeError, kOperation, path,
           ": expected one or two channels of sound, got ", shape_text(clip.waveform.sizes()));
  PF_CHECK(clip.waveform.isfinite().all().item<bool>(), MediaError, kOperation, path,
           ": the waveform holds NaN or infinity");
}

// The muxer for an extension, or "" for a wav file. Throws InvalidRequest.
std::string container_for(const std::string& path, const Clip& clip) {
  const std::string extension = to_lower(std::filesystem::path(path).extension().string());
  if (extension == ".mp4" || extension == ".mov") return extension.substr(1);
  PF_CHECK(extension == ".m4a" || extension == ".wav", InvalidRequest, kOperation, path, ": the extension '", extension,
           "' is none of .mp4, .mov, and for sound alone .m4a, .wav");
  PF_CHECK(!clip.has_video(), InvalidRequest, kOperation, path, ": a ", extension, " file holds sound only; use .mp4");
  return extension == ".m4a" ? "ipod" : "";
}

void write_wav_film(const std::string& path, const Clip& clip, const Metadata& metadata) {
  const auto settings = metadata.find(kSettingsKey);
  write_wav(path, clip.waveform, clip.sample_rate, WavFormat::pcm16,
            settings == metadata.end() ? "" : settings->second);
}

// Both tracks in the order of time, so that a player never has to seek.
void write_tracks(const Clip& clip, std::optional<VideoTrack>& video, std::optional<AudioTrack>& audio) {
  const std::int64_t pictures = video ? clip.frames.size(0) : 0;
  for (std::int64_t next = 0;;) {
    const bool sound = audio && !audio->done();
    if (next == pictures && !sound) break;
    if (next < pictures && (!sound || video->next_seconds() <= audio->next_seconds())) video->write(clip.frames[next++]);
    else audio->write_next();
  }
  if (video) video->finish();
  if (audio) audio->finish();
}

void write_container(const std::string& path, const std::string& container, const Clip& clip, Metadata metadata,
                     const FilmOptions& options) {
  FilmMuxer muxer(path, container);
  std::optional<VideoTrack> video;
  std::optional<AudioTrack> audio;
  if (clip.has_video()) video.emplace(muxer, clip.frames.size(1), clip.frames.size(2), clip.fps, options);
  if (clip.has_audio()) {
    audio.emplace(muxer, clip.waveform.size(0), options);
    audio->begin(clip.waveform, clip.sample_rate);
  }
  if (video && !video->true_size().empty()) metadata[kPictureSizeKey] = video->true_size();
  muxer.start();
  write_tracks(clip, video, audio);
  muxer.finish(metadata);
}

}  // namespace

Fields FilmOptions::fields() {
  return {{"crf", &crf, "picture quality of H.264: 1 best, 16 visually transparent, 51 worst", 1, 51},
          {"preset", &preset, "speed of the H.264 encoder", {}, {},
           {"ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"}},
          {"scale", &scale, "enlarge the picture by this whole factor", 1, 16},
          {"scale_filter", &scale_filter, "how to enlarge", {}, {}, {"smooth", "nearest"}},
          {"audio_kbps", &audio_kbps, "bit rate of AAC sound, kb/s", 32, 512}};
}

void write_film(const std::string& path, const Clip& clip, const Metadata& metadata, const FilmOptions& options) {
  check_clip(path, clip);
  FilmOptions checked = options;
  check_fields(checked.fields(), path);
  const std::string container = container_for(path, clip);
  if (container.empty()) return write_wav_film(path, clip, metadata);
  Clip local = clip;
  if (clip.has_video()) local.frames = clip.frames.to(at::kCPU);
  if (clip.has_audio()) local.waveform = clip.waveform.to(at::kCPU, at::kFloat);
  with_temporary_file(path, [&](const std::string& temporary) {
    write_container(temporary, container, local, metadata, options);
  });
}

}  // namespace phonofilm::media

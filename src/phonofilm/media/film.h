// Films: writing a Clip as .mp4 (or its sound alone as .m4a or .wav), reading films back, and proving that the
// sound of a written file still lies where it was.
//
// Clocks. Frame k is shown at k / fps and sample n sounds at n / sample_rate. AAC needs 1024 samples of priming
// (21 ms at 48 kHz); they are written before time zero and cut off by the edit list, so that a player starts the
// sound at t = 0 exactly. Pictures are coded without reordering and need no edit list at all.
// Colour. RGB is converted with the BT.709 matrix to limited range, and the file says so (primaries, transfer, matrix,
// range). Sizes that are odd are extended by repeating the last row or column, because 4:2:0 pictures (the only ones
// that every player shows) have even sizes; the true size is kept in the file and read_film cuts back to it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phonofilm/base/fields.h"
#include "phonofilm/media/media_input.h"
#include "phonofilm/tensor/clip.h"

namespace phonofilm::media {

using Metadata = std::map<std::string, std::string>;

// The metadata key whose value is the JSON with the settings and measurements of a generated film.
inline constexpr const char* kSettingsKey = "phonofilm";

struct FilmOptions {
  std::int64_t crf = 16;              // x264 constant rate factor: 1 best, 16 visually transparent, 51 worst
  std::string preset = "medium";      // x264 speed preset
  std::int64_t scale = 1;             // enlarge frames by this whole factor on writing
  std::string scale_filter = "smooth";  // "smooth" (cubic) or "nearest"
  std::int64_t audio_kbps = 192;
  Fields fields();
};

// Writes clip.frames [F, H, W, 3] uint8 as H.264 and clip.waveform [C, S] float32 (C = 1 or 2) as AAC at 48 kHz, either
// of which may be undefined; .mp4, .mov, or for sound alone .m4a and .wav, chosen by the extension of `path`. The
// index stands before the data (faststart). `metadata` may have any keys; a .wav keeps only kSettingsKey.
// The same clip gives the same bytes. The file appears whole or not at all.
// Throws ShapeError, InvalidRequest (options, extension), MediaError, ResourceError (disk full, no permission).
void write_film(const std::string& path, const Clip& clip, const Metadata& metadata = {},
                const FilmOptions& options = {});

struct FilmLimits {
  std::int64_t max_side = 4096;
  std::int64_t max_frames = 3000;
  double max_seconds = 180;
  std::int64_t max_bytes = std::int64_t(2) << 30;  // of decoded pictures, and as much again of sound
  bool truncate = false;         // true: stop at max_seconds and max_frames instead of throwing
  std::int64_t sample_rate = 0;  // 0 keeps the file's rate, else the sound is resampled
  std::int64_t channels = 0;     // 0 keeps the file's count (more than two are mixed to stereo), else 1 or 2
  double fps = 0;                // 0 keeps the file's average rate, else frames are repeated or left out
  std::int64_t height = 0, width = 0;  // 0 keeps the pictures' size, else each covers this one, its middle kept
  bool pictures = true;          // false: leaves them undecoded, whatever their size; the sound keeps its place
};

// What the container says, without decoding.
struct FilmFacts {
  std::string container;  // "mov,mp4,m4a,3gp,3g2,mj2"
  std::int64_t file_bytes = 0;
  double seconds = 0;
  bool has_video = false, has_audio = false;
  std::string video_codec, pixel_format, color;  // "h264", "yuv420p", "bt709/bt709/bt709/tv"
  std::int64_t width = 0, height = 0;            // as stored, before cutting and rotation
  std::int64_t video_frames = 0;                 // 0 when the container does not say
  double fps = 0;
  double video_start = 0;  // seconds on the container's clock
  std::string audio_codec;
  std::int64_t sample_rate = 0, channels = 0;
  double audio_start = 0;  // after the edit list
  double audio_seconds = 0;
  std::int64_t priming_samples = 0;  // stored before audio_start and cut off by the edit list
};

struct Film {
  Clip clip;          // t = 0 is the first frame shown, or the start of the sound where there is no picture
  Metadata metadata;  // whatever the container holds, of all keys
  FilmFacts facts;
};

// Container facts and metadata; Film::clip stays empty. Throws MediaError.
Film inspect_film(const MediaInput& input);

// Decodes a film (or a sound file) whole. Edit lists and encoder priming are honoured, sound that starts before the
// picture is cut and sound that starts later is padded with silence, so that the Clip keeps the file's timing to the
// sample.
// Films of variable rate are put on an even grid by repeating or leaving out frames.
// Throws MediaError: unreadable, damaged or cut short, no streams, larger than `limits`.
Film read_film(const MediaInput& input, const FilmLimits& limits = {});

// How well a written file keeps the clip. Sound: the delay at the peak of the cross-correlation between 60 Hz and 0.42
// of the sample rate (or 7 kHz), interpolated below one sample; searched within 0.25 s.
struct ClockReport {
  bool has_video = false, has_audio = false;
  double audio_offset_ms = 0;         // decoded minus written; positive: sound comes late
  double correlation = 0;             // normalised, at the peak; 0 when either side is silent
  double audio_duration_difference = 0;  // seconds, decoded minus written
  std::int64_t frames_written = 0, frames_read = 0;
  double fps_written = 0, fps_read = 0;
  std::int64_t frame_shift = 0;       // in [-2, 2]: the shift of frame indices with the smallest error
  double psnr_mean = 0, psnr_min = 0; // dB over frames of equal index; 100 stands for identical
  std::vector<double> psnr;           // [frames]
};

// Decodes `path` and compares it with the clip that write_film was given (with FilmOptions::scale 1). A clip of the sound
// alone compares only that, and no picture is decoded. Throws MediaError where the file cannot be read.
ClockReport verify_clock(const std::string& path, const Clip& written);

}  // namespace phonofilm::media

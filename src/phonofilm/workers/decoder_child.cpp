// The side of decode_upload that sees the file.
#include <ATen/Parallel.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/media/audio_file.h"
#include "phonofilm/media/film.h"
#include "phonofilm/media/image.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/workers/decoder_wire.h"

namespace phonofilm::workers {
namespace {

constexpr int kInput = 0, kOutput = 1;

// In a pipe, by the one call that the sandbox allows.
bool write_all(const void* bytes, size_t count) {
  const auto* from = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t done = write(kOutput, from, count);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    from += done;
    count -= size_t(done);
  }
  return true;
}

Clip decode_picture(const media::MediaInput& input, const DecodeRequest& request) {
  Clip clip;
  const media::ImageLimits limits{request.max_side, request.max_pixels, request.max_file_bytes};
  clip.frames = media::read_image(input, limits).unsqueeze(0);
  return clip;
}

void check_stated_rates(const media::MediaInput& input, const media::FilmFacts& facts, const DecodeRequest& request) {
  PF_CHECK(facts.sample_rate <= request.max_sample_rate, MediaError, "upload", input.name, ": states ",
           facts.sample_rate, " samples a second, at most ", request.max_sample_rate, " are read");
  if (!facts.has_video || !request.pictures || request.kind == "sound") return;
  PF_CHECK(facts.fps <= request.max_fps, MediaError, "upload", input.name, ": states ", facts.fps,
           " pictures a second, at most ", request.max_fps, " are read");
  const bool small = std::max(facts.width, facts.height) <= request.max_side &&
                     facts.width * facts.height <= request.max_pixels;
  PF_CHECK(small, MediaError, "upload", input.name, ": states pictures of ", facts.width, "x", facts.height,
           ", at most ", request.max_side, " per side and ", request.max_pixels, " in all are read");
}

// By what the container says, before a decoder runs.
media::FilmFacts check_stated(const media::MediaInput& input, const DecodeRequest& request) {
  const media::FilmFacts facts = media::inspect_film(input).facts;
  check_stated_rates(input, facts, request);
  PF_CHECK(facts.channels <= request.max_channels, MediaError, "upload", input.name, ": states ", facts.channels,
           " channels of sound, at most ", request.max_channels, " are read");
  PF_CHECK(request.truncate || facts.seconds <= request.max_seconds, MediaError, "upload", input.name, ": states ",
           facts.seconds, " seconds, at most ", request.max_seconds, " are read: cut it first");
  PF_CHECK(facts.file_bytes <= request.max_file_bytes, MediaError, "upload", input.name, ": has ",
           human_bytes(double(facts.file_bytes)), ", at most ", human_bytes(double(request.max_file_bytes)),
           " are read");
  return facts;
}

Clip decode_sound(const media::MediaInput& input, const DecodeRequest& request) {
  Clip clip;
  const media::AudioLimits limits{request.max_seconds, request.max_bytes, request.truncate};
  clip.waveform = media::read_audio(input, request.sample_rate, request.channels, limits, &clip.sample_rate);
  return clip;
}

Clip decode_film(const media::MediaInput& input, const DecodeRequest& request) {
  media::FilmLimits limits;
  limits.max_side = request.max_side, limits.max_frames = request.max_frames;
  limits.max_seconds = request.max_seconds, limits.max_bytes = request.max_bytes / 2;
  limits.truncate = request.truncate, limits.sample_rate = request.sample_rate, limits.channels = request.channels;
  limits.pictures = request.pictures, limits.fps = request.fps;
  limits.height = request.height, limits.width = request.width;
  return media::read_film(input, limits).clip;
}

Clip look_at(const media::MediaInput& input, const media::FilmFacts& facts, const DecodeRequest& request) {
  Clip clip;
  if (facts.has_video && request.pictures) clip = decode_picture(input, request);
  if (!facts.has_audio) return clip;
  clip.waveform = at::empty({1, 0}, at::kFloat);
  clip.sample_rate = facts.sample_rate;
  return clip;
}

Clip decode(const DecodeRequest& request) {
  const media::MediaInput input{"the file", kInput};
  if (request.kind == "picture") return decode_picture(input, request);
  const media::FilmFacts facts = check_stated(input, request);
  if (request.kind == "look") return look_at(input, facts, request);
  return request.kind == "sound" ? decode_sound(input, request) : decode_film(input, request);
}

bool send_clip(const Clip& clip) {
  AnswerHead head;
  const Tensor frames = clip.has_video() ? clip.frames.contiguous() : Tensor();
  const Tensor waveform = clip.has_audio() ? clip.waveform.contiguous() : Tensor();
  if (frames.defined()) {
    head.frames = frames.size(0), head.height = frames.size(1), head.width = frames.size(2);
    head.fps = clip.fps;
  }
  if (waveform.defined()) {
    head.channels = waveform.size(0), head.samples = waveform.size(1);
    head.sample_rate = clip.sample_rate;
  }
  return write_all(&head, sizeof head) && (!frames.defined() || write_all(frames.data_ptr(), frames.nbytes())) &&
         (!waveform.defined() || write_all(waveform.data_ptr(), waveform.nbytes()));
}

int send_error(int exit_code, const std::string& message) {
  AnswerHead head;
  const std::string text = message.substr(0, size_t(AnswerHead::kLongestText));
  head.exit_code = exit_code;
  head.text = std::int64_t(text.size());
  const bool sent = write_all(&head, sizeof head) && write_all(text.data(), text.size());
  return sent ? 0 : 1;
}

// LibTorch looks at the processor, in the system's files, when it computes for the first time.
void warm_up() {
  at::set_num_threads(1);  // the sandbox starts no threads
  const Tensor sound = at::constant_pad_nd(at::ones({2, 64}, at::kFloat), {8, 8}, 0).mean(0, /*keepdim=*/true);
  at::empty({1, 80}, at::kByte).copy_(at::stack({sound[0], sound[0]}).narrow(0, 0, 1));
}

}  // namespace

Fields DecodeRequest::fields() {
  return {{"kind", &kind, "of what is wanted", {}, {}, {"picture", "sound", "film", "look"}},
          {"max_side", &max_side, "pixels", 1.0, 65536.0},
          {"max_pixels", &max_pixels, "of one picture", 1.0, 1e9},
          {"max_frames", &max_frames, "pictures of a film", 1.0, 1e6},
          {"max_seconds", &max_seconds, "of a film or sound", 0.0, 86400.0},
          {"max_file_bytes", &max_file_bytes, "of the file", 1.0, 1e12},
          {"max_bytes", &max_bytes, "of pictures and samples", 1.0, 1e12},
          {"max_channels", &max_channels, "of sound in the file", 1.0, 64.0},
          {"sample_rate", &sample_rate, "Hz; 0: the file's", 0.0, 1e6},
          {"channels", &channels, "0: the file's, at most two", 0.0, 2.0},
          {"truncate", &truncate, "stop at max_seconds"},
          {"pictures", &pictures, "of a film are wanted"},
          {"fps", &fps, "pictures a second; 0: the film's", 0.0, 1000.0},
          {"height", &height, "of its pictures; 0: their own", 0.0, 65536.0},
          {"width", &width, "of its pictures; 0: their own", 0.0, 65536.0},
          {"max_fps", &max_fps, "pictures a second in the file", 1.0, 1e6},
          {"max_sample_rate", &max_sample_rate, "Hz in the file", 1.0, 1e9}};
}

Fields DecoderTask::fields() {
  Fields fields = request.fields();
  fields.push_back({"memory", &limits.memory, "bytes of address space", 1.0, 1e12});
  fields.push_back({"cpu_seconds", &limits.cpu_seconds, "of processor time", 1.0, 86400.0});
  return fields;
}

int run_decoder_child(const std::string& text) {
  DecoderTask task;
  read_json(parse_json(text, "upload"), task.fields(), "upload");
  warm_up();
  try {
    enter_sandbox(task.limits);
  } catch (const Error& error) {
    return send_error(AnswerHead::kNoSandbox, error.what());
  }
  try {
    return send_clip(decode(task.request)) ? 0 : 1;
  } catch (const Error& error) {
    return send_error(error.exit_code(), error.what());
  } catch (const std::exception&) {  // of an allocator: the others' texts may tell of addresses
    return send_error(ResourceError("", "").exit_code(), "it takes more memory to decode than is allowed");
  }
}

}  // namespace phonofilm::workers

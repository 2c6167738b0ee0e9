#include "phonofilm/cli/film_inputs.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "phonofilm/base/error.h"
#include "phonofilm/media/audio_file.h"
#include "phonofilm/media/film.h"
#include "phonofilm/media/image.h"
#include "phonofilm/pipeline/film_plan.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::cli {
namespace {

using pipeline::GenerateRequest;
using pipeline::GivenFiles;
using pipeline::kToTheEnd;

constexpr const char* kOperation = "generate";
constexpr double kSilence = 1e-3;   // largest sample, full scale 1: -60 dB
constexpr double kRounding = 1e-6;  // seconds
constexpr double kBeyond = 1;       // seconds by which a film may be longer than was asked for, in whole latents

std::string name_of(const std::string& path) { return std::filesystem::path(path).filename().string(); }

class Preparation {
 public:
  Preparation(const families::Generator& model, const GenerateRequest& request, const GivenFiles& files)
      : model_(model), info_(model.info()), files_(files), film_{.request = request} {}

  PreparedFilm prepare() {
    expect_taken();
    if (!files_.audio.empty()) follow_sound();
    if (!files_.video.empty()) follow_picture();
    if (!files_.extend.empty()) go_on();
    if (!files_.of.empty()) retake();
    take_images();
    take_voices();
    return std::move(film_);
  }

 private:
  void expect_taken() const {
    PF_CHECK(files_.voices.empty() || info_.takes_voices, InvalidRequest, kOperation, "--voice: ", info_.name(),
             " takes no reference voices");
    PF_CHECK(!files_.keeps() || info_.keeps_films, InvalidRequest, kOperation, info_.name(),
             " cannot keep parts of a given film; leave out --audio, --video, --last-image, --extend and --retake");
  }

  // The picture's size for a film that begins with `image`, or is to look like it.
  families::ClipSpec size_for(const Tensor& image) const {
    families::ClipRequest clip = pipeline::clip_request(film_.request, image);
    clip.seconds = 0;
    clip.latent_frames = 0;
    clip.video = true;
    return model_.clip_spec(clip);
  }
  void settle_size(const Tensor& image) {
    const families::ClipSpec spec = size_for(image);
    film_.request.height = spec.height;
    film_.request.width = spec.width;
    film_.request.exact_size = true;
  }

  // used: seconds of it that are used at most; 0: all, of a file that is not too long.
  Clip read(const std::string& path, bool pictures, bool sound, double used) {
    const media::FilmFacts facts = media::inspect_film(path).facts;
    PF_CHECK(!pictures || facts.has_video, MediaError, kOperation, path, ": holds no picture",
             sound ? "; add --no-video to work on its sound alone" : "");
    PF_CHECK(!sound || facts.has_audio, MediaError, kOperation, path, ": holds no sound",
             pictures ? "; add --no-audio, or give it a sound first with --video" : "");
    media::FilmLimits limits;
    limits.sample_rate = film_.request.sample_rate > 0 ? film_.request.sample_rate : info_.sample_rate;
    limits.channels = info_.channels;
    limits.fps = info_.fps;
    limits.pictures = pictures;
    if (used > 0) {
      limits.max_seconds = std::min(limits.max_seconds, used + kBeyond);
      limits.truncate = true;
    }
    if (pictures) {
      settle_size(media::read_image(path));
      limits.height = film_.request.height;
      limits.width = film_.request.width;
    }
    Clip clip = media::read_film(path, limits).clip;
    if (!sound) clip.waveform = Tensor();
    else check_sound(path, clip.waveform);
    return clip;
  }

  void check_sound(const std::string& path, const Tensor& waveform) {
    PF_CHECK(waveform.numel() > 0, MediaError, kOperation, path, ": its sound is empty");
    PF_CHECK(waveform.isfinite().all().item<bool>(), MediaError, kOperation, path,
             ": its sound holds samples that are no numbers");
    if (waveform.abs().max().item<double>() < kSilence) film_.notices.push_back(name_of(path) + " is silent");
  }

  void keep(const char* as, const std::string& path, Clip clip) {
    film_.given.kept.clip = std::move(clip);
    film_.given.kept_as = as;
    film_.given.kept_name = name_of(path);
  }

  // A film is as long as what it follows, unless --seconds says otherwise.
  void settle_length(const std::string& path, double seconds) {
    if (film_.request.seconds > 0) return;
    const double longest = std::max(info_.max_seconds, pipeline::kLongestSeconds);
    const double shortest = info_.min_seconds;
    PF_CHECK(seconds >= shortest - kRounding, InvalidRequest, kOperation, path, ": lasts ", seconds, " s, and ",
             info_.name(), " makes at least ", shortest, " s: add --seconds, and it is lengthened");
    PF_CHECK(seconds <= longest + kRounding, InvalidRequest, kOperation, path, ": lasts ", seconds, " s, and at most ",
             longest, " s are made: add --seconds, and only its beginning is used");
    film_.request.seconds = seconds;
  }

  void follow_sound() {
    const Clip clip = read(files_.audio, /*pictures=*/false, /*sound=*/true, film_.request.seconds);
    settle_length(files_.audio, clip.audio_seconds());
    keep("audio", files_.audio, clip);
    film_.given.kept.audio = {{0, kToTheEnd}};
  }

  void follow_picture() {
    const Clip clip = read(files_.video, /*pictures=*/true, /*sound=*/false, film_.request.seconds);
    settle_length(files_.video, clip.video_seconds());
    keep("video", files_.video, clip);
    film_.given.kept.video = {{0, kToTheEnd}};
  }

  // A given film of this request's modalities, its sound as long as its pictures or, where it goes on, `longer`.
  Clip read_whole(const std::string& path, bool longer) {
    const GenerateRequest& r = film_.request;
    Clip clip = read(path, r.video, r.audio, /*used=*/0);
    const double seconds = seconds_of(clip);
    PF_CHECK(seconds > 0, MediaError, kOperation, path, ": is shorter than a picture");
    if (!r.audio) return clip;
    const std::int64_t samples = std::llround(seconds * double(clip.sample_rate)), there = clip.waveform.size(1);
    if (there < samples) clip.waveform = at::constant_pad_nd(clip.waveform, {0, samples - there}, 0);
    else if (!longer) clip.waveform = clip.waveform.slice(1, 0, samples).contiguous();
    return clip;
  }
  double seconds_of(const Clip& clip) const {
    if (clip.has_video()) return clip.video_seconds();
    return std::floor(clip.audio_seconds() * info_.fps + kRounding) / info_.fps;
  }

  void go_on() {
    const Clip clip = read_whole(files_.extend, /*longer=*/false);
    GenerateRequest& r = film_.request;
    const double seconds = seconds_of(clip);
    const double added = r.seconds > 0 ? r.seconds : pipeline::seconds_of_addition(model_, r);
    r.seconds = seconds + added;
    keep("extend", files_.extend, clip);
    if (r.video) film_.given.kept.video = {{0, seconds}};
    if (r.audio) film_.given.kept.audio = {{0, seconds}};
  }

  void retake() {
    const families::TimeSpan moment = pipeline::parse_span(files_.retake);
    const Clip clip = read_whole(files_.of, /*longer=*/true);
    GenerateRequest& r = film_.request;
    r.seconds = seconds_of(clip);
    expect_inside(moment, r.seconds);
    std::vector<families::TimeSpan> around;
    if (moment.first > 0) around.push_back({0, moment.first});
    if (moment.last < r.seconds - kRounding) around.push_back({moment.last, kToTheEnd});
    const std::vector<families::TimeSpan> all{{0, kToTheEnd}};
    PF_CHECK(!around.empty() || files_.retake_only != "both", InvalidRequest, kOperation, "--retake ", files_.retake,
             " is the whole film, of which nothing would be kept; leave out --retake and --of");
    keep("retake", files_.of, clip);
    if (r.video) film_.given.kept.video = files_.retake_only == "sound" ? all : around;
    if (r.audio) film_.given.kept.audio = files_.retake_only == "picture" ? all : around;
    film_.given.retake = true;
  }

  void expect_inside(const families::TimeSpan& moment, double seconds) const {
    PF_CHECK(moment.first < seconds && moment.last <= seconds + 1 / info_.fps, InvalidRequest, kOperation, "--retake ",
             files_.retake, " lies outside of ", files_.of, ", which lasts ", seconds, " s");
    PF_CHECK(moment.last - moment.first >= 1 / info_.fps - kRounding, InvalidRequest, kOperation, "--retake ",
             files_.retake, ": at least one picture, ", 1 / info_.fps, " s, is made again");
  }

  void take_images() {
    pipeline::Given& given = film_.given;
    if (!files_.image.empty()) {
      given.image = media::read_image(files_.image);
      given.image_name = name_of(files_.image);
      const families::ClipSpec spec = size_for(given.image);
      if (!info_.fits_images) given.image = media::resize_cover(given.image, spec.height, spec.width);
    }
    if (files_.last_image.empty()) return;
    const Tensor last = media::read_image(files_.last_image);
    settle_size(given.image.defined() ? given.image : last);
    given.last_image = media::resize_cover(last, film_.request.height, film_.request.width);
    given.last_image_name = name_of(files_.last_image);
  }

  void take_voices() {
    constexpr double kLongestVoice = 30;  // as much as speaker encoders listen to
    for (const std::string& path : files_.voices) {
      media::AudioLimits limits{.max_seconds = kLongestVoice, .truncate = true};
      const bool none = path.empty();
      film_.given.voices.push_back(none ? Tensor()
                                        : media::read_audio(path, families::kVoiceRate, /*channels=*/0, limits));
      film_.given.voice_names.push_back(name_of(path));
    }
  }

  const families::Generator& model_;
  const families::ModelInfo& info_;
  const GivenFiles& files_;
  PreparedFilm film_;
};

}  // namespace

PreparedFilm prepare_film(const families::Generator& model, const GenerateRequest& request, const FilmInputs& inputs) {
  if (inputs.resume) return {request, inputs.resume->given, {}};
  pipeline::check(inputs.files, request);
  return Preparation(model, request, inputs.files).prepare();
}

}  // namespace phonofilm::cli

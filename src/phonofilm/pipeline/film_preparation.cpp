#include "phonofilm/pipeline/film_preparation.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "phonofilm/base/error.h"
#include "phonofilm/pipeline/film_plan.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::pipeline {
namespace {

constexpr const char* kOperation = "generate";
constexpr double kSilence = 1e-3;   // largest sample, full scale 1: -60 dB
constexpr double kRounding = 1e-6;  // seconds
constexpr double kBeyond = 1;       // seconds by which a film may be longer than was asked for, in whole latents

std::string name_of(const std::string& path) { return std::filesystem::path(path).filename().string(); }

class Preparation {
 public:
  Preparation(const families::Generator& model, const GenerateRequest& request, const GivenFiles& files,
              GivenReader& reader, Naming naming)
      : model_(model), info_(model.info()), files_(files), reader_(reader), naming_(naming),
        film_{.request = request} {}

  PreparedFilm prepare() {
    expect_taken(files_, info_.name(), info_.takes_voices, info_.keeps_films, naming_);
    if (!files_.audio.empty()) follow_sound();
    if (!files_.video.empty()) follow_picture();
    if (!files_.extend.empty()) go_on();
    if (!files_.of.empty()) retake();
    if (gives_half(film_.given)) make_once();
    take_images();
    take_voices();
    return std::move(film_);
  }

 private:
  std::string word(const char* field) const { return word_of(naming_, field); }
  std::string without(const char* modality) const { return word_without(naming_, modality); }

  // The picture's size for a film that begins with `image`, or is to look like it.
  families::ClipSpec size_for(const Tensor& image) const {
    families::ClipRequest clip = clip_request(film_.request, image);
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

  void expect_holding(const GivenLook& look, const std::string& file, bool pictures, bool sound) const {
    PF_CHECK(!pictures || look.has_picture, MediaError, kOperation, file, ": holds no picture",
             sound ? concat("; add ", without("video"), " to work on its sound alone") : "");
    PF_CHECK(!sound || look.has_sound, MediaError, kOperation, file, ": holds no sound",
             pictures ? concat("; add ", without("audio"), ", or give it a sound first with ", word("video")) : "");
  }

  // used: seconds of it that are used at most; 0: all, of a file that is not too long.
  Clip read(const std::string& file, bool pictures, bool sound, double used) {
    const GivenLook look = reader_.look(file, pictures);
    expect_holding(look, file, pictures, sound);
    ClipWanted wanted{.pictures = pictures, .fps = info_.fps, .channels = info_.channels};
    wanted.sample_rate = film_.request.sample_rate > 0 ? film_.request.sample_rate : info_.sample_rate;
    if (used > 0) wanted.seconds = used + kBeyond;
    if (pictures) {
      settle_size(look.first);
      wanted.height = film_.request.height;
      wanted.width = film_.request.width;
    }
    Clip clip = reader_.clip(file, wanted);
    if (!sound) clip.waveform = Tensor();
    else check_sound(file, clip.waveform);
    return clip;
  }

  void check_sound(const std::string& file, const Tensor& waveform) {
    PF_CHECK(waveform.numel() > 0, MediaError, kOperation, file, ": its sound is empty");
    PF_CHECK(waveform.isfinite().all().item<bool>(), MediaError, kOperation, file,
             ": its sound holds samples that are no numbers");
    if (waveform.abs().max().item<double>() < kSilence) film_.notices.push_back(name_of(file) + " is silent");
  }

  void keep(const char* as, const std::string& file, Clip clip) {
    film_.given.kept.clip = std::move(clip);
    film_.given.kept_as = as;
    film_.given.kept_name = name_of(file);
  }

  // A film is as long as what it follows, unless the request says otherwise.
  void settle_length(const std::string& file, double seconds) {
    if (film_.request.seconds > 0) return;
    const double longest = std::max(info_.max_seconds, kLongestSeconds);
    const double shortest = info_.min_seconds;
    PF_CHECK(seconds >= shortest - kRounding, InvalidRequest, kOperation, file, ": lasts ", seconds, " s, and ",
             info_.name(), " makes at least ", shortest, " s: add ", word("seconds"), ", and it is lengthened");
    PF_CHECK(seconds <= longest + kRounding, InvalidRequest, kOperation, file, ": lasts ", seconds, " s, and at most ",
             longest, " s are made: add ", word("seconds"), ", and only its beginning is used");
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
  Clip read_whole(const std::string& file, bool longer) {
    const GenerateRequest& r = film_.request;
    Clip clip = read(file, r.video, r.audio, /*used=*/0);
    const double seconds = seconds_of(clip);
    PF_CHECK(seconds > 0, MediaError, kOperation, file, ": is shorter than a picture");
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
    const double added = r.seconds > 0 ? r.seconds : seconds_of_addition(model_, r);
    r.seconds = seconds + added;
    keep("extend", files_.extend, clip);
    if (r.video) film_.given.kept.video = {{0, seconds}};
    if (r.audio) film_.given.kept.audio = {{0, seconds}};
  }

  void retake() {
    const families::TimeSpan moment = parse_span(files_.retake, naming_);
    const Clip clip = read_whole(files_.of, /*longer=*/true);
    GenerateRequest& r = film_.request;
    r.seconds = seconds_of(clip);
    expect_inside(moment, r.seconds);
    std::vector<families::TimeSpan> around;
    if (moment.first > 0) around.push_back({0, moment.first});
    if (moment.last < r.seconds - kRounding) around.push_back({moment.last, kToTheEnd});
    const std::vector<families::TimeSpan> all{{0, kToTheEnd}};
    PF_CHECK(!around.empty() || files_.retake_only != "both", InvalidRequest, kOperation, word("retake"), " ",
             files_.retake, " is the whole film, of which nothing would be kept; leave out ", word("retake"), " and ",
             word("of"));
    keep("retake", files_.of, clip);
    if (r.video) film_.given.kept.video = files_.retake_only == "sound" ? all : around;
    // Sound may go on behind the last picture.
    const bool ends_later = moment.last >= r.seconds - kRounding && clip.audio_seconds() > moment.last + 1 / info_.fps;
    std::vector<families::TimeSpan> sounds = around;
    if (ends_later) sounds.push_back({moment.last, kToTheEnd});
    if (r.audio) film_.given.kept.audio = files_.retake_only == "picture" ? all : sounds;
    film_.given.retake = true;
  }

  void expect_inside(const families::TimeSpan& moment, double seconds) const {
    PF_CHECK(moment.first < seconds && moment.last <= seconds + 1 / info_.fps, InvalidRequest, kOperation,
             word("retake"), " ", files_.retake, " lies outside of ", files_.of, ", which lasts ", seconds, " s");
    PF_CHECK(moment.last - moment.first >= 1 / info_.fps - kRounding, InvalidRequest, kOperation, word("retake"), " ",
             files_.retake, ": at least one picture, ", 1 / info_.fps, " s, is made again");
  }

  void make_once() {
    if (film_.request.sound_steps > 0) {
      film_.notices.push_back(word("sound_steps") + " has no effect on a film whose picture or sound is given");
    }
    film_.request.sound_steps = 0;
  }

  void take_images() {
    Given& given = film_.given;
    if (!files_.image.empty()) {
      given.image = reader_.picture(files_.image);
      given.image_name = name_of(files_.image);
      const families::ClipSpec spec = size_for(given.image);
      if (!info_.fits_images) given.image = reader_.cover(given.image, spec.height, spec.width);
    }
    if (files_.last_image.empty()) return;
    const Tensor last = reader_.picture(files_.last_image);
    settle_size(given.image.defined() ? given.image : last);
    given.last_image = reader_.cover(last, film_.request.height, film_.request.width);
    given.last_image_name = name_of(files_.last_image);
  }

  void take_voices() {
    for (const std::string& file : files_.voices) {
      film_.given.voices.push_back(file.empty() ? Tensor() : reader_.voice(file));
      film_.given.voice_names.push_back(name_of(file));
    }
  }

  const families::Generator& model_;
  const families::ModelInfo& info_;
  const GivenFiles& files_;
  GivenReader& reader_;
  Naming naming_;
  PreparedFilm film_;
};

}  // namespace

void expect_taken(const GivenFiles& files, const std::string& model, bool takes_voices, bool keeps_films,
                  Naming naming) {
  const auto word = [&](const char* field) { return word_of(naming, field); };
  PF_CHECK(files.voices.empty() || takes_voices, InvalidRequest, kOperation, word("voice"), ": ", model,
           " takes no reference voices");
  PF_CHECK(!files.keeps() || keeps_films, InvalidRequest, kOperation, model,
           " cannot keep parts of a given film; leave out ", word("audio"), ", ", word("video"), ", ",
           word("last_image"), ", ", word("extend"), " and ", word("retake"));
}

PreparedFilm prepare_film(const families::Generator& model, const GenerateRequest& request, const GivenFiles& files,
                          GivenReader& reader, Naming naming) {
  check(files, request, naming);
  return Preparation(model, request, files, reader, naming).prepare();
}

}  // namespace phonofilm::pipeline

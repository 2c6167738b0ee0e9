// Films of jobs that follow, keep and go on from uploads, which the program's decoder child reads.
#include <cmath>
#include <map>

#include "phonofilm/media/audio_file.h"
#include "support/signal_to_noise.h"
#include "workers/film_helpers.h"

namespace phonofilm::test {
namespace {

using nlohmann::json;

// Stripes that move, and a steady tone.
Clip given_clip(double seconds) {
  const auto frames = std::int64_t(std::llround(seconds * 24)), samples = std::int64_t(std::llround(seconds * 16000));
  std::vector<Tensor> pictures;
  for (std::int64_t k = 0; k < frames; ++k) {
    const Tensor columns = ((at::arange(48, at::kFloat) + 0.5 * double(k)) * 0.2).sin() * 60 + 120;
    pictures.push_back(columns.unsqueeze(0).unsqueeze(2).expand({48, 48, 3}).to(at::kByte));
  }
  const Tensor sound = (at::arange(samples, at::kDouble) * (2 * M_PI * 440 / 16000)).sin() * 0.3;
  return {at::stack(pictures), 24, sound.to(at::kFloat).unsqueeze(0), 16000};
}

// A studio whose jobs come with files.
struct Given : Studio {
  Clip clip = given_clip(0.5);
  std::int64_t decoded = 0;
  FilmExecutorOptions options = every_step();

  Given() {
    media::write_film(folder.file("film.mp4"), clip, {}, {.crf = 1});
    media::write_film(folder.file("silent.mp4"), {clip.frames, 24, {}, 16000}, {}, {.crf = 1});
    media::write_wav(folder.file("sound.wav"), clip.waveform, 16000);
    media::write_png(folder.file("picture.png"), clip.frames[0]);
    options.film.crf = 1;
    options.decode = [this](const std::string& path, const std::string& name, const DecodeRequest& asked) {
      ++decoded;
      return decode_upload(path, name, asked, {.command = {PHONOFILM_PROGRAM, "decode-upload"}});
    };
  }

  // more: members of the request. files: uploads by their names, and what they are copies of.
  Job submit(const json& more, const std::map<std::string, std::string>& files) {
    const std::string id = random_id();
    json asked = json::parse(request(3));
    asked.update(more);
    for (const auto& [upload, from] : files) {
      asked[upload] = upload;
      q.artifacts.publish(id, std::string(kUploads), upload,
                          [&](const std::string& path) { write_bytes(path, bytes_of(folder.file(from))); });
    }
    return q.queue.submit({.owner = "o", .request = asked.dump(), .id = id});
  }
  Clip made(const json& more, const std::map<std::string, std::string>& files) {
    last = submit(more, files);
    REQUIRE(make(options) == Worker::Came::success);
    settings = json::parse(q.file(q.job(last.id), "settings.json"));
    return film(last);
  }
  // attempts: 2 where the file may be at fault or its reader.
  void refused(const json& more, const std::map<std::string, std::string>& files, const std::string& message,
               int attempts = 1) {
    const Job job = submit(more, files);
    for (int i = 0; i < attempts; ++i) CHECK(make(options) == Worker::Came::failure);
    CHECK(make(options) == Worker::Came::nothing);
    const std::string failure = q.job(job.id).failure;
    CAPTURE(failure);
    CHECK(failure.find(message) != std::string::npos);
  }
  Tensor pictures(std::int64_t first, std::int64_t last) const {
    std::vector<Tensor> small;
    for (std::int64_t k = first; k < last; ++k) small.push_back(media::resize_cover(clip.frames[k], 32, 32));
    return at::stack(small);
  }

  Job last;
  json settings;
};

constexpr double kSameSound = 20, kSamePicture = 35;  // decibels, behind the film's codecs

}  // namespace

TEST_CASE("workers: a film has the sound that it was given, and is as long") {
  Given given;
  const Clip film = given.made(json::object(), {{"audio_file", "sound.wav"}});
  CHECK(film.frames.size(0) == 13);  // the nearest length of whole latents
  CHECK(given.settings["kept"] == json{{"as", "audio"}, {"file", "audio_file"}, {"picture", json::array()},
                                       {"sound", {{0.0}}}});
  const Tensor sound = media::resample_audio(film.waveform, film.sample_rate, 16000).slice(1, 0, 8000);
  CHECK(snr(sound, given.clip.waveform) > kSameSound);
  const Clip longer = given.made({{"seconds", 0.8}}, {{"audio_file", "film.mp4"}});
  CHECK(longer.frames.size(0) > film.frames.size(0));
}

TEST_CASE("workers: a film has the picture, the beginning or the last image that it was given") {
  Given given;
  const Clip film = given.made(json::object(), {{"video_file", "silent.mp4"}});
  CHECK(film.has_audio());
  CHECK(psnr(film.frames.slice(0, 0, 12), given.pictures(0, 12)) > kSamePicture);
  const Clip longer = given.made(json::object(), {{"extend", "film.mp4"}, {"last_image", "picture.png"}});
  CHECK(longer.frames.size(0) > 16);
  CHECK(psnr(longer.frames.slice(0, 0, 12), given.pictures(0, 12)) > kSamePicture);
  CHECK(psnr(longer.frames[-1], given.pictures(0, 1)[0]) > kSamePicture);
  CHECK(given.settings["last_image"] == "last_image");
  CHECK(given.settings["film"]["joints"].size() == 1);
}

TEST_CASE("workers: of a moment that is made again all else stays") {
  Given given;
  const Clip film = given.made({{"retake", "0.2-0.4"}, {"retake_only", "picture"}}, {{"of", "film.mp4"}});
  REQUIRE(film.frames.size(0) == 12);
  CHECK(psnr(film.frames.slice(0, 0, 4), given.pictures(0, 4)) > kSamePicture);
  CHECK(psnr(film.frames.slice(0, 5, 9), given.pictures(5, 9)) < kSamePicture);
  CHECK(given.settings["kept"]["as"] == "retake");
  const Tensor sound = media::resample_audio(film.waveform, film.sample_rate, 16000).slice(1, 0, 8000);
  CHECK(snr(sound, given.clip.waveform) > kSameSound);
}

TEST_CASE("workers: an interrupted film that follows goes on without its uploads and is the same") {
  using Files = std::map<std::string, std::string>;
  for (const Files& files : {Files{{"extend", "film.mp4"}}, Files{{"audio_file", "sound.wav"}, {"image", "picture.png"}},
                             Files{{"video_file", "film.mp4"}}, Files{{"last_image", "picture.png"}}}) {
    CAPTURE(files.begin()->first);
    Given given;
    const json more{{"sound_steps", 1}};  // which a film under a given half is made without
    const Clip whole = given.made(more, files);
    const std::int64_t decoded = given.decoded;
    const Job job = given.submit(more, files);
    const auto stop = [&] { return given.q.job(job.id).progress.step >= 2; };
    REQUIRE(given.make(given.options, stop) == Worker::Came::released);
    CHECK(given.q.job(job.id).checkpoint.step >= 2);
    CHECK(given.decoded == 2 * decoded);
    REQUIRE(given.make(given.options) == Worker::Came::success);
    CHECK(given.decoded == 2 * decoded);
    CHECK(same(given.film(job), whole));
  }
}

TEST_CASE("workers: uploads that cannot be followed are the job's failure, with its reason") {
  Given given;
  media::write_wav(given.folder.file("short.wav"), given.clip.waveform.slice(1, 0, 800), 16000);
  media::write_wav(given.folder.file("long.wav"), at::zeros({1, 61 * 8000}), 8000);
  given.refused(json::object(), {{"audio_file", "short.wav"}}, "audio_file: lasts 0.05 s");
  given.refused(json::object(), {{"audio_file", "short.wav"}}, ": add seconds, and it is lengthened");
  given.refused(json::object(), {{"audio_file", "long.wav"}}, "the file: states 61 seconds, at most 60 are read");
  given.refused(json::object(), {{"audio_file", "silent.mp4"}}, "audio_file: holds no sound", 2);
  given.refused(json::object(), {{"video_file", "sound.wav"}}, "video_file: holds no picture", 2);
  given.refused(json::object(), {{"extend", "silent.mp4"}}, "add audio: false, or give it a sound first", 2);
  given.refused({{"retake", "3-4"}}, {{"of", "film.mp4"}}, "retake 3-4 lies outside of of, which lasts 0.5 s");
  given.refused({{"voices", {"voice.0"}}}, {}, "takes no reference voices");
}

}  // namespace phonofilm::test

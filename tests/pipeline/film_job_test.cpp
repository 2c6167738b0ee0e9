// What the request of a job may say.
#include "phonofilm/pipeline/film_job.h"

#include <nlohmann/json.hpp>
#include <set>

#include "phonofilm/base/error.h"
#include "support/support.h"

using namespace phonofilm;
using pipeline::FilmJob;
using pipeline::parse_film_job;

TEST_CASE("a job's request has the fields of a film's request and names its uploads") {
  const FilmJob job = parse_film_job(
      R"({"prompt": "<S>hi<E> <S>yes<E>", "seconds": 2, "seed": 7, "image": "image", "voices": ["", "voice.1"]})");
  CHECK(job.request.seconds == 2);
  CHECK(job.request.seed == 7);
  CHECK(job.files.image == "image");
  CHECK(job.files.voices == std::vector<std::string>{"", "voice.1"});
  FilmJob copy = job;
  CHECK(parse_film_job(write_json(copy.fields()).dump()).request == job.request);
  CHECK(parse_film_job(R"({"prompt": "a"})").files.voices.empty());
}

TEST_CASE("a job is given by uploads what a film can be given by files") {
  const FilmJob job = parse_film_job(
      R"({"prompt": "a", "last_image": "last_image", "audio_file": "audio_file"})");
  CHECK(job.files == pipeline::GivenFiles{.last_image = "last_image", .audio = "audio_file"});
  const FilmJob again = parse_film_job(R"({"prompt": "a", "of": "of", "retake": "0.5-1", "retake_only": "sound"})");
  CHECK(again.files == pipeline::GivenFiles{.retake = "0.5-1", .of = "of", .retake_only = "sound"});
  FilmJob whole;
  const nlohmann::json fields = write_json(whole.fields());
  std::set<std::string> uploads;
  for (const pipeline::UploadField& field : pipeline::upload_fields()) {
    CHECK(fields.contains(field.name));
    for (const std::string& upload : field.uploads) CHECK(uploads.insert(upload).second);
  }
  CHECK(uploads.size() == 6 + pipeline::kMostVoices);
  using Names = std::vector<std::string>;
  CHECK(pipeline::uploads_taken(false, false) == Names{"image"});
  CHECK(pipeline::uploads_taken(true, false) == Names{"image", "voices"});
  CHECK(pipeline::uploads_taken(false, true) ==
        Names{"image", "last_image", "audio_file", "video_file", "extend", "of"});
}

TEST_CASE("a job's request is refused by name") {
  const std::vector<std::pair<const char*, const char*>> wrong{
      {R"({"prompt": " "})", "empty"},
      {R"({"prompt": "a", "promt": "b"})", "promt"},
      {R"({"prompt": "a", "seconds": 1e9})", "seconds"},
      {R"({"prompt": "a", "image": "../../key"})", "image"},
      {R"({"prompt": "a", "image": "voice.0"})", "image"},
      {R"({"prompt": "a", "image": "image", "video": false})", "picture"},
      {R"({"prompt": "a", "voices": ["voice.1"]})", "voice.0"},
      {R"({"prompt": "a", "voices": ["", "", "", "", "", "", "", "", "voice.8"]})", "at most 8"},
      {R"({"prompt": "a", "voices": "voice.0"})", "voices"},
      {R"({"prompt": "a", "audio_file": "image"})", "audio_file: expected 'audio_file'"},
      {R"({"prompt": "a", "audio_file": "audio_file", "video_file": "video_file"})",
       "video_file and audio_file cannot stand together: nothing is left to be made"},
      {R"({"prompt": "a", "audio_file": "audio_file", "audio": false})",
       "audio_file needs a sound; leave out audio: false"},
      {R"({"prompt": "a", "extend": "extend", "latent_frames": 9})",
       "latent_frames cannot stand beside audio_file, video_file and extend; give seconds"},
      {R"({"prompt": "a", "retake": "0-1"})", "retake needs the film: add of FILM"},
      {R"({"prompt": "a", "of": "of"})", "of names the film of which retake A-B is made again"},
      {R"({"prompt": "a", "of": "of", "retake": "1-0.5"})", "retake: the moment \"1-0.5\" ends before it begins"},
      {R"({"prompt": "a", "retake_only": "sound"})", "retake_only needs retake A-B and of FILM"},
      {R"({"prompt": "a", "of": "of", "retake": "0-1", "retake_only": "words"})", "retake_only"},
      {"[]", "job"},
      {"", "job"}};
  for (const auto& [text, words] : wrong) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(parse_film_job(text), doctest::Contains(words), InvalidRequest);
  }
}

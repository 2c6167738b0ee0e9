// What the request of a job may say.
#include "phonofilm/pipeline/film_job.h"

#include <nlohmann/json.hpp>

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
  CHECK(job.image == "image");
  CHECK(job.voices == std::vector<std::string>{"", "voice.1"});
  FilmJob copy = job;
  CHECK(parse_film_job(write_json(copy.fields()).dump()).request == job.request);
  CHECK(parse_film_job(R"({"prompt": "a"})").voices.empty());
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
      {"[]", "job"},
      {"", "job"}};
  for (const auto& [text, words] : wrong) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(parse_film_job(text), doctest::Contains(words), InvalidRequest);
  }
}

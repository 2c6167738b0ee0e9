// What a film may be given together, and how the moment of a retake is written.
#include "phonofilm/pipeline/given_files.h"

#include <doctest/doctest.h>

#include "phonofilm/base/error.h"

using namespace phonofilm;
using namespace phonofilm::pipeline;

namespace {

GenerateRequest request() {
  GenerateRequest r;
  r.prompt = "a red ball falls";
  return r;
}

void expect_refused(const GivenFiles& files, const std::string& message, const GenerateRequest& r = request()) {
  CHECK_THROWS_WITH_AS(check(files, r), doctest::Contains(message.c_str()), InvalidRequest);
}

}  // namespace

TEST_CASE("files that make sense together are taken") {
  for (const GivenFiles& files : std::vector<GivenFiles>{{},
                                                         {.image = "a.png", .audio = "a.wav"},
                                                         {.image = "a.png", .last_image = "b.png"},
                                                         {.last_image = "b.png", .audio = "a.wav"},
                                                         {.video = "a.mp4"},
                                                         {.last_image = "b.png", .extend = "a.mp4"},
                                                         {.retake = "0-1", .of = "a.mp4", .retake_only = "sound"}}) {
    CHECK_NOTHROW(check(files, request()));
  }
}

TEST_CASE("files that contradict each other are refused by name") {
  expect_refused({.audio = "a.wav", .video = "a.mp4"}, "--video and --audio cannot stand together: nothing is left");
  expect_refused({.image = "a.png", .video = "a.mp4"}, "--video and --image");
  expect_refused({.last_image = "a.png", .video = "a.mp4"}, "--video and --last-image");
  expect_refused({.video = "a.mp4", .extend = "b.mp4"}, "--extend and --video");
  expect_refused({.audio = "a.wav", .extend = "b.mp4"}, "--extend and --audio");
  expect_refused({.image = "a.png", .extend = "b.mp4"}, "--extend and --image");
  for (GivenFiles other : std::vector<GivenFiles>{
           {.image = "a"}, {.last_image = "a"}, {.audio = "a"}, {.video = "a"}, {.extend = "a"}}) {
    other.retake = "0-1", other.of = "c.mp4";
    expect_refused(other, "--retake and --");
  }
  expect_refused({.retake = "0-1"}, "add --of FILM");
  expect_refused({.of = "a.mp4"}, "--retake A-B");
  expect_refused({.retake_only = "sound"}, "--retake-only needs");
}

TEST_CASE("files that contradict the request are refused by name") {
  GenerateRequest silent = request(), blind = request(), timed = request(), counted = request();
  silent.audio = false, blind.video = false, timed.seconds = 3, counted.latent_frames = 9;
  expect_refused({.image = "a.png"}, "--image needs a picture; leave out --no-video", blind);
  expect_refused({.last_image = "a.png"}, "--last-image needs a picture", blind);
  expect_refused({.audio = "a.wav"}, "--audio needs a sound", silent);
  expect_refused({.audio = "a.wav"}, "with --no-video nothing is left", blind);
  expect_refused({.video = "a.mp4"}, "with --no-audio nothing is left", silent);
  expect_refused({.retake = "0-1", .of = "a.mp4"}, "leave out --seconds", timed);
  expect_refused({.retake = "0-1", .of = "a.mp4", .retake_only = "sound"}, "leave out --no-audio", silent);
  expect_refused({.retake = "0-1", .of = "a.mp4", .retake_only = "picture"}, "leave out --no-video", blind);
  expect_refused({.audio = "a.wav"}, "--latent-frames", counted);
}

TEST_CASE("a moment is two numbers, the earlier first") {
  CHECK((parse_span("1.0-1.6") == families::TimeSpan{1, 1.6}));
  CHECK((parse_span("0-2e1") == families::TimeSpan{0, 20}));
  for (const char* text : {"", "1", "1-", "-1-2", "1:2", "a-b", "1.0-1.6s", "1-nan", "inf-2", "nan-nan", " 1-2",
                           "1--2e999"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_span(text), InvalidRequest);
  }
  CHECK_THROWS_WITH_AS(parse_span("2-1"), doctest::Contains("ends before it begins"), InvalidRequest);
  CHECK_THROWS_WITH_AS(parse_span("1-1.0"), doctest::Contains("ends where it begins"), InvalidRequest);
  CHECK_THROWS_WITH_AS(parse_span("x"), doctest::Contains("expected seconds A-B, as in 1.0-1.6"), InvalidRequest);
}

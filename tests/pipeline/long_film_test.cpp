// Films in segments on a tiny model with random weights: long ones, films that go on, moments that are made again.
#include "phonofilm/pipeline/long_film.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "phonofilm/base/error.h"
#include "pipeline/tiny_model.h"
#include "support/support.h"

using namespace phonofilm;
using pipeline::GenerateOptions;
using pipeline::Generated;
using pipeline::GenerateRequest;
using pipeline::Given;
using pipeline::kToTheEnd;
using pipeline::SavedLatent;
using test::OpenModel;
using test::random_clip;

namespace {

// The tiny model makes up to 21 pictures at once and keeps 9: 45 pictures are three segments.
constexpr double kLong = 45.0 / 24;

GenerateRequest request(double seconds = kLong) {
  GenerateRequest r;
  r.prompt = "a red ball falls";
  r.seed = 5;
  r.seconds = seconds;
  return r;
}

Generated make(const OpenModel& model, const GenerateRequest& r, const Given& given = {}) {
  return pipeline::generate_film(*model.generator, r, given, {});
}

Given going_on_from(const Clip& clip) {
  const double end = clip.video_seconds();
  return {.kept = {clip, {{0, end}}, {{0, end}}}};
}

Given retaking(const Clip& clip, double first, double last) {
  Given given{.kept = {clip, {{0, first}, {last, kToTheEnd}}, {{0, first}, {last, kToTheEnd}}}};
  given.retake = true;
  return given;
}

std::int64_t sample_of(double seconds) { return std::llround(seconds * 16000); }

}  // namespace

TEST_CASE("a film longer than the model's has all its pictures and sound, and begins as a short one of its seed") {
  const OpenModel model;
  const Generated film = make(model, request());
  CHECK(film.clip.frames.sizes() == at::IntArrayRef({45, 32, 32, 3}));
  CHECK(film.clip.audio_seconds() >= kLong);
  CHECK(film.clip.audio_seconds() < kLong + 0.04);
  CHECK(film.spec.frames == 45);
  CHECK(film.spec.samples == film.clip.waveform.size(1));
  CHECK((film.joints == std::vector<double>{21.0 / 24, 33.0 / 24}));
  const Generated first = make(model, request(21.0 / 24));
  CHECK(first.joints.empty());
  CHECK(at::equal(film.clip.frames.narrow(0, 0, 21), first.clip.frames));
  const std::int64_t kept = sample_of(12.0 / 24 + 11 * 0.032 - families::kFadeSeconds);
  CHECK(at::equal(film.clip.waveform.narrow(1, 0, kept), first.clip.waveform.narrow(1, 0, kept)));
}

TEST_CASE("segments are handed on as they come, and none is as long as the film") {
  const OpenModel model;
  std::vector<Tensor> handed;
  GenerateOptions options;
  options.on_frames = [&](const Tensor& frames) { handed.push_back(frames); };
  std::vector<std::int64_t> done;
  options.observer = [&](const ProgressEvent& event) {
    CHECK(event.stage == "film");
    CHECK(event.total == 9);
    done.push_back(event.done);
    return true;
  };
  const Generated film = pipeline::generate_film(*model.generator, request(), {}, options);
  CHECK_FALSE(film.clip.has_video());
  for (const Tensor& frames : handed) CHECK(frames.size(0) <= 21);
  CHECK(at::equal(at::cat(handed), make(model, request()).clip.frames));
  CHECK(std::is_sorted(done.begin(), done.end()));
  CHECK(done.back() == 9);
}

// Stopped after two of the three steps of the second segment.
void expect_going_on(const OpenModel& model, const GenerateRequest& r) {
  const Generated whole = make(model, r);
  const Clip& straight = whole.clip;
  const std::string path = model.folder.file("film.latents.safetensors");
  GenerateOptions options;
  options.observer = [](const ProgressEvent& event) { return event.done < 5; };
  options.keep = [&](const SavedLatent& latent) { pipeline::save_latent(path, latent); };
  CHECK_THROWS_AS(pipeline::generate_film(*model.generator, r, {}, options), Cancelled);
  const SavedLatent saved = pipeline::load_latent(path);
  CHECK(saved.segments == 3);
  CHECK(saved.earlier.size() == 1);
  CHECK(saved.steps_done == 2);
  CHECK_FALSE(saved.finished());
  CHECK(saved.request.seconds == kLong);
  GenerateOptions resumed;
  resumed.resume = &saved;
  std::int64_t first = -1;
  resumed.observer = [&](const ProgressEvent& event) { return first = first < 0 ? event.done : first, true; };
  const Clip finished = pipeline::generate_film(*model.generator, saved.request, saved.given, resumed).clip;
  CHECK(first == 6);  // three steps of the first segment, two of the second, one more
  CHECK(at::equal(finished.frames, straight.frames));
  CHECK(at::equal(finished.waveform, straight.waveform));
  const Generated part = pipeline::decode_film(*model.generator, saved, {});
  CHECK(part.clip.frames.size(0) == 33);
  CHECK(at::equal(part.clip.frames.narrow(0, 0, 12), straight.frames.narrow(0, 0, 12)));
  CHECK(part.spec.frames == 33);
  CHECK(part.spec.samples == part.clip.waveform.size(1));
  CHECK((part.joints == std::vector<double>{21.0 / 24}));
}

TEST_CASE("a film that was stopped in its second segment goes on to what it would have been") {
  const OpenModel model;
  GenerateRequest r = request();
  for (const char* solver : {"euler", "unipc"}) {
    CAPTURE(solver);
    r.solver = solver;
    expect_going_on(model, r);
  }
}

TEST_CASE("finished latents of all segments are decoded to the film, and those of another film are refused") {
  const OpenModel model;
  SavedLatent saved;
  GenerateOptions options;
  options.keep = [&](const SavedLatent& latent) { saved = latent; };
  const Clip straight = pipeline::generate_film(*model.generator, request(), {}, options).clip;
  CHECK(saved.finished());
  CHECK(saved.earlier.size() == 2);
  const Clip decoded = pipeline::decode_film(*model.generator, saved, {}).clip;
  CHECK(at::equal(decoded.frames, straight.frames));
  CHECK(at::equal(decoded.waveform, straight.waveform));
  GenerateOptions resumed;
  resumed.resume = &saved;
  CHECK_THROWS_WITH_AS(pipeline::generate_film(*model.generator, request(69.0 / 24), {}, resumed),
                       doctest::Contains("a film in 3 segments, this one has 5"), InvalidRequest);
  SavedLatent other = saved;
  other.earlier[0].video = other.earlier[0].video.narrow(2, 0, 2);
  resumed.resume = &other;
  CHECK_THROWS_WITH_AS(pipeline::generate_film(*model.generator, request(), {}, resumed),
                       doctest::Contains("its video latent would be"), InvalidRequest);
  other = saved;
  other.model = "ovi 720x720_5s";
  for (const auto& call : {std::function([&] { pipeline::generate_film(*model.generator, request(), {}, resumed); }),
                           std::function([&] { pipeline::decode_film(*model.generator, other, {}); })}) {
    CHECK_THROWS_WITH_AS(call(), doctest::Contains("these latents were made by 'ovi 720x720_5s'"), InvalidRequest);
  }
  const std::string path = model.folder.file("damaged.latents.safetensors");
  saved.segments = 2;
  pipeline::save_latent(path, saved);
  CHECK_THROWS_WITH_AS(pipeline::load_latent(path), doctest::Contains("holds 2 finished segments of a film in 2"),
                       CheckpointError);
}

TEST_CASE("a film that goes on keeps what was there bit by bit") {
  const OpenModel model;
  const Clip clip = random_clip(1, 30, 20000);
  const Generated film = make(model, request(54.0 / 24), going_on_from(clip));
  CHECK(film.clip.frames.size(0) == 54);
  CHECK(at::equal(film.clip.frames.narrow(0, 0, 30), clip.frames));
  const std::int64_t kept = sample_of(30.0 / 24 - families::kFadeSeconds);
  CHECK(at::equal(film.clip.waveform.narrow(1, 0, kept), clip.waveform.narrow(1, 0, kept)));
  CHECK((film.joints == std::vector<double>{30.0 / 24, 42.0 / 24}));
  const Clip other = make(model, request(54.0 / 24), going_on_from(random_clip(2, 30, 20000))).clip;
  CHECK_FALSE(at::equal(film.clip.frames.narrow(0, 30, 24), other.frames.narrow(0, 30, 24)));  // it listens to it
}

TEST_CASE("of a moment that is made again all else is kept bit by bit, also the sound's end") {
  const OpenModel model;
  const Clip clip = random_clip(1, 50, 34000);
  for (const auto& [first, last] : {std::pair{1.0, 1.25}, std::pair{0.0, 0.25}, std::pair{1.75, 50.0 / 24}}) {
    CAPTURE(first);
    Given given = retaking(clip, first, last);
    if (first == 0) given.kept.video.erase(given.kept.video.begin()), given.kept.audio.erase(given.kept.audio.begin());
    const Clip film = make(model, request(50.0 / 24), given).clip;
    REQUIRE(film.frames.sizes() == clip.frames.sizes());
    REQUIRE(film.waveform.sizes() == clip.waveform.sizes());
    const Tensor same = film.frames.eq(clip.frames).flatten(1).all(1);
    for (std::int64_t k = 0; k < 50; ++k) {
      const double middle = (double(k) + 0.5) / 24;
      CHECK(same[k].item<bool>() == (middle < first || middle >= last));
    }
    const std::int64_t before = std::max<std::int64_t>(0, sample_of(first - 0.01)), after = sample_of(last + 0.01);
    CHECK(at::equal(film.waveform.slice(1, 0, before), clip.waveform.slice(1, 0, before)));
    CHECK(at::equal(film.waveform.slice(1, after), clip.waveform.slice(1, after)));
    CHECK_FALSE(at::equal(film.waveform.slice(1, before, after), clip.waveform.slice(1, before, after)));
  }
}

TEST_CASE("a whole sound or picture is kept bit by bit through all segments, and lengthened where it is short") {
  const OpenModel model;
  const Clip clip = random_clip(1, 45, 30000);
  const Clip heard = make(model, request(), {.kept = {{{}, 24, clip.waveform, 16000}, {}, {{0, kToTheEnd}}}}).clip;
  CHECK(heard.frames.size(0) == 45);
  CHECK(at::equal(heard.waveform.slice(1, 0, 30000), clip.waveform));
  CHECK(heard.waveform.slice(1, 30000).eq(0).all().item<bool>());
  const Tensor pictures = clip.frames.slice(0, 0, 40);
  const Clip seen = make(model, request(), {.kept = {{pictures, 24, {}, 16000}, {{0, kToTheEnd}}, {}}}).clip;
  CHECK(at::equal(seen.frames.slice(0, 0, 40), pictures));
  CHECK(at::equal(seen.frames[44], pictures[39]));
  const Clip brief = make(model, request(0.4), {.kept = {{{}, 24, clip.waveform, 16000}, {}, {{0, kToTheEnd}}}}).clip;
  CHECK(at::equal(brief.waveform, clip.waveform.slice(1, 0, brief.waveform.size(1))));
}

TEST_CASE("a last picture ends the film, also beside a first one") {
  const OpenModel model;
  const Clip pictures = random_clip(1);
  Given given{.image = pictures.frames[0]};
  given.last_image = pictures.frames[1];
  for (const double seconds : {0.4, kLong}) {
    const Clip film = make(model, request(seconds), given).clip;
    CHECK(at::equal(film.frames[-1], given.last_image));
    CHECK_FALSE(at::equal(film.frames[-5], given.last_image));
  }
  const std::string path = model.folder.file("last.latents.safetensors");
  GenerateOptions options;
  options.keep = [&](const SavedLatent& latent) { pipeline::save_latent(path, latent); };
  pipeline::generate_film(*model.generator, request(0.4), given, options);
  CHECK(pipeline::same(pipeline::load_latent(path).given, given));
}

TEST_CASE("what cannot be made of the last segment is said before the first is made") {
  const OpenModel model;
  Given given;
  given.last_image = at::zeros({16, 16, 3}, at::kByte);
  GenerateOptions options;
  options.observer = [](const ProgressEvent& event) {
    FAIL_CHECK("computed: ", event.stage);
    return true;
  };
  CHECK_THROWS_AS(pipeline::generate_film(*model.generator, request(), given, options), ShapeError);
}

TEST_CASE("further prompts change the later segments alone") {
  const OpenModel model;
  const Clip plain = make(model, request()).clip;
  GenerateRequest r = request();
  r.then = {"a ball bounces"};
  const Clip told = make(model, r).clip;
  CHECK(at::equal(told.frames.narrow(0, 0, 21), plain.frames.narrow(0, 0, 21)));
  CHECK_FALSE(at::equal(told.frames.slice(0, 33), plain.frames.slice(0, 33)));
  r.then = {"a ball", "a ball", "a ball"};
  CHECK_THROWS_WITH_AS(make(model, r), doctest::Contains("4 prompts for a film that is made in 3 segments"),
                       InvalidRequest);
  r.then = {" "};
  CHECK_THROWS_WITH_AS(make(model, r), doctest::Contains("the prompt is empty"), InvalidRequest);
}

TEST_CASE("sound alone and picture alone are made in segments too") {
  const OpenModel model;
  GenerateRequest r = request();
  r.video = false;
  const Generated film = make(model, r);
  CHECK(film.notices.empty());  // of guidance that nobody asked for
  const Clip& sound = film.clip;
  CHECK_FALSE(sound.has_video());
  CHECK(sound.audio_seconds() == doctest::Approx(kLong).epsilon(0.03));
  r.video = true, r.audio = false;
  CHECK(make(model, r).clip.frames.size(0) == 45);
}

TEST_CASE("films in segments that cannot be made are refused") {
  const OpenModel model;
  const auto expect = [&](const GenerateRequest& r, const Given& given, const char* message) {
    CHECK_THROWS_WITH_AS(make(model, r, given), doctest::Contains(message), InvalidRequest);
  };
  expect(request(31), {}, "films of up to 30 seconds are made, asked for 31");
  GenerateRequest wide = request();
  wide.overlap = 0.9;
  expect(wide, {}, "an overlap of 0.9 s: segments of 0.875 s");
  expect(request(30.0 / 24), going_on_from(random_clip(1, 30, 20000)), "nothing is left to be made");
  expect(request(50.0 / 24), retaking(random_clip(1, 50, 34000), 0.5, 1.5), "24 pictures, more than the 19");
  GenerateOptions options;
  options.init_noise = "noise.safetensors";
  CHECK_THROWS_WITH_AS(pipeline::generate_film(*model.generator, request(), {}, options),
                       doctest::Contains("leave out --init-noise"), InvalidRequest);
}

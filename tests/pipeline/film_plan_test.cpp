// Which segments a long film has on a tiny model, and what each is asked and given.
#include "phonofilm/pipeline/film_plan.h"

#include <doctest/doctest.h>

#include "phonofilm/pipeline/segment_given.h"
#include "pipeline/tiny_model.h"

using namespace phonofilm;
using pipeline::GenerateRequest;
using pipeline::Given;
using test::random_clip;
using test::TinyModel;

namespace {

// The tiny model makes up to 21 pictures at once and keeps 9: 45 pictures are three segments.
GenerateRequest request(double seconds = 45.0 / 24) {
  GenerateRequest r;
  r.prompt = "a red ball falls";
  r.seconds = seconds;
  return r;
}

}  // namespace

TEST_CASE("a segment keeps the end of the one before, in whole latents") {
  const TinyModel model;
  const pipeline::FilmPlan plan =
      pipeline::plan_film(*model.generator, pipeline::resolve(request(), model.generator->info()), {});
  REQUIRE(plan.segments.size() == 3);
  CHECK((plan.segments[1] == pipeline::Segment{12, 21, 9}));
  const Clip before = random_clip(1, 21, 28 * 512);
  const Given given = pipeline::segment_given(plan, 1, {}, before);
  CHECK((given.kept.video == std::vector<families::TimeSpan>{{0, 9.0 / 24}}));
  REQUIRE(given.kept.audio.size() == 1);
  CHECK(given.kept.audio[0].last == doctest::Approx(11 * 0.032));  // 9 pictures last 11.7 steps
  CHECK(at::equal(given.kept.clip.frames.narrow(0, 0, 9), before.frames.narrow(0, 12, 9)));
  CHECK(given.kept.clip.frames.size(0) == 21);
  const std::int64_t known = before.waveform.size(1) - 8000;
  CHECK(at::equal(given.kept.clip.waveform.narrow(1, 0, known), before.waveform.narrow(1, 8000, known)));
  CHECK(given.kept.clip.waveform.size(1) == plan.specs[1].samples);
}

TEST_CASE("every prompt has a segment, and they come in order") {
  const TinyModel model;
  for (std::int64_t pictures = 25; pictures < 180; pictures += 4) {
    GenerateRequest r = request(double(pictures) / 24);
    const pipeline::FilmPlan plan =
        pipeline::plan_film(*model.generator, pipeline::resolve(r, model.generator->info()), {});
    for (const std::size_t segments = plan.segments.size(); r.then.size() < segments; r.then.push_back("a ball")) {
      CAPTURE(pictures);
      std::size_t last = 0;
      for (std::size_t k = 0; k < segments; ++k) {
        const std::size_t number = pipeline::prompt_number(plan, r, k);
        CHECK((number == last || number == last + 1));
        last = number;
      }
      CHECK(last == r.then.size());
    }
  }
}

// What the joint task gives and what it leaves to be made.
#include <doctest/doctest.h>

#include <map>

#include "phonofilm/train/joint_options.h"
#include "phonofilm/tensor/ops.h"

using namespace phonofilm;
using namespace phonofilm::train;
using diffusion::Held;

namespace {

constexpr ClipLength kLength{.frames = 13, .frame_patch = 4, .steps = 64};

std::int64_t held_count(const std::vector<diffusion::LatentSpan>& spans, std::int64_t length) {
  return diffusion::held_mask(spans, length).sum().item<std::int64_t>();
}

}  // namespace

TEST_CASE("nothing is held unless it is asked for") {
  JointTaskOptions options;
  options.image_condition = 0;
  Random random(1);
  for (int i = 0; i < 100; ++i) CHECK_FALSE(draw_held(options, {}, kLength, random).any());
}

TEST_CASE("every way of holding is drawn as often as asked for, and something is always left") {
  JointTaskOptions options;
  options.image_condition = options.last_image = options.follow_picture = options.follow_sound = 0.1;
  options.go_on = options.retake = 0.2;
  Random random(2);
  std::map<std::string, int> drawn;
  const int draws = 4000;
  for (int i = 0; i < draws; ++i) {
    const Held held = draw_held(options, {}, kLength, random);
    const std::int64_t frames = held_count(held.video, kLength.frames), steps = held_count(held.audio, kLength.steps);
    CHECK(frames + steps < kLength.frames + kLength.steps);
    const bool whole_picture = frames == kLength.frames, whole_sound = steps == kLength.steps;
    if (!held.any()) ++drawn["nothing"];
    else if (whole_picture && steps == 0) ++drawn["picture"];
    else if (whole_sound && frames == 0) ++drawn["sound"];
    else if (frames == 1 && steps == 0) ++drawn[held.video[0].first == 0 ? "first" : "last"];
    else if (held.video.size() == 1 && held.video[0].first == 0 && held.audio.size() == 1 && !whole_picture && !whole_sound) ++drawn["start"];
    else ++drawn["retake"];
  }
  const auto near = [&](const char* name, double share) {
    INFO(name);
    CHECK(std::abs(drawn[name] / double(draws) - share) < 0.03);
  };
  near("nothing", 0.2), near("picture", 0.1), near("sound", 0.1), near("first", 0.1), near("last", 0.1);
  // A retake whose span reaches the end looks like a beginning: one in a few.
  CHECK(drawn["start"] + drawn["retake"] == doctest::Approx(0.4 * draws).epsilon(0.1));
  CHECK(drawn["retake"] > 0.12 * draws);
}

TEST_CASE("picture and sound of a beginning end together") {
  JointTaskOptions options;
  options.image_condition = 0, options.go_on = 1;
  Random random(3);
  for (int i = 0; i < 200; ++i) {
    const Held held = draw_held(options, {}, kLength, random);
    const double pictures = 4.0 * double(held.video[0].count - 1) + 1, all = 49;
    const double steps = held.audio.empty() ? 0 : double(held.audio[0].count);
    CHECK(std::abs(pictures / all - steps / 64) <= 0.51 / 64);
    CHECK(held.video[0].count >= 2);
    CHECK(held.video[0].count <= 6);
  }
}

TEST_CASE("a modality that is absent is not held") {
  JointTaskOptions options;
  options.image_condition = 0, options.retake = 0.3, options.go_on = 0.3, options.follow_sound = 0.2, options.follow_picture = 0.2;
  Random random(4);
  for (int i = 0; i < 200; ++i) {
    CHECK(draw_held(options, {.has_video = false}, kLength, random).video.empty());
    const Held silent = draw_held(options, {.has_audio = false}, kLength, random);
    CHECK(silent.audio.empty());
    CHECK(held_count(silent.video, kLength.frames) < kLength.frames);
  }
}

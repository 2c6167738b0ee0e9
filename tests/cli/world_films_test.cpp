// What a model is asked for and given when its films of the rendered world are measured.
#include "phonofilm/cli/world_films.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "phonofilm/eval/voices.h"
#include "phonofilm/eval/words.h"
#include "phonofilm/world/speech/speech.h"

using namespace phonofilm;

TEST_CASE("rendered films have the shape, rate and channels of the model's") {
  families::ModelInfo info;
  info.fps = 25, info.sample_rate = 16000, info.channels = 2;
  families::ClipSpec spec{.frames = 49, .height = 64, .width = 96, .samples = 94080, .sample_rate = 48000};
  const world::RenderOptions render = cli::render_options(info, spec);
  CHECK(render.channels == 2);
  CHECK(render.sample_rate == 48000);
  CHECK(render.fps == 25);
  CHECK(render.frames == 49);
  CHECK(render.height == 64);
  CHECK(render.width == 96);
  CHECK(render.samples == 94080);
  spec.sample_rate = 0;  // the model's own
  CHECK(cli::render_options(info, spec).sample_rate == 16000);
}

TEST_CASE("every line has a reference in its talker's voice" * doctest::skip(!world::speech_available())) {
  int right = 0, lines = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const world::Truth truth = world::truth_of("two_talkers_new_voices", seed, {});
    const std::vector<eval::ToldLine> told = eval::told_lines(truth);
    const std::vector<cli::ReferenceVoice> voices = cli::reference_voices(truth, seed);
    REQUIRE(voices.size() == told.size());
    for (std::size_t i = 0; i < voices.size(); ++i) {
      CHECK(voices[i].waveform.size(1) >= 3 * families::kVoiceRate);
      CHECK(voices[i].waveform.size(1) <= 5 * families::kVoiceRate);
      for (const std::string& word : voices[i].words) {
        CHECK(std::find(told[i].words.begin(), told[i].words.end(), word) == told[i].words.end());
      }
      ++lines;
      const auto match = eval::match_voice(voices[i].waveform, families::kVoiceRate, voices[i].words, told[i].voice);
      right += match && match->nearest == told[i].voice;
    }
  }
  CHECK(lines == 12);
  CHECK(right >= 11);
  CHECK(cli::reference_voices(world::truth_of("lamp", 1, {}), 1).empty());
}

#include "phonofilm/world/speech/speech.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <thread>

#include "phonofilm/base/error.h"
#include "phonofilm/world/speech/lines.h"
#include "phonofilm/world/speech/mouth.h"
#include "support/support.h"
#include "world/no_speech.h"

using namespace phonofilm;
using namespace phonofilm::world;
using test::no_speech;

namespace {

bool same(const Speech& a, const Speech& b) {
  return a.sound.samples == b.sound.samples && a.phonemes.size() == b.phonemes.size() &&
         a.words.back().end == b.words.back().end && a.phonemes.back().start == b.phonemes.back().start;
}

}  // namespace

TEST_CASE("an utterance is the same whatever was spoken before, on any thread") {
  if (no_speech()) return;
  Random random(3);
  std::vector<Line> lines;
  std::vector<Speech> first;
  for (size_t i = 0; i < 3 * voices().size(); ++i) {
    lines.push_back(draw_line(4, random));
    first.push_back(speak(voices()[i % voices().size()], lines[i]));
  }
  // Once more in other orders, from several threads at once.
  std::vector<int> differ(4, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Random order(t);
      for (int k = 0; k < 60; ++k) {
        const auto i = size_t(order.below(std::int64_t(lines.size())));
        differ[t] += !same(speak(voices()[i % voices().size()], lines[i]), first[i]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(differ == std::vector<int>{0, 0, 0, 0});
}

TEST_CASE("every word of the vocabulary is spoken by every voice with known phonemes") {
  if (no_speech()) return;
  std::set<std::string> shapes;
  for (const Voice& voice : voices()) {
    for (const std::string& word : spoken_words()) {
      const Speech speech = speak(voice, {word});
      INFO(voice.id, " ", word);
      REQUIRE(speech.seconds() > 0.12);
      REQUIRE(speech.seconds() < 0.9);
      REQUIRE(std::abs(speech.sound.seconds() - speech.seconds()) < 1e-3);
      for (const Phoneme& phoneme : speech.phonemes) {
        INFO(phoneme.name);
        REQUIRE(!visemes_of(phoneme.name).empty());
        REQUIRE(phoneme.start <= phoneme.end);
        for (const std::string& shape : visemes_of(phoneme.name)) shapes.insert(shape);
      }
    }
  }
  CHECK(shapes.size() >= 7);
}

TEST_CASE("words follow each other within the utterance, and every line can be timed") {
  if (no_speech()) return;
  Random random(8);
  for (int i = 0; i < 300; ++i) {
    const Line line = draw_line(4, random);
    const Speech speech = speak(random.pick(voices()), line);
    REQUIRE(speech.words.size() == line.size());
    REQUIRE(speech.words.front().start == 0);
    for (size_t w = 0; w < line.size(); ++w) {
      REQUIRE(speech.words[w].text == line[w]);
      REQUIRE(speech.words[w].start < speech.words[w].end);
      if (w > 0) REQUIRE(speech.words[w].start >= speech.words[w - 1].end - 1e-9);
    }
  }
}

TEST_CASE("words that cannot be spoken are refused") {
  if (no_speech()) return;
  CHECK_THROWS_AS(speak(voices()[0], {}), InvalidRequest);
  CHECK_THROWS_AS(speak(voices()[0], {"two words"}), InvalidRequest);
  CHECK_THROWS_AS(speak(voices()[0], {"<speak>"}), InvalidRequest);
  Voice unknown = voices()[0];
  unknown.variant = "nobody";
  CHECK_THROWS_AS(speak(unknown, {"hello"}), ResourceError);
}

TEST_CASE("a mouth goes continuously from shape to shape and reaches each one") {
  Speech speech;
  speech.phonemes = {{"m", 0, 0.08}, {"a", 0.08, 0.20}, {"aI", 0.20, 0.42}, {"p", 0.42, 0.47}};
  const MouthTrack mouth(speech, /*begin=*/0.5);
  REQUIRE(mouth.segments().size() == 5);
  CHECK(mouth.opening_at(0.3) == 0);
  CHECK(mouth.opening_at(0.54) == 0);
  for (const MouthTrack::Segment& segment : mouth.segments()) {
    const MouthShape shape = mouth.at((segment.start + segment.end) / 2);
    CHECK(shape.opening == segment.viseme->shape.opening);
    CHECK(shape.half_width == segment.viseme->shape.half_width);
  }
  double last = mouth.opening_at(0.4), steepest = 0;
  for (double t = 0.4; t < 1.1; t += 0.001) {
    steepest = std::max(steepest, std::abs(mouth.opening_at(t) - last));
    last = mouth.opening_at(t);
  }
  CHECK(steepest > 0);
  CHECK(steepest < 0.006);  // heights per millisecond: from closed to wide open in no less than 40 ms
  CHECK(mouth.opening_at(1.1) == 0);
}

TEST_CASE("a recording is placed between samples, at any rate") {
  Recording tone{std::vector<float>(22050), 22050 * 1.1};
  for (size_t n = 0; n < tone.samples.size(); ++n) {
    tone.samples[n] = float(0.5 * std::sin(2 * 3.14159265358979 * 1000 * double(n) / tone.rate));
  }
  for (const std::int64_t rate : {16000, 48000}) {
    std::vector<float> sound(size_t(rate), 0.0f);
    const double start = 0.1000213;
    add_recording({sound.data(), 1, rate, rate}, tone, start, /*gain=*/0.8, /*pan=*/0.5);
    double worst = 0;
    for (std::int64_t n = rate / 5; n < rate * 4 / 5; ++n) {
      const double expected = 0.4 * std::sin(2 * 3.14159265358979 * 1000 * (double(n) / double(rate) - start));
      worst = std::max(worst, std::abs(expected - double(sound[size_t(n)])));
    }
    CHECK(worst < 4e-4);
    CHECK(std::abs(sound[size_t(rate / 12)]) < 1e-6f);
  }
}

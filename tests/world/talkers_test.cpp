#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "phonofilm/base/error.h"
#include "phonofilm/base/text.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/world/captions.h"
#include "phonofilm/world/speech/speech.h"
#include "phonofilm/world/speech/voices.h"
#include "phonofilm/world/world.h"
#include "support/support.h"
#include "world/no_speech.h"

using namespace phonofilm;
using namespace phonofilm::world;
using test::no_speech;

namespace {

bool near_held_out(const Voice& voice) {
  return std::any_of(voices().begin(), voices().end(), [&](const Voice& kept) {
    return kept.held_out && kept.variant == voice.variant && std::abs(kept.pitch - voice.pitch) < 8 &&
           std::abs(std::log(kept.tract / voice.tract)) < 0.05;
  });
}

// The sum of a profile whose valleys are filled: from the uppermost lip to the lowest, whatever is between (teeth are
// nearly as bright as the palest skin).
double filled_sum(const Tensor& profile) {
  const Tensor values = profile.contiguous();
  const float* p = values.data_ptr<float>();
  const auto rows = size_t(values.numel());
  double sum = 0;
  for (size_t r = 0; r < rows; ++r) {
    sum += std::min(*std::max_element(p, p + r + 1), *std::max_element(p + r, p + rows));
  }
  return sum;
}

// How high the mouth is, lips included, in the middle: what is not of the colour that the cheeks have in that frame.
// Heights, per frame, less those of the first frame, in which everybody is silent.
std::vector<double> seen_opening(const Sample& sample, std::int64_t object) {
  const Object& person = sample.truth.objects[size_t(object)];
  const auto size = double(sample.clip.frames.size(1));
  const double scale = person.radius / 0.225, x = person.amounts.at("mouth x"), y = person.amounts.at("mouth y");
  const auto pixel = [&](double v) { return std::int64_t(std::llround(v * size)); };
  const Tensor frames = sample.clip.frames.to(at::kFloat) / 255;
  // Between nose and chin.
  const Tensor box =
      frames.slice(1, pixel(y - 0.08 * scale), pixel(y + 0.11 * scale)).slice(2, pixel(x) - 1, pixel(x) + 1);
  std::vector<double> opening;
  for (std::int64_t f = 0; f < box.size(0); ++f) {
    const Tensor cheek = frames[f].slice(0, pixel(y - 0.06 * scale), pixel(y - 0.02 * scale))
                             .slice(1, pixel(x + 0.155 * scale), pixel(x + 0.175 * scale)).mean(at::IntArrayRef{0, 1});
    const Tensor other = ((box[f] - cheek).abs().sum(-1) - 0.28).clamp(0, 0.2) * 5;
    opening.push_back(filled_sum(other.mean(1)) / size);
  }
  const double at_rest = opening.front();
  for (double& value : opening) value -= at_rest;
  return opening;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b, std::int64_t lag) {
  double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0, n = 0;
  for (std::int64_t k = 0; k < std::int64_t(a.size()); ++k) {
    if (k + lag < 0 || k + lag >= std::int64_t(b.size())) continue;
    const double u = a[size_t(k)], v = b[size_t(k + lag)];
    sa += u, sb += v, saa += u * u, sbb += v * v, sab += u * v, ++n;
  }
  return (sab - sa * sb / n) / std::sqrt((saa - sa * sa / n) * (sbb - sb * sb / n));
}

std::vector<double> true_values(const Sample& sample, const std::string& track, std::int64_t object) {
  std::vector<double> values;
  for (std::int64_t f = 0; f < sample.clip.frames.size(0); ++f) {
    values.push_back(value_at(*find_track(sample.truth, track, object), double(f) / sample.clip.fps));
  }
  return values;
}

void append(std::vector<double>& to, const std::vector<double>& values) {
  to.insert(to.end(), values.begin(), values.end());
}

}  // namespace

TEST_CASE("the mouth that is seen opens as the truth says and when the truth says") {
  if (no_speech()) return;
  for (const char* scene : {"talker", "two_talkers"}) {
    std::vector<double> seen, truth;
    for (std::uint64_t seed = 0; seed < 24; ++seed) {
      const Sample sample = render(scene, seed, {});
      for (size_t i = 0; i < sample.truth.objects.size(); ++i) {
        append(seen, seen_opening(sample, std::int64_t(i)));
        append(truth, true_values(sample, "mouth opening", std::int64_t(i)));
      }
    }
    INFO(std::string(scene));
    MESSAGE(std::string(scene), ": seen against true opening ", correlation(seen, truth, 0));
    CHECK(correlation(seen, truth, 0) >= 0.95);
    CHECK(correlation(seen, truth, 0) > correlation(seen, truth, 1) + 0.05);
    CHECK(correlation(seen, truth, 0) > correlation(seen, truth, -1) + 0.05);
  }
}

TEST_CASE("the mouth goes with the voice: with its own far more than with another film's") {
  if (no_speech()) return;
  std::vector<double> openings, levels;
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    const Sample sample = render("talker", seed, {});
    append(openings, seen_opening(sample, 0));
    append(levels, true_values(sample, "voice level", 0));
  }
  const double own = correlation(openings, levels, 0), other = correlation(openings, levels, 49);
  MESSAGE("seen opening against loudness: own ", own, ", another film's ", other);
  CHECK(own > 0.6);
  CHECK(other < own - 0.3);
  CHECK(own > correlation(openings, levels, 3));
  CHECK(own > correlation(openings, levels, -3));
}

TEST_CASE("words are heard within their spans and nowhere else") {
  if (no_speech()) return;
  for (const char* scene : {"talker", "two_talkers", "talker_new_voices"}) {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      const Sample sample = render(scene, seed, {});
      const auto lines = spans_of(sample.truth, "line"), words = spans_of(sample.truth, "word");
      INFO(scene, " ", seed, " ", sample.truth.caption);
      for (const Span& word : words) {
        REQUIRE(std::any_of(lines.begin(), lines.end(), [&](const Span& line) {
          return line.object == word.object && word.start >= line.start - 1e-9 && word.end <= line.end + 1e-9;
        }));
      }
      const float* sound = sample.clip.waveform.data_ptr<float>();
      double loudest = 0, silence = 0;
      for (std::int64_t n = 0; n < sample.clip.waveform.size(1); ++n) {
        const double time = double(n) / 16000;
        const bool spoken = std::any_of(lines.begin(), lines.end(), [&](const Span& line) {
          return time > line.start - 0.002 && time < line.end + 0.002;
        });
        double& peak = spoken ? loudest : silence;
        peak = std::max(peak, std::abs(double(sound[n])));
      }
      REQUIRE(loudest > 0.3);
      REQUIRE(loudest < 0.95);
      REQUIRE(silence < 2e-3);
      for (const Span& line : lines) REQUIRE((line.start >= 0.05 && line.end <= 1.96));
    }
  }
}

TEST_CASE("two talkers take turns, have two voices, and are heard from their sides") {
  if (no_speech()) return;
  RenderOptions stereo;
  stereo.channels = 2;
  int left_first = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Sample sample = render("two_talkers", seed, stereo);
    const Truth& truth = sample.truth;
    REQUIRE(truth.objects.size() == 2);
    CHECK(truth.objects[0].x < truth.objects[1].x);
    CHECK(truth.objects[0].details.at("voice") != truth.objects[1].details.at("voice"));
    const Span left = spans_of(truth, "line", 0).at(0), right = spans_of(truth, "line", 1).at(0);
    CHECK((left.end < right.start || right.end < left.start));
    left_first += left.start < right.start;
    for (const Span& line : {left, right}) {
      const auto first = std::int64_t(line.start * 16000), last = std::int64_t(line.end * 16000);
      const Tensor power = sample.clip.waveform.slice(1, first, last).square().sum(1);
      const double angle = std::atan2(std::sqrt(power[1].item<double>()), std::sqrt(power[0].item<double>()));
      CHECK(angle / (3.14159265 / 2) == doctest::Approx(truth.objects[size_t(line.object)].x).epsilon(0.02));
    }
  }
  CHECK(left_first > 3);
  CHECK(left_first < 17);
}

TEST_CASE("some voices are kept from scenes that are meant for training") {
  if (no_speech()) return;
  std::set<std::string> known, kept, mixed_in;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    known.insert(truth_of("talker", seed, {}).objects[0].details.at("voice"));
    kept.insert(truth_of("talker_new_voices", seed, {}).objects[0].details.at("voice"));
    const Truth mixed = truth_of("everything", seed, {});
    for (const Object& object : mixed.objects) {
      if (object.details.contains("voice")) mixed_in.insert(object.details.at("voice"));
    }
  }
  CHECK(known.size() == 12);
  CHECK(kept.size() == 4);
  CHECK(mixed_in.size() > 30);
  for (const std::string& voice : kept) CHECK((!known.contains(voice) && !mixed_in.contains(voice)));
}

TEST_CASE("neighbours of a voice differ from it within limits, and are not near one that is held out") {
  Random random(3);
  std::set<double> tracts;
  for (const Voice& one : training_voices()) {
    for (int i = 0; i < 20; ++i) {
      const Voice voice = draw_neighbour(one, random);
      CHECK(voice.variant == one.variant);
      CHECK(std::abs(voice.pitch - one.pitch) <= 6);
      CHECK(std::abs(voice.range - one.range) <= 12);
      CHECK(std::abs(std::log(double(voice.rate) / one.rate)) <= 0.105);  // rounded to words per minute
      CHECK(std::abs(std::log(voice.tract / one.tract)) <= 0.05);
      CHECK(!near_held_out(voice));
      tracts.insert(voice.tract);
    }
  }
  CHECK(tracts.size() == 240);
  CHECK_THROWS_AS(draw_neighbour(voice_of("v16"), random), InvalidRequest);
}

TEST_CASE("made voices are many, each its own, around those that are held out and none near one") {
  const std::vector<Voice>& made = made_voices();
  CHECK(made.size() == 4096);
  std::set<std::string> ids;
  std::set<std::tuple<std::string, int, int, double>> sounds;
  for (const Voice& voice : made) {
    ids.insert(voice.id), sounds.insert({voice.variant, voice.pitch, voice.rate, voice.tract});
    CHECK(!voice.held_out);
    CHECK(voice_of(voice.id).tract == voice.tract);
    CHECK(!near_held_out(voice));
  }
  CHECK(ids.size() == 4096);
  CHECK(sounds.size() == 4096);
  CHECK_THROWS_AS(voice_of("m4096"), InvalidRequest);
  for (const Voice& kept : voices()) {
    if (!kept.held_out) continue;
    std::set<bool> higher, shorter;  // than it, of voices of its variant that are not far from it
    for (const Voice& voice : made) {
      const double tract = std::log(voice.tract / kept.tract);
      if (voice.variant != kept.variant || std::abs(voice.pitch - kept.pitch) > 20 || std::abs(tract) > 0.15) continue;
      higher.insert(voice.pitch > kept.pitch), shorter.insert(tract > 0);
    }
    INFO(kept.id);
    CHECK((higher.size() == 2 && shorter.size() == 2));
  }
}

TEST_CASE("captions of talkers hold what is said, true looks, and marks that close") {
  if (no_speech()) return;
  int heard = 0;
  for (const char* scene : {"talker", "two_talkers"}) {
    for (std::uint64_t seed = 0; seed < 250; ++seed) {
      const Truth truth = truth_of(scene, seed, {});
      INFO(truth.caption);
      for (const Span& line : spans_of(truth, "line")) {
        REQUIRE(truth.caption.find("<S>" + line.label + "<E>") != std::string::npos);
      }
      const auto words = split_words(truth.caption);
      for (size_t w = 0; w + 1 < words.size(); ++w) {
        if (words[w + 1] != "shirt") continue;
        const auto wears = [&](const Object& object) { return object.color == words[w]; };
        REQUIRE(std::any_of(truth.objects.begin(), truth.objects.end(), wears));
      }
      const bool opened = truth.caption.find("<AUDCAP>") != std::string::npos;
      REQUIRE(opened == (truth.caption.find("<ENDAUDCAP>") != std::string::npos));
      heard += opened;
    }
  }
  CHECK(heard > 80);
  CHECK(heard < 300);
}

TEST_CASE("of two talkers each is described beside the own line") {
  if (no_speech()) return;
  int looks = 0, sides = 0;
  for (std::uint64_t seed = 0; seed < 250; ++seed) {
    const Truth truth = truth_of("two_talkers", seed, {});
    std::vector<Span> lines = spans_of(truth, "line");
    std::sort(lines.begin(), lines.end(), [](const Span& a, const Span& b) { return a.start < b.start; });
    INFO(truth.caption);
    size_t from = 0;
    for (const Span& line : lines) {
      const size_t until = truth.caption.find("<S>" + line.label, from);
      REQUIRE(until != std::string::npos);
      const auto words = split_words(truth.caption.substr(from, until - from));
      const Object& talker = truth.objects[size_t(line.object)];
      for (size_t w = 0; w + 1 < words.size(); ++w) {
        if (words[w + 1] == "shirt") REQUIRE(words[w] == talker.color);
        if (words[w + 1] == "hair") REQUIRE(words[w] == talker.details.at("hair"));
        looks += words[w + 1] == "shirt" || words[w + 1] == "hair";
      }
      for (const std::string& word : words) {
        if (word != "left" && word != "right") continue;
        REQUIRE((word == "left") == (line.object == 0));
        ++sides;
      }
      from = truth.caption.find("<E>", until);
    }
  }
  CHECK(looks > 200);
  CHECK(sides > 200);
}

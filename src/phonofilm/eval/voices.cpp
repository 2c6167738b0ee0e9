#include "phonofilm/eval/voices.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "phonofilm/base/error.h"
#include "phonofilm/base/random.h"
#include "phonofilm/dsp/mel.h"
#include "phonofilm/dsp/resample.h"
#include "phonofilm/eval/onsets.h"
#include "phonofilm/eval/statistics.h"
#include "phonofilm/eval/voice.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/world/speech/lines.h"
#include "phonofilm/world/speech/utterance.h"

namespace phonofilm::eval {
namespace {

using Features = std::vector<double>;

constexpr std::int64_t kRate = 16000, kCepstra = 12, kFewestFrames = 6;
constexpr std::size_t kPitch = 2 * kCepstra + 1;  // where in the features the middle of the pitch stands
constexpr std::int64_t kLines = 12;  // of every voice, to learn what changes when it says something else
constexpr double kFloor = 5;  // nepers below the loudest band of the sound: fainter bands are noise, whatever they hold

// Cepstra 1 to 12 of every frame: [frames, 12] float64, of log-mels made independent of loudness.
Tensor cepstra_of(const Tensor& mono, const dsp::MelConfig& config) {
  const Tensor mel = dsp::LogMel(config).of_waveform(mono.unsqueeze(0))[0].to(at::kDouble);  // [bins, frames]
  const Tensor level = (mel - mel.max()).clamp_min(-kFloor);
  const Tensor band = at::arange(config.bins, at::kDouble) + 0.5, number = at::arange(1, kCepstra + 1, at::kDouble);
  const Tensor cosines = at::cos(at::outer(number, band) * (std::numbers::pi / double(config.bins)));  // DCT-II
  return (at::matmul(cosines, level) / double(config.bins)).t().contiguous();
}

// Means, then deviations of the rows that are chosen; nothing for too few.
Features moments_of(const Tensor& rows, const std::vector<std::int64_t>& chosen) {
  Features moments;
  if (std::int64_t(chosen.size()) < kFewestFrames) return moments;
  const Tensor some = rows.index_select(0, at::tensor(at::IntArrayRef(chosen)));
  const Tensor mean = some.mean(0), deviation = (some - mean).square().mean(0).sqrt();
  for (const Tensor& part : {mean, deviation}) {
    for (std::int64_t i = 0; i < kCepstra; ++i) moments.push_back(part[i].item<double>());
  }
  return moments;
}

// The lag of the first peak of a normalised autocorrelation that comes near the highest; 0 where none is high.
std::size_t period_of(const std::vector<double>& likeness, std::size_t shortest) {
  constexpr double kClear = 0.5, kNear = 0.9;
  const auto first = likeness.begin() + std::ptrdiff_t(shortest);
  const double most = first < likeness.end() ? *std::max_element(first, likeness.end()) : 0;
  if (most < kClear) return 0;
  for (std::size_t lag = std::max<std::size_t>(shortest, 1); lag + 1 < likeness.size(); ++lag) {
    if (likeness[lag] >= kNear * most && likeness[lag] >= likeness[lag - 1] && likeness[lag] > likeness[lag + 1]) {
      return lag;
    }
  }
  return 0;
}

// Of one frame: correlation of its beginning with what comes `lag` samples later.
std::vector<double> autocorrelation(const double* frame, std::size_t size, std::size_t longest) {
  std::vector<double> likeness;
  const std::size_t reach = size - longest;
  for (std::size_t lag = 0; lag <= longest; ++lag) {
    double product = 0, before = 1e-9, after = 1e-9;
    for (std::size_t i = 0; i < reach; ++i) {
      product += frame[i] * frame[i + lag], before += frame[i] * frame[i], after += frame[i + lag] * frame[i + lag];
    }
    likeness.push_back(product / std::sqrt(before * after));
  }
  return likeness;
}

std::vector<world::Voice> voices_with(const std::string& told) {
  std::vector<world::Voice> all = world::voices();
  const world::Voice& own = world::voice_of(told);
  if (std::none_of(all.begin(), all.end(), [&](const auto& voice) { return voice.id == told; })) all.push_back(own);
  return all;
}

// All voices saying the same words.
std::vector<Features> features_of(const std::vector<world::Voice>& voices, const std::vector<std::string>& words) {
  std::vector<Features> all;
  for (const world::Voice& voice : voices) {
    const auto features = voice_features(world::utterance(voice, words, kRate), kRate);
    PF_CHECK(features, Error, "eval", "voice ", voice.id, " saying '", join(words, " "), "' has no features");
    all.push_back(*features);
  }
  return all;
}

// How much each feature of a voice changes with what it says: a variance over lines, the mean over the world's voices.
// What a line does to all voices alike is taken off first: it does not tell them apart.
Features variances_of_words() {
  Random random(mix_seed(1, "lines of voices"));
  const std::vector<world::Voice>& voices = world::voices();
  Features all;
  for (std::int64_t i = 0; i < kLines; ++i) {
    for (const Features& voice : features_of(voices, world::draw_line(world::kMostWords, random))) {
      all.insert(all.end(), voice.begin(), voice.end());
    }
  }
  Tensor said = at::tensor(at::ArrayRef<double>(all)).view({kLines, std::int64_t(voices.size()), -1});
  said = said - said.mean(1, /*keepdim=*/true);
  const Tensor variances = (said - said.mean(0, /*keepdim=*/true)).square().mean(at::IntArrayRef{0, 1}).contiguous();
  return {variances.data_ptr<double>(), variances.data_ptr<double>() + variances.numel()};
}

}  // namespace

std::vector<double> pitch_track(const std::vector<double>& wave, double rate) {
  constexpr double kLowest = 70, kHighest = 500, kFrame = 0.05, kHop = 0.016;
  constexpr std::size_t kThin = 2;  // every second sample is enough for a period
  std::vector<double> thin;
  for (std::size_t i = 0; i + 1 < wave.size(); i += kThin) thin.push_back(0.5 * (wave[i] + wave[i + 1]));
  const double slow = rate / double(kThin);
  const auto size = std::size_t(kFrame * slow), hop = std::size_t(kHop * slow);
  const auto shortest = std::size_t(slow / kHighest), longest = std::size_t(slow / kLowest);
  std::vector<double> track;
  for (std::size_t start = 0; start + size <= thin.size(); start += hop) {
    const std::size_t period = period_of(autocorrelation(&thin[start], size, longest), shortest);
    track.push_back(period > 0 ? slow / double(period) : 0);
  }
  return track;
}

std::optional<std::vector<double>> voice_features(const Tensor& waveform, std::int64_t sample_rate) {
  const Tensor mono = dsp::resample(waveform.to(at::kFloat).mean(0), sample_rate, kRate);
  const dsp::MelConfig config;
  if (mono.size(0) < config.fft) return std::nullopt;
  const std::vector<double> wave = mono_samples(mono);
  const Series level = band_level(wave, double(kRate), 100, 6000, /*window=*/0.03);
  const std::vector<bool> sounds = sounding(level);
  const Tensor cepstra = cepstra_of(mono, config);
  std::vector<std::int64_t> chosen;
  for (std::int64_t k = 0; k < cepstra.size(0); ++k) {
    const auto place = std::size_t(std::lround(double(k * config.hop) / double(kRate) / level.step));
    if (place < sounds.size() && sounds[place]) chosen.push_back(k);
  }
  Features features = moments_of(cepstra, chosen);
  Values octaves;
  for (const double pitch : pitch_track(wave, double(kRate))) {
    if (pitch > 0) octaves.push_back(std::log2(pitch / 100));
  }
  if (features.empty() || octaves.empty()) return std::nullopt;
  const double middle = median_of(octaves);
  double spread = 0;
  for (const double octave : octaves) spread += std::abs(octave - middle) / double(octaves.size());
  features.push_back(std::log(double(chosen.size())));
  features.push_back(middle), features.push_back(spread);
  return features;
}

std::optional<VoiceMatch> match_voice(const Tensor& waveform, std::int64_t sample_rate,
                                      const std::vector<std::string>& words, const std::string& told) {
  const auto heard = voice_features(waveform, sample_rate);
  if (!heard) return std::nullopt;
  const std::vector<world::Voice> candidates = voices_with(told);
  const std::vector<Features> voices = features_of(candidates, words);
  static const Features kVariances = variances_of_words();
  VoiceMatch match;
  double least = 0;
  for (std::size_t v = 0; v < voices.size(); ++v) {
    double distance = 0;
    for (std::size_t i = 0; i < kVariances.size(); ++i) {
      distance += std::pow((*heard)[i] - voices[v][i], 2) / kVariances[i];
    }
    if (v == 0 || distance < least) least = distance, match.nearest = candidates[v].id;
    if (candidates[v].id == told) match.pitch_off = 12 * std::abs((*heard)[kPitch] - voices[v][kPitch]);
  }
  return match;
}

}  // namespace phonofilm::eval

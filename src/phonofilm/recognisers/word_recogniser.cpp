#include "phonofilm/recognisers/word_recogniser.h"

#include <ATen/ops/amax.h>
#include <ATen/ops/log_softmax.h>

#include <algorithm>

#include "phonofilm/base/error.h"
#include "phonofilm/dsp/mel_model.h"
#include "phonofilm/dsp/resample.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::recognisers {
namespace {

constexpr float kPeak = 0.5f;         // that every sound is brought to
constexpr double kQuietest = 1e-3;    // a peak below which a sound is not made louder

WordRecogniserConfig checked(const WordRecogniserConfig& config) {
  PF_CHECK(config.kernel % 2 == 1, InvalidRequest, "word recogniser", "kernel must be odd, got ", config.kernel);
  PF_CHECK(!config.words.empty(), InvalidRequest, "word recogniser", "words: at least one is needed");
  return config;
}

// The labels along the best course through scores [T, labels] (log probabilities); every change costs `cost`.
std::vector<std::int64_t> best_course(const Tensor& scores, double cost) {
  const std::int64_t times = scores.size(0), labels = scores.size(1);
  const float* score = scores.const_data_ptr<float>();
  std::vector<double> best(score, score + labels);
  std::vector<std::int64_t> from(std::size_t(times * labels));
  for (std::int64_t t = 1; t < times; ++t) {
    const std::int64_t leader = std::max_element(best.begin(), best.end()) - best.begin();
    const double changed = best[std::size_t(leader)] - cost;
    for (std::int64_t label = 0; label < labels; ++label) {
      double& kept = best[std::size_t(label)];
      from[std::size_t(t * labels + label)] = kept >= changed ? label : leader;
      kept = std::max(kept, changed) + double(score[t * labels + label]);
    }
  }
  std::vector<std::int64_t> course(std::size_t(times), 0);
  if (times == 0) return course;
  course.back() = std::max_element(best.begin(), best.end()) - best.begin();
  for (std::int64_t t = times - 1; t > 0; --t) {
    course[std::size_t(t) - 1] = from[std::size_t(t * labels + course[std::size_t(t)])];
  }
  return course;
}

}  // namespace

Fields WordRecogniserConfig::fields() {
  return {{"words", &words, "that it knows"},
          {"width", &width, "channels of the residual stream", 1.0, 8192.0},
          {"hidden", &hidden, "channels inside a block", 1.0, 32768.0},
          {"blocks", &blocks, "ConvNeXt blocks", 1.0, 64.0},
          {"kernel", &kernel, "taps of the convolutions, odd", 1.0, 63.0},
          {"stride", &stride, "mel frames per label", 1.0, 16.0},
          {"mel_mean", &mel_mean, "subtracted from the mel"},
          {"mel_scale", &mel_scale, "divides the mel", 1e-3, 1e3}};
}

WordRecogniser::WordRecogniser(const WordRecogniserConfig& config)
    : config_(checked(config)),
      mel_(config.mel),
      in_(*this, "embed", config.mel.bins, config.width,
          {.kernel = config.kernel, .stride = config.stride, .padding = config.kernel / 2}),
      body_(*this, {config.width, config.hidden, config.kernel}, config.blocks),
      head_(*this, "head", config.width, 1 + std::int64_t(config.words.size())) {}

Tensor WordRecogniser::front_end(const Tensor& waveform) const {
  expect_shape(waveform, {kAny, kAny}, "word recogniser: waveform");
  const Tensor peak = at::amax(waveform.abs(), {1}, /*keepdim=*/true).clamp_min(kQuietest);
  return mel_.of_waveform(waveform / peak * kPeak);
}

Tensor WordRecogniser::forward(const Tensor& mel, const nn::RunContext& run) const {
  expect_shape(mel, {kAny, config_.mel.bins, kAny}, "word recogniser: mel");
  const Tensor seen = (mel.to(at::kFloat) - config_.mel_mean) / config_.mel_scale;
  const Tensor x = body_.forward(in_.forward(seen, run).transpose(1, 2).to(at::kFloat), run);
  return head_.forward(x, run).to(at::kFloat);
}

std::vector<HeardWord> transcript(const Tensor& logits, const WordRecogniserConfig& config) {
  expect_shape(logits, {kAny, 1 + std::int64_t(config.words.size())}, "word recogniser: logits");
  const std::vector<std::int64_t> course = best_course(at::log_softmax(logits, 1).contiguous(), kChangeCost);
  std::vector<HeardWord> heard;
  for (std::size_t t = 0; t < course.size(); ++t) {
    if (course[t] == 0) continue;
    const double time = config.step() * double(t);
    if (t == 0 || course[t] != course[t - 1]) heard.push_back({config.words[std::size_t(course[t]) - 1], time, time});
    heard.back().end = time + config.step();
  }
  return heard;
}

std::vector<HeardWord> recognise(const WordRecogniser& recogniser, const Tensor& waveform, std::int64_t sample_rate) {
  expect_shape(waveform, {kAny, kAny}, "recognise: waveform");
  const c10::InferenceMode no_gradients;
  const Tensor mono = waveform.to(at::kFloat).mean(0, /*keepdim=*/true);
  const Tensor sound = dsp::resample(mono, sample_rate, recogniser.config().mel.sample_rate);
  return transcript(recogniser.forward(recogniser.front_end(sound), {})[0], recogniser.config());
}

std::vector<std::string> words_of(const std::vector<HeardWord>& heard) {
  std::vector<std::string> words;
  for (const HeardWord& word : heard) words.push_back(word.word);
  return words;
}

void save_word_recogniser(const WordRecogniser& model, const std::string& folder) {
  dsp::save_mel_model(model, "word_recogniser", folder);
}

std::unique_ptr<WordRecogniser> load_word_recogniser(const std::string& folder) {
  return dsp::load_mel_model<WordRecogniser>("word_recogniser", folder, at::kFloat);
}

}  // namespace phonofilm::recognisers

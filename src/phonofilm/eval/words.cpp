#include "phonofilm/eval/words.h"

#include <algorithm>

#include "phonofilm/base/text.h"
#include "phonofilm/eval/voices.h"
#include "phonofilm/recognisers/word_errors.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::eval {
namespace {

using recognisers::HeardWord;
using recognisers::WordErrors;

struct Stretch {
  double start = 0, end = 0;  // seconds
  ToldLine line;              // of the line what is told from its first word heard to its last
};

// From the beginning of the first right word of a line to the end of the last; none where none is right. `first` is
// the line's first word among all that are to be said.
std::optional<Stretch> stretch_of(const WordErrors& errors, const std::vector<HeardWord>& heard, std::size_t first,
                                  const ToldLine& line) {
  std::optional<Stretch> stretch;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < line.words.size(); ++i) {
    const auto& place = errors.heard_as[first + i];
    if (!place) continue;
    const HeardWord& word = heard[*place];
    // A label covers the last part of its word.
    const double labelled = 1 - recognisers::kLabelledFrom, start = word.end - (word.end - word.start) / labelled;
    if (!stretch) stretch = Stretch{start, 0, {}}, begin = i;
    stretch->end = word.end;
    const auto told = line.words.begin();
    stretch->line = {{told + std::ptrdiff_t(begin), told + std::ptrdiff_t(i + 1)}, line.voice};
  }
  return stretch;
}

Tensor cut_out(const Tensor& waveform, std::int64_t rate, const Stretch& stretch) {
  const std::int64_t samples = waveform.size(1);
  const auto first = std::clamp<std::int64_t>(std::int64_t(stretch.start * double(rate)), 0, samples);
  const auto last = std::clamp<std::int64_t>(std::int64_t(stretch.end * double(rate)), first, samples);
  return waveform.slice(1, first, last);
}

// Reads which voice it is and how far its pitch is off; is it the one that was told?
bool compare_voice(const Tensor& waveform, std::int64_t rate, const ToldLine& line, Readings& readings) {
  const auto match = match_voice(waveform, rate, line.words, line.voice);
  const bool known = match && match->nearest == line.voice;
  readings["voice right"].push_back(percent_of(known));
  if (match) readings["voice's pitch off by"].push_back(match->pitch_off);
  return known;
}

// Line by line, each in the stretch of sound in which its words were heard.
void compare_turns(const Tensor& waveform, std::int64_t rate, const std::vector<ToldLine>& lines,
                   const WordErrors& errors, const std::vector<HeardWord>& heard, Readings& readings) {
  std::size_t first = 0;
  for (const ToldLine& line : lines) {
    const auto stretch = stretch_of(errors, heard, first, line);
    const bool known = stretch && compare_voice(cut_out(waveform, rate, *stretch), rate, stretch->line, readings);
    const auto right = std::count_if(errors.heard_as.begin() + std::ptrdiff_t(first),
                                     errors.heard_as.begin() + std::ptrdiff_t(first + line.words.size()),
                                     [](const auto& place) { return place.has_value(); });
    if (!stretch) readings["voice right"].push_back(0);
    readings["line right in its voice"].push_back(percent_of(known && right == std::int64_t(line.words.size())));
    first += line.words.size();
  }
}

}  // namespace

std::vector<ToldLine> told_lines(const world::Truth& truth) {
  std::vector<world::Span> lines = world::spans_of(truth, "line");
  std::sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.start < b.start; });
  std::vector<ToldLine> told;
  for (const world::Span& line : lines) {
    told.push_back({split(line.label, ' '), truth.objects.at(std::size_t(line.object)).details.at("voice")});
  }
  return told;
}

std::vector<FigureSpec> word_figures() {
  return {{"words right", "%", Summary::mean, false, 94, 80},
          {"word error rate", "%", Summary::mean, true, 6, 25},
          {"voice right", "%", Summary::mean, false, 95, 70},
          {"voice's pitch off by", "semitones", Summary::median, true, 0.5}};
}

std::vector<FigureSpec> turns_figures() { return {{"line right in its voice", "%", Summary::mean, false, 90, 60}}; }

void read_words(const Tensor& waveform, std::int64_t sample_rate, const world::Truth& truth, Instruments& instruments,
                Readings& readings) {
  const std::vector<ToldLine> lines = told_lines(truth);
  if (lines.size() == 1) compare_voice(waveform, sample_rate, lines[0], readings);
  const recognisers::WordRecogniser* recogniser = instruments.recogniser();
  if (!recogniser) return;
  std::vector<std::string> said;
  for (const ToldLine& line : lines) said.insert(said.end(), line.words.begin(), line.words.end());
  const std::vector<HeardWord> heard = recognisers::recognise(*recogniser, waveform, sample_rate);
  const WordErrors errors = recognisers::word_errors(said, recognisers::words_of(heard));
  for (const auto& place : errors.heard_as) readings["words right"].push_back(percent_of(place.has_value()));
  readings["word error rate"].push_back(100 * errors.rate());
  if (lines.size() == 1) return;
  compare_turns(waveform, sample_rate, lines, errors, heard, readings);
}

}  // namespace phonofilm::eval

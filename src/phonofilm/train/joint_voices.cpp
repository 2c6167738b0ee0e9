#include "phonofilm/train/joint_voices.h"

#include <algorithm>

#include "phonofilm/base/error.h"
#include "phonofilm/base/text.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::train {

Tensor rows_of_lines(const nava::SmallBackbone& backbone, const Tensor& tokens, const std::vector<ClipText>& texts) {
  size_t most = 0;
  for (const ClipText& text : texts) most = std::max(most, text.lines.size());
  Tensor rows = at::full({tokens.size(0), std::int64_t(most)}, kNobody, at::kLong);
  const auto found = backbone.line_rows(tokens);
  for (size_t i = 0; i < texts.size(); ++i) {
    const size_t lines = std::min(found[i].size(), texts[i].lines.size());
    for (size_t s = 0; s < lines; ++s) rows[std::int64_t(i)][std::int64_t(s)] = found[i][s];
  }
  return rows;
}

Tensor draw_voices(const VoiceBank& bank, const std::vector<const ClipText*>& texts, const Tensor& rows, double drop,
                   Random& random) {
  Tensor voices = at::zeros({rows.size(0), rows.size(1), bank.width()});
  for (std::int64_t i = 0; i < rows.size(0); ++i) {
    for (std::int64_t s = 0; s < rows.size(1); ++s) {
      if (rows[i][s].item<std::int64_t>() == kNobody || random.chance(drop)) continue;
      const SaidLine& line = texts[size_t(i)]->lines[size_t(s)];
      voices[i][s].copy_(bank.pick(line.voice, split(line.words, ' '), random));
    }
  }
  return voices;
}

std::vector<ClipText> with_wrong_words(const std::vector<ClipText>& texts) {
  std::vector<std::string> said;
  for (const ClipText& text : texts) {
    for (const SaidLine& line : text.lines) said.push_back(line.words);
  }
  std::vector<ClipText> wrong;
  size_t line = 0;
  for (const ClipText& text : texts) {
    std::vector<std::string> words;
    for (size_t i = 0; i < text.lines.size(); ++i, ++line) {
      size_t next = line + 1;
      while (next < line + said.size() && said[next % said.size()] == said[line]) ++next;
      words.push_back(said[next % said.size()]);
    }
    wrong.push_back(with_words(text, words));
  }
  return wrong;
}

std::vector<ClipText> with_wrong_voices(std::vector<ClipText> texts, const VoiceBank& bank, Random& random) {
  const std::vector<std::string> names = bank.names();
  PF_CHECK(names.size() > 1, InvalidRequest, "joint", "a bank of one voice has no wrong one");
  for (ClipText& text : texts) {
    for (SaidLine& line : text.lines) {
      const auto own = std::find(names.begin(), names.end(), line.voice) - names.begin();
      const std::int64_t step = 1 + random.below(std::int64_t(names.size()) - 1);
      line.voice = names[size_t(own + step) % names.size()];
    }
  }
  return texts;
}

}  // namespace phonofilm::train

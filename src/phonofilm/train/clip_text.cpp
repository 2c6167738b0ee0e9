#include "phonofilm/train/clip_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/prompt_marks.h"

namespace phonofilm::train {

ClipText text_of(const world::Truth& truth) {
  std::vector<world::Span> lines = world::spans_of(truth, "line");
  std::sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.start < b.start; });
  ClipText text{truth.caption, truth.scene, {}, happenings_in(truth)};
  for (const world::Span& line : lines) {
    text.lines.push_back({truth.objects.at(size_t(line.object)).details.at("voice"), line.label});
  }
  return text;
}

ClipText with_words(const ClipText& text, const std::vector<std::string>& words) {
  ClipText other = text;
  size_t at = 0;
  for (size_t i = 0; i < text.lines.size(); ++i) {
    const size_t begin = other.caption.find(kSpeechMarks.open, at) + kSpeechMarks.open.size();
    const size_t end = other.caption.find(kSpeechMarks.close, begin);
    other.caption.replace(begin, end - begin, words.at(i));
    other.lines[i].words = words.at(i);
    at = begin + words.at(i).size();
  }
  return other;
}

std::vector<std::int64_t> clips_with_lines(const std::vector<ClipText>& texts) {
  std::vector<std::int64_t> clips;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!texts[i].lines.empty()) clips.push_back(std::int64_t(i));
  }
  return clips;
}

nlohmann::json to_json(const std::vector<ClipText>& texts) {
  nlohmann::json list = nlohmann::json::array();
  for (const ClipText& text : texts) {
    nlohmann::json lines = nlohmann::json::array();
    for (const SaidLine& line : text.lines) lines.push_back({{"voice", line.voice}, {"words", line.words}});
    nlohmann::json happenings = nlohmann::json::array();
    for (const Happening& one : text.happenings) {
      happenings.push_back({one.kind, one.label, one.start, one.end});
    }
    list.push_back({{"caption", text.caption}, {"scene", text.scene}, {"lines", lines},
                    {"happenings", happenings}});
  }
  return list;
}

std::vector<ClipText> clip_texts_from_json(const nlohmann::json& json, const std::string& where) {
  std::vector<ClipText> texts;
  try {
    for (const nlohmann::json& entry : json) {
      ClipText text{entry.at("caption").get<std::string>(), entry.at("scene").get<std::string>(), {}, {}};
      for (const nlohmann::json& line : entry.at("lines")) {
        text.lines.push_back({line.at("voice").get<std::string>(), line.at("words").get<std::string>()});
      }
      for (const nlohmann::json& one : entry.at("happenings")) {
        text.happenings.push_back({one.at(0).get<std::string>(), one.at(1).get<std::string>(),
                                   one.at(2).get<double>(), one.at(3).get<double>()});
      }
      texts.push_back(std::move(text));
    }
  } catch (const nlohmann::json::exception& error) {
    throw CheckpointError("load", concat(where, ": its captions are damaged (", error.what(), "); delete it"));
  }
  return texts;
}

}  // namespace phonofilm::train

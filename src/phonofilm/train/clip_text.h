// What is said about a rendered clip and in it: all that training needs of a clip beside its latents.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "phonofilm/train/happenings.h"
#include "phonofilm/world/truth.h"

namespace phonofilm::train {

struct SaidLine {
  std::string voice;  // of the world, "v01"
  std::string words;  // "three seven"
  bool operator==(const SaidLine&) const = default;
};

struct ClipText {
  std::string caption;
  std::string scene;            // "two_talkers"; of a mixture the scene that was drawn
  std::vector<SaidLine> lines;  // in the order of the caption's <S>...<E>, which is that of time
  std::vector<Happening> happenings{};
  bool operator==(const ClipText&) const = default;
};

ClipText text_of(const world::Truth& truth);

// The same with other words between the marks, and their words in the lines; one line for each.
ClipText with_words(const ClipText& text, const std::vector<std::string>& words);

// Which of them have lines.
std::vector<std::int64_t> clips_with_lines(const std::vector<ClipText>& texts);

nlohmann::json to_json(const std::vector<ClipText>& texts);
// Throws CheckpointError for other JSON; `where` names the file.
std::vector<ClipText> clip_texts_from_json(const nlohmann::json& json, const std::string& where);

}  // namespace phonofilm::train

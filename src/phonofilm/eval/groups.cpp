#include "phonofilm/eval/groups.h"

#include <stdexcept>

namespace phonofilm::eval {

const std::vector<GroupText>& group_texts() {
  static const std::vector<GroupText> kTexts{
      {"ground_truth", "Ground truth", "rendered films: what a perfect film scores"},
      {"codec_round_trip", "Codec round trip", "rendered films, encoded and decoded: the ceiling of generation"},
      {"generated", "Generated", "films of held-out captions"},
      {"shuffled", "Shuffled pairs", "pictures with the sound of another film: chance"},
      {"same_caption_other_seed", "Same caption, other seed",
       "pictures with the sound of another film of the same caption: what the caption alone fixes"}};
  return kTexts;
}

const GroupText& group_text(const std::string& name) {
  for (const GroupText& text : group_texts()) {
    if (text.name == name) return text;
  }
  throw std::out_of_range("no group " + name);
}

}  // namespace phonofilm::eval

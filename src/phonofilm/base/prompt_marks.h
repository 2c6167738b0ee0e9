// Marks in prompts: <S>what is said<E>, <AUDCAP>what is heard<ENDAUDCAP>.
#pragma once

#include <string_view>

namespace phonofilm {

struct MarkPair {
  std::string_view what;         // "a spoken line"
  std::string_view open, close;  // "<S>", "<E>"
  std::string_view mistaken;     // "</S>", which is often written for the closing mark and closes nothing
  std::string_view example;      // "<S>like this<E>"
};

inline constexpr MarkPair kSpeechMarks{"a spoken line", "<S>", "<E>", "</S>", "<S>like this<E>"};

// Every opening mark has its closing one, and they never nest. Throws InvalidRequest, naming the place.
void check_marks(std::string_view prompt, const MarkPair& pair);

}  // namespace phonofilm

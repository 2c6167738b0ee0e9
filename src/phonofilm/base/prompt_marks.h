// Marks in prompts: <S>what is said<E>, and what is heard as <AUDCAP>...<ENDAUDCAP> or behind "Audio:".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace phonofilm {

struct MarkPair {
  std::string_view what;         // "a spoken line"
  std::string_view open, close;  // "<S>", "<E>"
  std::string_view mistaken;     // "</S>", which is often written for the closing mark and closes nothing
  std::string_view example;      // "<S>like this<E>"
};

inline constexpr MarkPair kSpeechMarks{"a spoken line", "<S>", "<E>", "</S>", "<S>like this<E>"};

// How a model was trained to read the description of the sound. Of Ovi's models the 720 x 720 one has the pair, the
// 960 x 960 ones have the heading.
enum class AudioTag {
  audcap,       // <AUDCAP>Wind.<ENDAUDCAP>
  audio_colon,  // Audio: Wind.
};

// A prompt as a model reads it.
struct FormattedPrompt {
  std::string text;
  std::vector<std::string> notices;  // what the user should know
};

// Every opening mark has its closing one, and they never nest. Throws InvalidRequest, naming the place.
void check_marks(std::string_view prompt, const MarkPair& pair);

// How often something is said in a prompt: its marks <S>.
std::int64_t count_spoken_lines(std::string_view prompt);

}  // namespace phonofilm

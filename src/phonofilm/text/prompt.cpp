#include "phonofilm/text/prompt.h"

#include <algorithm>

#include "phonofilm/base/text.h"
#include "phonofilm/text/unicode.h"

namespace phonofilm::text {
namespace {

constexpr std::string_view kOpenAudio = "<AUDCAP>", kCloseAudio = "<ENDAUDCAP>", kHeadingMark = "Audio:";
constexpr MarkPair kAudioMarks{"an audio description", kOpenAudio, kCloseAudio, "</AUDCAP>", "<AUDCAP>like this<ENDAUDCAP>"};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string heading_to_pair(std::string_view prompt) {
  const size_t at = prompt.find(kHeadingMark);
  if (at == prompt.npos) return std::string(prompt);
  const std::u32string tail = decode_utf8(prompt.substr(at + kHeadingMark.size()));
  const auto text = std::find_if_not(tail.begin(), tail.end(), is_space);
  return concat(prompt.substr(0, at), kOpenAudio, encode_utf8(std::u32string(text, tail.end())), kCloseAudio);
}

// Of a checked prompt, in which every opening tag has its closing one.
std::string pairs_to_heading(std::string_view prompt) {
  std::string result;
  for (size_t open = prompt.find(kOpenAudio); open != prompt.npos; open = prompt.find(kOpenAudio)) {
    const size_t inside = open + kOpenAudio.size(), close = prompt.find(kCloseAudio, inside);
    result += concat(prompt.substr(0, open), kHeadingMark, " ", prompt.substr(inside, close - inside));
    prompt.remove_prefix(close + kCloseAudio.size());
  }
  return result.append(prompt);
}

void notice_rewriting(std::string_view prompt, AudioTag wanted, std::vector<std::string>& notices) {
  const bool pair = wanted == AudioTag::audcap;
  const size_t heading = prompt.find(kHeadingMark);
  if (heading != prompt.npos && contains(prompt, kOpenAudio)) {
    notices.push_back("the prompt describes the sound in both forms, <AUDCAP>...<ENDAUDCAP> and Audio: ...; use one");
  }
  notices.push_back(pair ? "the audio tag was converted for this model, from Audio: ... to <AUDCAP>...<ENDAUDCAP>"
                         : "the audio tag was converted for this model, from <AUDCAP>...<ENDAUDCAP> to Audio: ...");
  if (pair && contains(prompt.substr(heading), kSpeechMarks.open)) {
    notices.push_back("speech behind Audio: became part of the audio description; put Audio: ... at the end of the prompt");
  }
}

void notice_small_letters(std::string_view prompt, std::vector<std::string>& notices) {
  for (const std::string_view mark : {"<s>", "</s>", "<e>", "<audcap>", "<endaudcap>"}) {
    if (!contains(prompt, mark)) continue;
    notices.push_back(concat(mark, " is not a mark that the model knows: marks have capitals, as in <S>like this<E>"));
    return;
  }
}

void notice_silence(const std::string& formatted, AudioTag wanted, std::vector<std::string>& notices) {
  const bool pair = wanted == AudioTag::audcap;
  if (contains(formatted, kSpeechMarks.open) || contains(formatted, pair ? kOpenAudio : kHeadingMark)) return;
  notices.push_back(concat("the prompt has neither speech, <S>like this<E>, nor a description of the sound, ",
                           pair ? kAudioMarks.example : "Audio: like this", "; without them the model tends to read the prompt aloud"));
}

}  // namespace

void check_prompt(std::string_view prompt) {
  check_marks(prompt, kSpeechMarks);
  check_marks(prompt, kAudioMarks);
}

FormattedPrompt format_prompt(std::string_view prompt, AudioTag wanted) {
  check_prompt(prompt);
  FormattedPrompt formatted;
  formatted.text = wanted == AudioTag::audcap ? heading_to_pair(prompt) : pairs_to_heading(prompt);
  if (formatted.text != prompt) notice_rewriting(prompt, wanted, formatted.notices);
  notice_small_letters(prompt, formatted.notices);
  notice_silence(formatted.text, wanted, formatted.notices);
  return formatted;
}

}  // namespace phonofilm::text

#include "phonofilm/base/prompt_marks.h"

#include <algorithm>

#include "phonofilm/base/error.h"

namespace phonofilm {
namespace {

// As people count: 1 for the first character.
size_t character_number(std::string_view text, size_t byte) {
  const auto begins = [](char c) { return (c & 0xC0) != 0x80; };
  return 1 + size_t(std::count_if(text.begin(), text.begin() + std::ptrdiff_t(byte), begins));
}

}  // namespace

void check_marks(std::string_view prompt, const MarkPair& pair) {
  bool open = false;
  const auto expect = [&](bool sound, size_t at, const std::string& problem) {
    PF_CHECK(sound, InvalidRequest, "prompt", problem, " at character ", character_number(prompt, at), "; ", pair.what,
             " is written ", pair.example);
  };
  size_t last = 0;
  for (size_t at = prompt.find('<'); at != prompt.npos; at = prompt.find('<', at + 1)) {
    const std::string_view rest = prompt.substr(at);
    expect(!rest.starts_with(pair.mistaken), at, concat(pair.mistaken, " closes nothing"));
    if (rest.starts_with(pair.open)) {
      expect(!open, at, concat(pair.open, " inside an open ", pair.open));
      open = true;
      last = at;
    } else if (rest.starts_with(pair.close)) {
      expect(open, at, concat(pair.close, " without ", pair.open));
      open = false;
    }
  }
  expect(!open, last, concat("no ", pair.close, " closes the ", pair.open));
}

std::int64_t count_spoken_lines(std::string_view prompt) {
  const std::string_view open = kSpeechMarks.open;
  std::int64_t count = 0;
  for (size_t at = prompt.find(open); at != prompt.npos; at = prompt.find(open, at + open.size())) ++count;
  return count;
}

}  // namespace phonofilm

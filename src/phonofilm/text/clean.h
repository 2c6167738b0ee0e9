// What Wan's and Ovi's tokenizers do to a prompt before it is cut into tokens: repair the text (ftfy.fix_text), unescape HTML
// twice, and make every run of white space one space. Case and punctuation are kept.
//
//   clean_prompt("  It&amp;rsquo;s a cafÃ©\n") == "It’s a café"
#pragma once

#include <string>
#include <string_view>

namespace phonofilm::text {

// The parts of ftfy 6's fix_text that prompts meet, per line and repeated until nothing changes:
//   - HTML references that end in a semicolon, on lines up to the first that holds a '<' (which is taken for mark-up)
//   - UTF-8 that was read as Latin-1 or Windows-1252, also several times over (mojibake.h)
//   - control characters 0x80 to 0x9F that are left: what Windows-1252 has there
//   - Latin ligatures and digraphs to letters (ﬁ, ĳ), full-width and half-width forms to ordinary ones
//   - curly quotes to straight ones
//   - all line breaks to \n
//   - terminal escapes removed, and control characters except white space, byte order marks, annotation marks
//   - Unicode normalisation form C
// Not done, unlike ftfy: text misread in other encodings than these two (Windows-1250, -1251, Mac Roman, ...), misread
// characters of which a byte was lost to a space or U+FFFD, and references in capitals (&EACUTE;). Whether a sequence has
// been misread is judged by rules of our own, which agree with ftfy's in all but rare cases (testdata/text/README.md).
// UTF-8 in and out; throws InvalidRequest for text that is not UTF-8.
std::string fix_text(std::string_view text);

// Runs of white space (Python's \s, no-break and ideographic spaces among it) to one space, none at either end.
std::string collapse_white_space(std::string_view text);

// A text encoder reads some 500 tokens. Repairing takes a time that grows with the square of what is misread.
inline constexpr std::size_t kLongestPrompt = 20'000;  // bytes

// All of it: fix_text, unescape_html twice, collapse_white_space. Throws InvalidRequest for prompts beyond kLongestPrompt.
std::string clean_prompt(std::string_view prompt);

}  // namespace phonofilm::text

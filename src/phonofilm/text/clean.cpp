#include "phonofilm/text/clean.h"

#include <algorithm>
#include <map>

#include "phonofilm/base/error.h"
#include "phonofilm/text/html_entities.h"
#include "phonofilm/text/mojibake.h"
#include "phonofilm/text/unicode.h"
#include "phonofilm/text/windows_1252.h"

namespace phonofilm::text {
namespace {

// Letters that are one character only to look better or to fit an old encoding.
const std::map<char32_t, std::u32string_view> kLigatures{
    {U'Ĳ', U"IJ"}, {U'ĳ', U"ij"}, {U'ŉ', U"ʼn"}, {U'Ǆ', U"DŽ"}, {U'ǅ', U"Dž"}, {U'ǆ', U"dž"}, {U'Ǉ', U"LJ"}, {U'ǈ', U"Lj"},
    {U'ǉ', U"lj"}, {U'Ǌ', U"NJ"}, {U'ǋ', U"Nj"}, {U'ǌ', U"nj"}, {U'Ǳ', U"DZ"}, {U'ǲ', U"Dz"}, {U'ǳ', U"dz"}, {U'ﬀ', U"ff"},
    {U'ﬁ', U"fi"}, {U'ﬂ', U"fl"}, {U'ﬃ', U"ffi"}, {U'ﬄ', U"ffl"}, {U'ﬅ', U"ſt"}, {U'ﬆ', U"st"}};

bool is_curly_single_quote(char32_t c) { return c == 0x02BC || (c >= 0x2018 && c <= 0x201B); }
bool is_curly_double_quote(char32_t c) { return c >= 0x201C && c <= 0x201F; }
bool is_line_break(char32_t c) { return c == U'\r' || c == 0x85 || c == 0x2028 || c == 0x2029; }
bool is_width_form(char32_t c) { return c == 0x3000 || (c >= 0xFF01 && c <= 0xFFEF); }

// Never meant to be in a prompt. White space, joiners, direction marks and the characters of emoji sequences stay.
bool is_unwanted(char32_t c) {
  return c < 0x09 || c == 0x0B || (c >= 0x0E && c < 0x20) || c == 0x7F || (c >= 0x206A && c <= 0x206F) || c == 0xFEFF ||
         (c >= 0xFFF9 && c <= 0xFFFC);
}

// The end of "ESC [ numbers letter" at `begin`, or `begin` where there is none.
size_t end_of_terminal_escape(std::u32string_view text, size_t begin) {
  if (!text.substr(begin).starts_with(U"\x1B[")) return begin;
  size_t end = begin + 2;
  while (end < text.size() && ((text[end] >= U'0' && text[end] <= U'9') || text[end] == U';')) ++end;
  const bool letter = end < text.size() && text[end] < 0x80 && is_letter_with_case(text[end]);
  return letter ? end + 1 : begin;
}

void append_replacement(std::u32string& out, char32_t c) {
  if (c >= 0x80 && c <= 0x9F) c = windows_1252_character(static_cast<unsigned char>(c));
  const auto ligature = kLigatures.find(c);
  std::u32string form(1, c);
  if (ligature != kLigatures.end()) form = ligature->second;
  if (is_width_form(c)) form = compatibility_form(c);
  for (const char32_t part : form) {
    if (is_curly_single_quote(part)) {
      out += U'\'';
    } else if (is_curly_double_quote(part)) {
      out += U'"';
    } else {
      out += is_line_break(part) ? U'\n' : part;
    }
  }
}

std::u32string replace_characters(std::u32string_view line) {
  std::u32string replaced;
  for (size_t at = 0; at < line.size(); ++at) {
    if (line.substr(at).starts_with(U"\r\n")) ++at;
    append_replacement(replaced, line[at]);
  }
  return replaced;
}

std::u32string remove_unwanted(std::u32string_view line) {
  std::u32string kept;
  for (size_t at = 0; at < line.size();) {
    const size_t escape_end = end_of_terminal_escape(line, at);
    if (escape_end == at && !is_unwanted(line[at])) kept += line[at];
    at = std::max(escape_end, at + 1);
  }
  return kept;
}

std::u32string fix_line(std::u32string line, bool mark_up) {
  for (;;) {
    std::u32string fixed = mark_up ? line : decode_utf8(unescape_complete_references(encode_utf8(line)));
    fixed = normalize_nfc(remove_unwanted(replace_characters(repair_mojibake(std::move(fixed)))));
    if (fixed == line) return line;
    line = std::move(fixed);
  }
}

}  // namespace

std::string fix_text(std::string_view text) {
  const std::u32string characters = decode_utf8(text);
  std::u32string fixed;
  bool mark_up = false;
  for (size_t begin = 0; begin < characters.size();) {
    const size_t end = std::min(characters.find(U'\n', begin), characters.size() - 1) + 1;
    std::u32string line = characters.substr(begin, end - begin);
    mark_up = mark_up || line.find(U'<') != std::u32string::npos;
    fixed += fix_line(std::move(line), mark_up);
    begin = end;
  }
  return encode_utf8(fixed);
}

std::string collapse_white_space(std::string_view text) {
  std::u32string collapsed;
  for (const char32_t c : decode_utf8(text)) {
    const bool space = is_space(c);
    if (!space) collapsed += c;
    if (space && !collapsed.empty() && collapsed.back() != U' ') collapsed += U' ';
  }
  if (collapsed.ends_with(U' ')) collapsed.pop_back();
  return encode_utf8(collapsed);
}

std::string clean_prompt(std::string_view prompt) {
  PF_CHECK(prompt.size() <= kLongestPrompt, InvalidRequest, "prompt", "a prompt of ", prompt.size(), " bytes; at most ", kLongestPrompt,
           " are read");
  return collapse_white_space(unescape_html(unescape_html(fix_text(prompt))));
}

}  // namespace phonofilm::text

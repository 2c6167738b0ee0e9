#include "phonofilm/text/mojibake.h"

#include <vector>

#include "phonofilm/text/unicode.h"
#include "phonofilm/text/windows_1252.h"

namespace phonofilm::text {
namespace {

// A character whose UTF-8 was read as `length` single characters from `begin` on.
struct Misread {
  size_t begin, length;
  char32_t character;
  bool certain;  // nobody writes these characters next to each other
};

bool contains(std::u32string_view set, char32_t character) { return set.find(character) != std::u32string_view::npos; }

// What may follow a letter in real text.
bool follows_letters(char32_t c) { return contains(U"\u00A0«»‘’“”–—…‹›™®°·•", c); }
// The letters that Windows-1252 has among the trailing bytes of UTF-8.
bool is_trailing_letter(char32_t c) { return contains(U"ƒŠŒŽšœžŸªºµ", c); }

bool all_follow_letters(std::u32string_view tail) {
  for (const char32_t c : tail) {
    if (!follows_letters(c)) return false;
  }
  return true;
}

bool holds_symbol(std::u32string_view tail) {
  for (const char32_t c : tail) {
    if (!follows_letters(c) && !is_trailing_letter(c)) return true;
  }
  return false;
}

// Where UTF-8 of two bytes was misread, the first shows as a capital (or ß, ×) and the second as `second`.
bool pair_is_certain(char32_t first, char32_t second, char32_t before, char32_t after) {
  const bool common = contains(U"ÂÃÄÅ", first);  // accents, symbols and Latin letters; the rest is Greek and beyond
  if (contains(U"×Ø", first) && contains(U"¼½¾²³¹", second)) return false;  // a product, a diameter
  if (holds_symbol({&second, 1})) return true;
  if (!is_uppercase(first)) return false;  // ß ends words, × stands between numbers
  if (is_lowercase(before)) return true;
  if (is_trailing_letter(second)) return common;
  if (second == U'’' && (after == U's' || after == U'S')) return false;
  const bool starts_word = !is_uppercase(before) && !contains(U"\"'‘“„«‹(", before);
  return starts_word && (contains(U"ÂÃ", first) || (common && is_letter_with_case(after)));
}

bool is_certain(std::u32string_view line, const Misread& found) {
  const std::u32string_view tail = line.substr(found.begin + 1, found.length - 1);
  const char32_t first = line[found.begin];
  if (found.length == 4) return first == U'ð' && !all_follow_letters(tail);
  if (found.length == 3) return first == U'â' ? !all_follow_letters(tail) : holds_symbol(tail);
  const char32_t before = found.begin > 0 ? line[found.begin - 1] : U' ';
  const size_t next = found.begin + found.length;
  return pair_is_certain(first, tail[0], before, next < line.size() ? line[next] : U' ');
}

size_t sequence_length(unsigned char lead) {
  return lead >= 0xC2 && lead <= 0xDF ? 2 : lead >= 0xE0 && lead <= 0xEF ? 3 : lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

// Well-formed, and not of scripts whose misread form looks like real text: N'Ko (ß and a quote or fraction) and those of
// U+0800 to U+08FF (à and a space or inverted mark).
bool is_expected(char32_t c, size_t length) {
  if (length == 2) return c < 0x7C0;
  if (length == 3) return c >= 0x900 && !(c >= 0xD800 && c <= 0xDFFF);
  return c >= 0x10000 && c <= 0x10FFFF;
}

// The misread character at `begin`, or one of length 0.
Misread misread_at(std::u32string_view line, size_t begin) {
  const auto lead = windows_1252_byte(line[begin]);
  const size_t length = lead ? sequence_length(*lead) : 0;
  if (length == 0 || begin + length > line.size()) return {begin, 0, 0, false};
  char32_t character = *lead & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    const auto byte = windows_1252_byte(line[begin + i]);
    if (!byte || (*byte & 0xC0) != 0x80) return {begin, 0, 0, false};
    character = (character << 6) | (*byte & 0x3Fu);
  }
  Misread found{begin, length, character, false};
  if (!is_expected(character, length)) return {begin, 0, 0, false};
  found.certain = is_certain(line, found);
  return found;
}

struct Findings {
  std::vector<Misread> sequences;
  bool any_certain = false, others = false;  // others: characters beyond ASCII that belong to no sequence
};

Findings find_misread(std::u32string_view line) {
  Findings findings;
  for (size_t at = 0; at < line.size();) {
    const Misread found = misread_at(line, at);
    if (found.length == 0) {
      findings.others = findings.others || line[at] >= 0x80;
      ++at;
      continue;
    }
    findings.any_certain = findings.any_certain || found.certain;
    findings.sequences.push_back(found);
    at += found.length;
  }
  return findings;
}

// Sequences that touch a certain one become certain.
void spread_certainty(std::vector<Misread>& sequences) {
  const auto touches = [](const Misread& left, const Misread& right) { return left.begin + left.length == right.begin; };
  for (size_t i = 1; i < sequences.size(); ++i) {
    if (sequences[i - 1].certain && touches(sequences[i - 1], sequences[i])) sequences[i].certain = true;
  }
  for (size_t i = sequences.size(); i-- > 1;) {
    if (sequences[i].certain && touches(sequences[i - 1], sequences[i])) sequences[i - 1].certain = true;
  }
}

std::u32string repair_once(std::u32string_view line) {
  Findings findings = find_misread(line);
  const bool whole_line = findings.any_certain && !findings.others;
  spread_certainty(findings.sequences);
  std::u32string repaired;
  size_t done = 0;
  for (const Misread& found : findings.sequences) {
    if (!found.certain && !whole_line) continue;
    repaired += line.substr(done, found.begin - done);
    repaired += found.character;
    done = found.begin + found.length;
  }
  return repaired += line.substr(done);
}

}  // namespace

std::u32string repair_mojibake(std::u32string line) {
  for (;;) {  // every repair makes the line shorter
    std::u32string repaired = repair_once(line);
    if (repaired.size() == line.size()) return line;
    line = std::move(repaired);
  }
}

}  // namespace phonofilm::text

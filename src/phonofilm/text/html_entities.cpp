#include "phonofilm/text/html_entities.h"

#include <gumbo.h>

#include <algorithm>
#include <cctype>
#include <cstdint>

#include "phonofilm/text/unicode.h"
#include "phonofilm/text/windows_1252.h"

namespace phonofilm::text {
namespace {

bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool is_digit(char c, int base) {
  return base == 16 ? std::isxdigit(static_cast<unsigned char>(c)) != 0 : c >= '0' && c <= '9';
}

void collect_text(const GumboNode* node, std::string& text) {
  if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE) text += node->v.text.text;
  if (node->type != GUMBO_NODE_ELEMENT) return;
  for (unsigned i = 0; i < node->v.element.children.length; ++i) {
    collect_text(static_cast<const GumboNode*>(node->v.element.children.data[i]), text);
  }
}

// A short piece of text that begins with '&' and holds letters and digits, read as a browser reads it.
std::string read_as_html(std::string_view piece) {
  const std::string document = "x" + std::string(piece);  // a letter in front, because leading white space is dropped
  GumboOutput* output = gumbo_parse_with_options(&kGumboDefaultOptions, document.data(), document.size());
  std::string text;
  collect_text(output->root, text);
  gumbo_destroy_output(&kGumboDefaultOptions, output);
  return text.substr(1);
}

// A part of the text and what stands for it.
struct Reference {
  std::string_view source;
  std::string value;
};

// Where the standard wants U+FFFD or nothing (control characters and noncharacters), it is followed as Python's
// html.unescape does.
std::u32string character_of_number(std::uint32_t number) {
  if (number == 0 || (number >= 0xD800 && number <= 0xDFFF) || number > 0x10FFFF) return U"\uFFFD";
  if (number >= 0x80 && number <= 0x9F) return std::u32string(1, windows_1252_character(static_cast<unsigned char>(number)));
  const bool white_space = number == 0x09 || number == 0x0A || number == 0x0C || number == 0x0D;
  const bool control = (number < 0x20 && !white_space) || number == 0x7F;
  const bool noncharacter = (number >= 0xFDD0 && number <= 0xFDEF) || (number & 0xFFFE) == 0xFFFE;
  return control || noncharacter ? std::u32string() : std::u32string(1, char32_t(number));
}

// "&#233;", "&#xE9;", with or without the semicolon; empty source where there is no number.
Reference numeric_reference(std::string_view text) {
  const bool hex = text.size() > 2 && (text[2] == 'x' || text[2] == 'X');
  const int base = hex ? 16 : 10;
  size_t end = hex ? 3 : 2;
  const size_t digits = end;
  std::uint32_t number = 0;
  for (; end < text.size() && is_digit(text[end], base); ++end) {
    const char digit = text[end];
    const int value = digit <= '9' ? digit - '0' : std::tolower(static_cast<unsigned char>(digit)) - 'a' + 10;
    number = number > 0x10FFFF ? number : number * std::uint32_t(base) + std::uint32_t(value);
  }
  if (end == digits) return {};
  if (end < text.size() && text[end] == ';') ++end;
  return {text.substr(0, end), encode_utf8(character_of_number(number))};
}

// "&name" and a semicolon that follows; the longest name of HTML 5 has 31 letters.
std::string_view named_piece(std::string_view text) {
  size_t end = 1;
  while (end < text.size() && end <= 31 && is_alnum(text[end])) ++end;
  return text.substr(0, end < text.size() && text[end] == ';' ? end + 1 : end);
}

Reference any_reference(std::string_view text) {
  if (text.size() > 1 && text[1] == '#') return numeric_reference(text);
  const std::string_view piece = named_piece(text);
  return piece.size() < 2 ? Reference{} : Reference{piece, read_as_html(piece)};
}

Reference complete_reference(std::string_view text) {
  if (text.size() > 1 && text[1] == '#') {
    Reference number = numeric_reference(text);
    return number.source.ends_with(';') ? number : Reference{};
  }
  const std::string_view piece = named_piece(text);
  if (piece.size() < 3 || piece.back() != ';') return {};
  // A name that is known only in part reads the same with the semicolon put behind it afterwards.
  std::string value = read_as_html(piece);
  return value == read_as_html(piece.substr(0, piece.size() - 1)) + ";" && value != "&;" ? Reference{} : Reference{piece, value};
}

}  // namespace

std::string unescape_html(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const size_t ampersand = std::min(text.find('&'), text.size());
    result += text.substr(0, ampersand);
    text.remove_prefix(ampersand);
    if (text.empty()) break;
    const Reference reference = any_reference(text);
    result += reference.source.empty() ? "&" : reference.value;
    text.remove_prefix(std::max<size_t>(reference.source.size(), 1));
  }
  return result;
}

// An ampersand that comes out takes the place of its semicolon and is read again with what follows, in one pass: going over
// the text for every "amp;" of "&amp;amp;amp;" would take quadratic time.
std::string unescape_complete_references(std::string_view text) {
  std::string source(text), result;
  for (size_t at = 0; at < source.size();) {
    const Reference reference = source[at] == '&' ? complete_reference(std::string_view(source).substr(at)) : Reference{};
    if (reference.source.empty()) {
      result += source[at++];
      continue;
    }
    at += reference.source.size();
    if (reference.value == "&") {
      source[--at] = '&';
    } else {
      result += reference.value;
    }
  }
  return result;
}

}  // namespace phonofilm::text

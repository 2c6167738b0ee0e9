#include "phonofilm/server/syntax.h"

#include <algorithm>
#include <array>
#include <limits>

#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/server/problem.h"

namespace phonofilm::server {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

[[noreturn]] void refuse_path(const std::string& why) { throw Problem(400, "invalid_path", why); }

std::string decoded(std::string_view text) {
  const std::optional<std::string> plain = percent_decode(text);
  if (!plain) refuse_path("the path or query holds a % that no two hexadecimal digits follow");
  if (!is_utf8(*plain)) refuse_path("the path or query is not UTF-8 text");
  if (std::any_of(plain->begin(), plain->end(), is_control)) refuse_path("the path or query holds a control character");
  return *plain;
}

std::string segment_of(std::string_view text) {
  std::string segment = decoded(text);
  if (segment.empty() || segment == "." || segment == "..")
    refuse_path("the path has a segment that is empty or of dots");
  if (segment.find_first_of("/\\") != segment.npos) refuse_path("a segment of the path holds a slash or backslash");
  return segment;
}

void parse_query(std::string_view query, Target& target) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string name = decoded(pair.substr(0, equals));
    const std::string value = equals == pair.size() ? "" : decoded(pair.substr(equals + 1));
    if (!target.query.emplace(name, value).second) {
      throw Problem(400, "invalid_path", concat("the query has ", in_quotes(name), " twice"), excerpt(name));
    }
  }
}

int count_of(const RequestHead& head, std::string_view name) {
  return int(std::count_if(head.headers.begin(), head.headers.end(), [&](const auto& f) { return f.name == name; }));
}

bool is_clean(const HeaderField& field) {
  return is_token(field.name) &&
         std::none_of(field.value.begin(), field.value.end(), [](char c) { return is_control(c) && c != '\t'; });
}

std::optional<ByteRange> suffix_range(std::string_view digits, std::int64_t size) {
  const auto count = parse_digits(digits, std::numeric_limits<std::int64_t>::max());
  if (!count) return {};
  const std::int64_t length = std::min(*count, size);
  return ByteRange{size - length, length};
}

// A quoted string begins behind the opening quote; none where it does not end.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && ++i == text.size()) return {};
    value += text[i];
  }
  return {};
}

// ";name=value", taken off the front of the text. False where there is none.
bool take_parameter(std::string_view& text, MediaType& type) {
  text = trimmed(text);
  if (text.empty() || text[0] != ';') return false;
  text = trimmed(text.substr(1));
  const std::size_t equals = text.find('=');
  if (equals == text.npos || !is_token(text.substr(0, equals))) return false;
  const std::string name = to_lower(text.substr(0, equals));
  text.remove_prefix(equals + 1);
  std::optional<std::string> value;
  if (!text.empty() && text[0] == '"') {
    text.remove_prefix(1);
    value = take_quoted(text);
  } else {
    const std::string_view token = trimmed(text.substr(0, text.find(';')));
    if (is_token(token)) value = std::string(token);
    text.remove_prefix(std::min(text.find(';'), text.size()));
  }
  return value && type.parameters.emplace(name, *value).second;
}

}  // namespace

std::optional<std::int64_t> parse_digits(std::string_view text, std::int64_t max) {
  if (text.empty()) return {};
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return {};
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, c - '0', &value)) return {};
  }
  return value <= max ? std::optional(value) : std::nullopt;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    if (text.size() - i < 3) return {};
    const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return {};
    plain += char(high * 16 + low);
    i += 2;
  }
  return plain;
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kMarks.find(c) != kMarks.npos;
  });
}

Target parse_target(std::string_view target) {
  if (target.empty() || target[0] != '/') refuse_path("the target must be a path that begins with a slash");
  if (target.find('#') != target.npos) refuse_path("the target holds a fragment");
  const std::size_t mark = std::min(target.find('?'), target.size());
  Target parsed;
  std::string_view path = target.substr(1, mark - 1);
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    parsed.segments.push_back(segment_of(path.substr(0, slash)));
    if (slash + 1 == path.size()) refuse_path("the path ends in a slash");
    path.remove_prefix(std::min(path.size(), slash + 1));
  }
  if (mark < target.size()) parse_query(target.substr(mark + 1), parsed);
  return parsed;
}

int check_head(const RequestHead& head, bool is_http_1_1) {
  constexpr std::array kSingle{
      "host",  "content-length", "transfer-encoding", "content-type",  "authorization", "origin",
      "range", "expect",         "idempotency-key",   "last-event-id", "if-range"};
  for (const char* name : kSingle) {
    if (count_of(head, name) > 1) return 400;
  }
  if (!std::all_of(head.headers.begin(), head.headers.end(), is_clean)) return 400;
  if (!is_token(head.method)) return 400;
  if (is_http_1_1 && !head.header("host")) return 400;
  const std::string* length = head.header("content-length");
  const std::string* coding = head.header("transfer-encoding");
  if (length && !parse_digits(*length, std::numeric_limits<std::int64_t>::max())) return 400;
  if (coding && (!is_http_1_1 || length || to_lower(*coding) != "chunked")) return 400;
  const std::string* expect = head.header("expect");
  return expect && to_lower(*expect) != "100-continue" ? 400 : 0;
}

RangeAnswer parse_range(std::string_view field, std::int64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!field.starts_with(kUnit)) return {};
  const std::string_view spec = trimmed(field.substr(kUnit.size()));
  const std::size_t dash = spec.find('-');
  if (dash == spec.npos || spec.find(',') != spec.npos) return {};
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (dash == 0) {
    const auto suffix = suffix_range(spec.substr(1), size);
    if (!suffix) return {};
    return {suffix->length > 0 ? RangeKind::part : RangeKind::unsatisfiable, *suffix};
  }
  const auto first = parse_digits(spec.substr(0, dash), kMax);
  const auto last = dash + 1 == spec.size() ? std::optional(kMax) : parse_digits(spec.substr(dash + 1), kMax);
  if (!first || !last || *last < *first) return {};
  if (*first >= size) return {RangeKind::unsatisfiable, {}};
  return {RangeKind::part, {*first, std::min(*last, size - 1) - *first + 1}};
}

bool matches_tag(std::string_view list, std::string_view tag) {
  if (trimmed(list) == "*") return true;
  while (!list.empty()) {
    std::string_view item = trimmed(list.substr(0, list.find(',')));
    list.remove_prefix(std::min(list.size(), std::min(list.find(','), list.size()) + 1));
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == tag) return true;
  }
  return false;
}

std::optional<MediaType> parse_media_type(std::string_view field) {
  MediaType type{.type = to_lower(trimmed(field.substr(0, field.find(';'))))};
  const std::size_t slash = type.type.find('/');
  if (slash == std::string::npos || !is_token(type.type.substr(0, slash)) || !is_token(type.type.substr(slash + 1))) {
    return {};
  }
  field.remove_prefix(std::min(field.find(';'), field.size()));
  while (!trimmed(field).empty()) {
    if (!take_parameter(field, type)) return {};
  }
  return type;
}

std::string safe_name(std::string_view name) {
  std::string safe;
  for (const char c : name.substr(0, 100)) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                       c == '_' || (c == '.' && !safe.empty());
    safe += plain ? c : '_';
  }
  return safe.empty() ? "file" : safe;
}

}  // namespace phonofilm::server

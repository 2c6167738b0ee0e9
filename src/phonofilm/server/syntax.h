// The small grammars of HTTP, read strictly: what has two readings is refused.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phonofilm/server/http.h"

namespace phonofilm::server {

// Digits only, no sign, at most `max`; none otherwise.
std::optional<std::int64_t> parse_digits(std::string_view text, std::int64_t max);

// %41 becomes A. None for a % without two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

std::string_view trimmed(std::string_view text);  // without spaces and tabs at its ends
bool is_token(std::string_view text);             // RFC 9110, section 5.6.2

struct Target {
  std::vector<std::string> segments{};  // of the path, decoded: "/a/b%20c" gives a, "b c"; "/" gives none
  std::map<std::string, std::string> query{};
};

// Throws Problem(400, invalid_path) for what does not begin with a slash, damaged escapes, text that is no UTF-8,
// control characters, a slash or backslash inside a segment, the segments "", "." and "..", and a query name given
// twice.
Target parse_target(std::string_view target);

// What of a head must be refused before its body is looked for; 0 when nothing. Several fields that may stand only
// once, lengths that are no plain number, codings other than chunked, both a length and chunks, names or values with
// characters that another reader may take for the end of a line.
int check_head(const RequestHead& head, bool is_http_1_1);

struct ByteRange {
  std::int64_t offset = 0, length = 0;
};
enum class RangeKind { whole, part, unsatisfiable };
struct RangeAnswer {
  RangeKind kind = RangeKind::whole;
  ByteRange range{};
};
// The header field Range of a file of `size` bytes; RFC 9110, section 14: what cannot be read is ignored.
RangeAnswer parse_range(std::string_view field, std::int64_t size);

// Whether a list of entity tags (If-None-Match) holds `tag`, compared weakly, or is "*".
bool matches_tag(std::string_view list, std::string_view tag);

// The value of Content-Type taken apart: "multipart/form-data; boundary=x". Names and type in lower case.
struct MediaType {
  std::string type{};
  std::map<std::string, std::string> parameters{};
};
// None for what is no content type.
std::optional<MediaType> parse_media_type(std::string_view field);

// For Content-Disposition and the log: nothing but letters, digits, dot, dash and underscore; others become
// underscores.
std::string safe_name(std::string_view name);

}  // namespace phonofilm::server

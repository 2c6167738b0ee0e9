#include "phonofilm/server/multipart.h"

#include <algorithm>

#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/server/problem.h"
#include "phonofilm/server/syntax.h"

namespace phonofilm::server {
namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw Problem(400, "invalid_multipart", "the multipart body " + why);
}

void check_boundary(const std::string& boundary) {
  constexpr std::string_view kMarks = "'()+_,-./:=? ";
  const bool fits = !boundary.empty() && boundary.size() <= 70 && boundary.back() != ' ' &&
                    std::all_of(boundary.begin(), boundary.end(), [&](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             kMarks.find(c) != kMarks.npos;
                    });
  if (!fits) refuse("has no boundary of 1 to 70 plain characters");
}

// form-data; name="a"; filename="b.png". The parameters read like those of a content type.
void read_disposition(std::string_view value, Part& part) {
  constexpr std::string_view kKind = "form-data";
  if (to_lower(trimmed(value.substr(0, value.find(';')))) != kKind) refuse("has a part that is no form-data");
  const auto disposition = parse_media_type(concat("form/data", value.substr(std::min(value.find(';'), value.size()))));
  if (!disposition) refuse("has a part whose Content-Disposition cannot be read");
  const auto& parameters = disposition->parameters;
  if (!parameters.contains("name")) refuse("has a part without a name");
  part.name = parameters.at("name");
  part.is_file = parameters.contains("filename");
  if (part.is_file) part.file_name = parameters.at("filename");
  if (!is_utf8(part.name) || !is_utf8(part.file_name)) refuse("has a name that is not UTF-8 text");
}

void read_field(std::string_view line, Part& part) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos || !is_token(line.substr(0, colon))) refuse("has a part with a damaged header field");
  const std::string name = to_lower(line.substr(0, colon));
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (std::any_of(value.begin(), value.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; })) {
    refuse("has a header field with a control character");
  }
  if (name == "content-disposition") {
    if (!part.name.empty()) refuse("has a part with two names");
    read_disposition(value, part);
  } else if (name == "content-type") {
    const auto type = parse_media_type(value);
    if (!type) refuse("has a part whose Content-Type cannot be read");
    part.type = type->type;
  } else if (name == "content-transfer-encoding" && to_lower(value) != "binary" && to_lower(value) != "8bit" &&
             to_lower(value) != "7bit") {
    refuse("has a part with a transfer encoding");
  }
}

// Reads the header fields of a part up to their empty line and takes them off the text.
Part read_head(std::string_view& text) {
  Part part;
  std::size_t used = 0;
  while (true) {
    const std::size_t end = text.find("\r\n");
    if (end == text.npos || used + end > kMaxPartHead)
      refuse("has a part whose header fields do not end or are too long");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    used += end + 2;
    if (line.empty()) break;
    read_field(line, part);
  }
  if (part.name.empty()) refuse("has a part without a name");
  return part;
}

// Takes "\r\n" or the closing "--" behind a boundary off the text; whether another part follows.
bool another_part_follows(std::string_view& text) {
  if (text.starts_with("--")) return false;
  const std::size_t end = text.find("\r\n");
  if (end == text.npos || !trimmed(text.substr(0, end)).empty()) refuse("has text behind a boundary");
  text.remove_prefix(end + 2);
  return true;
}

}  // namespace

std::vector<Part> parse_multipart(std::string_view body, const std::string& boundary) {
  check_boundary(boundary);
  const std::string opening = "--" + boundary, between = "\r\n--" + boundary;
  if (!body.starts_with(opening)) refuse("does not begin with its boundary");
  body.remove_prefix(opening.size());
  std::vector<Part> parts;
  while (another_part_follows(body)) {
    if (parts.size() == kMaxParts) refuse(concat("has more than ", kMaxParts, " parts"));
    Part part = read_head(body);
    const std::size_t end = body.find(between);
    if (end == body.npos) refuse("does not end with its boundary");
    part.content = body.substr(0, end);
    parts.push_back(std::move(part));
    body.remove_prefix(end + between.size());
  }
  return parts;
}

}  // namespace phonofilm::server

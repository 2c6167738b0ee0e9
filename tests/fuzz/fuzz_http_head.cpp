#include <limits>

#include "fuzz/fuzz_text.h"
#include "phonofilm/server/digest.h"
#include "phonofilm/server/problem.h"
#include "phonofilm/server/syntax.h"

namespace {

using namespace phonofilm::server;

void expect(bool holds) {
  if (!holds) __builtin_trap();
}

void read_target(std::string_view text) {
  for (const std::string& segment : parse_target(text).segments) {
    expect(!segment.empty() && segment != "." && segment != ".." &&
           segment.find_first_of(std::string("/\\\0", 3)) == segment.npos);
  }
}

void read_range(std::string_view text) {
  for (const std::int64_t size :
       {std::int64_t(0), std::int64_t(1), std::int64_t(1000), std::numeric_limits<std::int64_t>::max()}) {
    const RangeAnswer answer = parse_range(text, size);
    if (answer.kind != RangeKind::part) continue;
    const ByteRange& range = answer.range;
    expect(range.offset >= 0 && range.length > 0 && range.length <= size && range.offset <= size - range.length);
  }
}

// Lines "name: value" as a head.
void read_head(std::string_view text) {
  RequestHead head{"GET", "/", {}, ""};
  while (!text.empty() && head.headers.size() < 200) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const std::size_t colon = std::min(line.find(':'), line.size());
    head.headers.push_back(
        {std::string(line.substr(0, colon)), std::string(line.substr(std::min(line.size(), colon + 1)))});
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  if (check_head(head, true) != 0) return;
  expect(head.header("host") != nullptr);
  expect(!head.header("content-length") || !head.header("transfer-encoding"));
}

}  // namespace

// Target, header fields, ranges, content types, tags and base64 of a request: what is accepted keeps its promises.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = phonofilm::fuzz::text_of(data, size);
  try {
    read_target(text);
  } catch (const Problem& problem) {
    expect(problem.status() == 400);
  }
  read_range(text);
  read_head(text);
  parse_media_type(text);
  matches_tag(text, "\"tag\"");
  decode_base64(text);
  expect(safe_name(text).find_first_of("\"\\/\r\n") == std::string::npos);
  return 0;
}

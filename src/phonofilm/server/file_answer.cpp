#include "phonofilm/server/file_answer.h"

#include "phonofilm/server/problem.h"
#include "phonofilm/server/syntax.h"

namespace phonofilm::server {
namespace {

std::shared_ptr<const OpenFile> opened(const std::string& path) {
  try {
    return std::make_shared<OpenFile>(path);
  } catch (const ResourceError&) {
    throw Problem(404, "not_found", "the file is gone");
  }
}

// Of the field Range, unless If-Range names another state of the file.
RangeAnswer asked_range(const RequestHead& head, const std::string& tag, std::int64_t size) {
  const std::string* range = head.header("range");
  const std::string* condition = head.header("if-range");
  if (!range || (condition && *condition != tag)) return {};
  return parse_range(*range, size);
}

}  // namespace

Response file_response(const RequestHead& head, const FileAnswer& answer) {
  const auto file = opened(answer.path);
  const std::string tag = concat('"', answer.tag, "-", file->size(), "-", file->modified_ns(), '"');
  Response response;
  response.set("ETag", tag);
  response.set("Accept-Ranges", "bytes");
  response.set("Cache-Control", "private, no-cache");  // a browser may keep it, and asks each time whether it still is
  response.set("Content-Type", answer.type);
  if (!answer.attachment.empty()) {
    response.set("Content-Disposition", concat("attachment; filename=\"", safe_name(answer.attachment), "\""));
  }
  const std::string* known = head.header("if-none-match");
  if (known && matches_tag(*known, tag)) {
    response.status = 304;
    return response;
  }
  const RangeAnswer range = asked_range(head, tag, file->size());
  if (range.kind == RangeKind::unsatisfiable) {
    throw Problem(416, "invalid_range", concat("the file has ", file->size(), " bytes"), "",
                  {{"Content-Range", concat("bytes */", file->size())}});
  }
  response.file = FileSlice{file, 0, file->size()};
  if (range.kind == RangeKind::part) {
    response.status = 206;
    response.file = FileSlice{file, range.range.offset, range.range.length};
    response.set("Content-Range", concat("bytes ", range.range.offset, "-", range.range.offset + range.range.length - 1,
                                         "/", file->size()));
  }
  return response;
}

}  // namespace phonofilm::server

#include "phonofilm/server/request_form.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/server/problem.h"

namespace phonofilm::server {
namespace {

using Json = nlohmann::json;

// All but files is read as JSON would be, and has its limit; a whole form may be as large as its files.
void expect_short_texts(const Call& call, const std::vector<Part>& parts) {
  std::int64_t left = call.api.options.max_json + call.route.more_json;
  for (const Part& part : parts) {
    if (part.is_file && part.name != "request") continue;
    left -= std::int64_t(part.content.size());
    if (left < 0) {
      throw Problem(413, "too_large", "the texts of the form are larger than JSON may be", excerpt(part.name));
    }
  }
}

}  // namespace

bool has_form(const Call& call) {
  const std::string* type = call.header("content-type");
  return type && to_lower(*type).starts_with("multipart/form-data");
}

std::vector<Part> form_parts(const Call& call) {
  const auto type = parse_media_type(*call.header("content-type"));
  if (!type || !type->parameters.contains("boundary")) {
    throw Problem(400, "invalid_multipart", "the content type has no boundary");
  }
  std::vector<Part> parts = parse_multipart(call.request.body.view(), type->parameters.at("boundary"));
  expect_short_texts(call, parts);
  return parts;
}

std::vector<InputFile> form_files(const std::vector<Part>& parts) {
  std::vector<InputFile> files;
  for (const Part& part : parts) {
    if (part.is_file) files.push_back({part.name, part.type, part.content});
  }
  return files;
}

Json value_from_text(const std::string& name, std::string_view text) {
  const Json value = text.size() <= 4096 ? Json::parse(text, nullptr, /*allow_exceptions=*/false) : Json();
  if (value.is_discarded() || value.is_object() || value.is_null()) {
    throw Problem(400, "invalid_value", concat(name, " cannot be read: ", in_quotes(text)), name);
  }
  return value;
}

Json field_from_text(const Api& api, const std::string& name, std::string_view text) {
  const auto form = api.format.blank();
  const Fields fields = form->fields();
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
  const bool plain = found == fields.end() || std::holds_alternative<std::string*>(found->target);
  if (!plain) return value_from_text(name, text);
  if (!is_utf8(text)) throw Problem(400, "invalid_value", concat(name, " is not UTF-8 text"), excerpt(name));
  return std::string(text);
}

}  // namespace phonofilm::server

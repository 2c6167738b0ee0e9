#include "phonofilm/server/json_answer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "phonofilm/base/fields.h"
#include "phonofilm/base/json_text.h"
#include "phonofilm/base/text.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/server/problem.h"

namespace phonofilm::server {
namespace {

using Json = nlohmann::json;

// A value takes some ten times the memory of its shortest text.
constexpr std::int64_t kMostJsonEvents = 200'000;

// Refuses members that stand twice, of which a parser keeps one: two programs may then read two different requests. And
// NUL, which ends a text for some readers and not for others.
class Strictness {
 public:
  bool operator()(int depth, Json::parse_event_t event, const Json& value) {
    if (++events_ > kMostJsonEvents) throw Problem(400, "invalid_json", "the JSON has too many values");
    if (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start) {
      if (depth >= kDeepestJson) throw Problem(400, "invalid_json", "the JSON nests too deeply");
    }
    if (value.is_string() && value.get_ref<const std::string&>().find('\0') != std::string::npos) {
      throw Problem(400, "invalid_json", "a text of the JSON holds a NUL character");
    }
    if (event == Json::parse_event_t::object_start) members_.emplace_back();
    if (event == Json::parse_event_t::object_end) members_.pop_back();
    if (event == Json::parse_event_t::key) {
      const std::string& name = value.get_ref<const std::string&>();
      if (!members_.back().insert(name).second) {
        throw Problem(400, "invalid_json", concat("the JSON has the member ", in_quotes(name), " twice"));
      }
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> members_;
  std::int64_t events_ = 0;
};

}  // namespace

Response json_response(const Json& value, int status) {
  Response response{.status = status, .body = json_text(value) + "\n"};
  response.set("Content-Type", "application/json; charset=utf-8");
  return response;
}

Json parse_object(std::string_view text) {
  if (!is_utf8(text)) throw Problem(400, "invalid_json", "the body is not UTF-8 text");
  if (text.find('\0') != text.npos) throw Problem(400, "invalid_json", "the JSON holds a NUL byte");
  Json value;
  try {
    value = Json::parse(text.begin(), text.end(),
                        [strict = std::make_shared<Strictness>()](auto&&... event) { return (*strict)(event...); });
  } catch (const Json::exception& error) {  // syntax, or a number beyond all range
    throw Problem(400, "invalid_json", concat("the body is not valid JSON: ", excerpt(error.what())));
  }
  if (!value.is_object()) throw Problem(400, "invalid_json", "the body must be a JSON object");
  return value;
}

Json parse_object(std::string_view text, const std::vector<std::string>& known) {
  Json object = parse_object(text);
  for (const auto& [name, value] : object.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw Problem(400, "unknown_field",
                  concat("unknown member ", in_quotes(name), did_you_mean(name, known), "; there are ",
                         join(known, ", ")),
                  excerpt(name));
  }
  return object;
}

std::string string_member(const Json& object, const std::string& name, const std::string& fallback) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return fallback;
  if (!found->is_string()) throw Problem(400, "invalid_value", concat(name, " must be a string"), name);
  return found->get<std::string>();
}

std::int64_t integer_member(const Json& object, const std::string& name, std::int64_t fallback, std::int64_t min,
                            std::int64_t max) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return fallback;
  std::int64_t value = fallback;
  Fields field{{name, &value, "", double(min), double(max)}};
  try {
    read_json({{name, *found}}, field, "body");
  } catch (const InvalidRequest& error) {
    throw Problem(400, "invalid_value", error.what(), name);
  }
  return value;
}

Json time_or_null(std::int64_t time) { return time == 0 ? Json() : Json(time); }

}  // namespace phonofilm::server

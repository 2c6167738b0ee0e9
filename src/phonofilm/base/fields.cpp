#include "phonofilm/base/fields.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/json_text.h"
#include "phonofilm/base/untrusted_text.h"

namespace phonofilm {
namespace {

template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

const char* type_name(const FieldTarget& target) {
  static constexpr const char* kNames[] = {"true or false",     "an integer",        "a number",         "a string",
                                           "a list of integers", "a list of numbers", "a list of strings"};
  return kNames[target.index()];
}

void check_number(const Field& field, double value, std::string_view where) {
  const bool low = field.min && value < *field.min, high = field.max && value > *field.max;
  if (!low && !high) return;
  const std::string bounds = field.min && field.max ? concat("between ", *field.min, " and ", *field.max)
                             : field.min            ? concat("at least ", *field.min)
                                                    : concat("at most ", *field.max);
  throw InvalidRequest("options", concat(where, ": ", field.name, " must be ", bounds, ", got ", value));
}

void check_choice(const Field& field, const std::string& value, std::string_view where) {
  if (field.choices.empty()) return;
  for (const std::string& choice : field.choices) {
    if (choice == value) return;
  }
  throw InvalidRequest("options", concat(where, ": ", field.name, " must be one of ", join(field.choices, ", "), ", got '",
                                         excerpt(value), "'", did_you_mean(value, field.choices)));
}

template <class Number>
void check_numbers(const Field& field, const std::vector<Number>& values, std::string_view where) {
  for (const Number value : values) check_number(field, double(value), where);
}

void check_field(const Field& field, std::string_view where) {
  std::visit(Overload{[&](const std::int64_t* value) { check_number(field, double(*value), where); },
                      [&](const double* value) { check_number(field, *value, where); },
                      [&](const std::vector<std::int64_t>* values) { check_numbers(field, *values, where); },
                      [&](const std::vector<double>* values) { check_numbers(field, *values, where); },
                      [&](const std::string* value) { check_choice(field, *value, where); }, [](const auto*) {}},
             field.target);
}

// JSON's own conversions would take true for 1, 2.7 for 2 and wrap what exceeds 64 bits.
bool fits(const nlohmann::json& value, const bool*) { return value.is_boolean(); }
bool fits(const nlohmann::json& value, const double*) { return value.is_number(); }
bool fits(const nlohmann::json& value, const std::string*) { return value.is_string(); }
bool fits(const nlohmann::json& value, const std::int64_t*) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>() <= std::uint64_t(std::numeric_limits<std::int64_t>::max());
  return value.is_number_integer();
}
template <class Value>
bool fits(const nlohmann::json& value, const std::vector<Value>*) {
  return value.is_array() && std::all_of(value.begin(), value.end(), [](const nlohmann::json& item) {
           return fits(item, static_cast<const Value*>(nullptr));
         });
}

std::string shown(const nlohmann::json& value) {
  return excerpt(json_text(value));
}

void set_field(const Field& field, const nlohmann::json& value, std::string_view where) {
  std::visit(
      [&](auto* target) {
        PF_CHECK(fits(value, target), InvalidRequest, "options", where, ": ", field.name, " must be ",
                 type_name(field.target), ", got ", shown(value));
        *target = value.get<std::remove_pointer_t<decltype(target)>>();
      },
      field.target);
  check_field(field, where);
}

}  // namespace

void read_json(const nlohmann::json& object, const Fields& fields, std::string_view where) {
  PF_CHECK(object.is_object(), InvalidRequest, "options", where, ": expected an object, got ", shown(object));
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back(field.name);
  for (const auto& [key, value] : object.items()) {
    const auto field = std::find_if(fields.begin(), fields.end(), [&wanted = key](const Field& f) { return f.name == wanted; });
    PF_CHECK(field != fields.end(), InvalidRequest, "options", where, ": unknown option '", excerpt(key), "'",
             did_you_mean(key, names));
    set_field(*field, value, where);
  }
}

nlohmann::json write_json(const Fields& fields) {
  nlohmann::json object = nlohmann::json::object();
  for (const Field& field : fields) {
    std::visit([&](const auto* value) { object[field.name] = *value; }, field.target);
  }
  return object;
}

void check_fields(const Fields& fields, std::string_view where) {
  for (const Field& field : fields) check_field(field, where);
}

nlohmann::json parse_json(std::string_view text, const std::string& where) {
  using Event = nlohmann::json::parse_event_t;
  const auto watch_depth = [&](int depth, Event event, const nlohmann::json&) {
    const bool opens = event == Event::object_start || event == Event::array_start;
    PF_CHECK(!opens || depth < kDeepestJson, InvalidRequest, "read", where, ": nests deeper than ", kDeepestJson, " levels");
    return true;
  };
  // The parser would take a NUL byte for the end.
  PF_CHECK(text.find('\0') == text.npos, InvalidRequest, "read", where, ": not valid JSON: it holds a NUL byte");
  try {
    return nlohmann::json::parse(text.begin(), text.end(), watch_depth, /*allow_exceptions=*/true, /*ignore_comments=*/true);
  } catch (const nlohmann::json::exception& error) {  // syntax, or a number beyond all range
    throw InvalidRequest("read", concat(where, ": not valid JSON: ", excerpt(error.what())));
  }
}

nlohmann::json load_json(const std::string& path) { return parse_json(read_file(path), path); }

void save_json(const std::string& path, const nlohmann::json& value) {
  write_file_atomically(path, value.dump(2) + "\n");
}

}  // namespace phonofilm

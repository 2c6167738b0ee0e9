// Command-line flags from a field list.
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/cli/commands.h"

namespace phonofilm::cli {
namespace {

// Numbers are read whole or refused: no trailing text, no sign tricks, no infinities.
template <class Number>
bool read_number(const std::string& text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(double(value));
}
bool read_value(const std::string& text, std::int64_t& value) { return read_number(text, value); }
bool read_value(const std::string& text, double& value) { return read_number(text, value); }
bool read_value(const std::string& text, std::string& value) {
  value = text;
  return true;
}
template <class Value>
bool read_value(const std::string& text, std::vector<Value>& list) {
  std::vector<Value> values;
  for (const std::string& part : text.empty() ? std::vector<std::string>{} : split(text, ',')) {
    if (!read_value(part, values.emplace_back())) return false;
  }
  list = std::move(values);
  return true;
}

std::string show_value(const std::string& value) { return value.empty() ? "none" : value; }
template <class Number>
std::string show_value(const Number& value) {
  return concat(value);
}
template <class Value>
std::string show_value(const std::vector<Value>& list) {
  std::vector<std::string> parts;
  for (const Value& value : list) parts.push_back(concat(value));
  return list.empty() ? "none" : join(parts, ",");
}

std::string type_value(const std::string& value) { return value; }
template <class Value>
std::string type_value(const std::vector<Value>& list) {
  return list.empty() ? "" : show_value(list);
}
template <class Number>
std::string type_value(const Number& value) {
  return concat(value);
}

struct Kind {
  const char* placeholder;  // in --help
  const char* expected;     // in errors
};
Kind kind_of(const Field& field) {
  static constexpr Kind kKinds[] = {{"", ""},
                                    {"INT", "an integer"},
                                    {"NUMBER", "a number"},
                                    {"TEXT", "a text"},
                                    {"INT,...", "integers separated by commas"},
                                    {"NUMBER,...", "numbers separated by commas"},
                                    {"TEXT,...", "texts separated by commas"}};
  return kKinds[field.target.index()];
}

// "1 to 1000", "at least 0", "euler | unipc" or "".
std::string limits(const Field& field) {
  if (!field.choices.empty()) return join(field.choices, " | ");
  if (field.min && field.max) return concat(*field.min, " to ", *field.max);
  if (field.min) return concat("at least ", *field.min);
  return field.max ? concat("at most ", *field.max) : "";
}

void add_value_flag(CLI::App& app, const Field& field, const std::string& name) {
  const std::string range = limits(field);
  const std::string initial = std::visit([](const auto* value) { return show_value(*value); }, field.target);
  const auto set = [field, name](const std::string& text) {
    Field named = field;
    named.name = name;
    const bool readable = std::visit(
        [&](auto* value) {
          if constexpr (std::is_same_v<decltype(value), bool*>) {
            return false;  // booleans have flags of their own
          } else {
            return read_value(text, *value);
          }
        },
        field.target);
    if (!readable) throw CLI::ValidationError(name, concat("expected ", kind_of(field).expected, ", got '", text, "'"));
    check_fields({named}, "command line");
  };
  const std::string notes = (range.empty() ? "" : range + "; ") + "default " + initial;
  app.add_option_function<std::string>(name, set, field.help + " (" + notes + ")")
      ->type_name(kind_of(field).placeholder);
}

// What is on can only be switched off: --video may then be something else, such as a film.
void add_switch(CLI::App& app, const Field& field, const std::string& name, bool* target) {
  if (*target) {
    app.add_flag_function(name, [target](std::int64_t) { *target = false; }, "switches off: " + field.help);
    return;
  }
  app.add_flag_function(name + ",!--no-" + flag_name(field), [target](std::int64_t count) { *target = count > 0; },
                        field.help + " (default off)");
}

std::string typed(const Field& field) {
  if (bool* const* flag = std::get_if<bool*>(&field.target)) {
    return concat(" --", **flag ? "" : "no-", flag_name(field));
  }
  const std::string value = std::visit([](const auto* v) { return type_value(*v); }, field.target);
  return concat(" --", flag_name(field), " ", shell_word(value));
}

}  // namespace

std::string flag_name(const Field& field) {
  std::string name = field.name;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::vector<std::string> add_flags(CLI::App& app, const Fields& fields, const std::string& group) {
  std::vector<std::string> names;
  for (const Field& field : fields) {
    bool* const* target = std::get_if<bool*>(&field.target);
    names.push_back(concat(target && **target ? "--no-" : "--", flag_name(field)));
    if (target) add_switch(app, field, names.back(), *target);
    else add_value_flag(app, field, names.back());
    if (!group.empty()) app.get_option(names.back())->group(group);
  }
  return names;
}

std::string changed_flags(const Fields& fields, const Fields& defaults) {
  std::string flags;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (write_json({fields[i]}) != write_json({defaults[i]})) flags += typed(fields[i]);
  }
  return flags;
}

std::string shell_word(const std::string& text) {
  static constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:=+@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == text.npos) return text;
  return "'" + join(split(text, '\''), "'\\''") + "'";
}

}  // namespace phonofilm::cli

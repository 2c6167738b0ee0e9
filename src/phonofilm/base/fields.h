// One field list per options struct. The list drives command-line flags, --help, JSON files and the resolved
// configuration that a run prints; unknown names are errors that offer the nearest known one.
//
//   struct NoiseOptions {
//     std::int64_t seed = 0;
//     double scale = 1.0;
//     Fields fields() { return {{"seed", &seed, "random seed"}, {"scale", &scale, "standard deviation", 0.0, 10.0}}; }
//   };
//   NoiseOptions options;
//   read_json(json, options.fields(), "recipes/mini/joint.json: noise");
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace phonofilm {

using FieldTarget = std::variant<bool*, std::int64_t*, double*, std::string*, std::vector<std::int64_t>*,
                                 std::vector<double>*, std::vector<std::string>*>;

struct Field {
  std::string name;  // snake_case; the command line shows it with dashes
  FieldTarget target;
  std::string help;
  std::optional<double> min{};  // inclusive; of a list, for each number
  std::optional<double> max{};
  std::vector<std::string> choices{};  // strings only; empty means any
};

using Fields = std::vector<Field>;

// Sets the fields that `object` names. `where` names file and section in errors.
// Throws InvalidRequest for an unknown key, a wrong type or a value out of range; values are shown shortened, because the
// file may be of any origin.
void read_json(const nlohmann::json& object, const Fields& fields, std::string_view where);
nlohmann::json write_json(const Fields& fields);

// Range and choice checks alone, for values that came from elsewhere (the command line).
void check_fields(const Fields& fields, std::string_view where);

// Levels that a JSON text may nest: copying, comparing and printing a value recurse, so that a file of brackets alone would
// overflow the stack.
inline constexpr int kDeepestJson = 64;

// Parses JSON, in which comments are allowed. Throws InvalidRequest, beginning with `where`, with line and column for a
// syntax error, and for text that nests deeper than kDeepestJson.
nlohmann::json parse_json(std::string_view text, const std::string& where);

// Reads and parses a JSON file, as parse_json does.
nlohmann::json load_json(const std::string& path);
// Writes through a temporary file, so that a reader never sees half of it.
void save_json(const std::string& path, const nlohmann::json& value);

}  // namespace phonofilm

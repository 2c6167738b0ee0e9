// Small text helpers: building messages, joining, and guessing what a misspelt name meant.
#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace phonofilm {

// Streams all arguments into one string: concat("expected ", 3, ", got ", n).
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::vector<std::string> split(std::string_view text, char separator);
std::string to_lower(std::string_view text);

// The known name with the smallest edit distance to `name`, or "" if none is close enough to be a likely typo.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

// " (did you mean 'steps'?)" or "", to be appended to an error about an unknown name.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& known);

// "1.5 MB", "734 B": decimal units, for people.
std::string human_bytes(double bytes);
// "2 h 05 min", "3 min 20 s", "1.2 s", "15 ms".
std::string human_seconds(double seconds);

// Text of unknown origin (a file's metadata) made fit for a terminal: what could steer it becomes spaces. That is the control
// characters of ASCII, those of U+0080 to U+009F (a terminal may take U+009B for ESC [), and the marks that reverse the
// direction of the text behind them (U+202A to U+202E, U+2066 to U+2069).
std::string printable(std::string_view text);

}  // namespace phonofilm

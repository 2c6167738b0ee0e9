// Tables as text: RFC 4180 with any separator. Cells may be quoted, quotes inside are doubled, quoted cells may hold line
// breaks; a UTF-8 byte order mark is skipped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace phonofilm {

struct CsvRow {
  std::int64_t line = 0;  // on which it begins, from 1
  std::vector<std::string> cells;
};

// Empty lines are left out. Throws InvalidRequest naming the line of a quote that is never closed, or closed too early.
std::vector<CsvRow> parse_csv(std::string_view text, char separator = ',');

}  // namespace phonofilm

#include "fuzz/fuzz_text.h"
#include "phonofilm/base/csv.h"
#include "phonofilm/base/error.h"

// Rows are numbered upwards, hold at least one cell, and hold no more text than the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phonofilm;
  for (const char separator : {',', '\t'}) {
    try {
      std::int64_t line = 0;
      std::size_t letters = 0;
      for (const CsvRow& row : parse_csv(fuzz::text_of(data, size), separator)) {
        if (row.line <= line || row.cells.empty()) __builtin_trap();
        line = row.line;
        for (const std::string& cell : row.cells) letters += cell.size();
      }
      if (letters > size) __builtin_trap();
    } catch (const InvalidRequest&) {
    }
  }
  return 0;
}

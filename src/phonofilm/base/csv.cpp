#include "phonofilm/base/csv.h"

#include "phonofilm/base/error.h"

namespace phonofilm {
namespace {

class Parser {
 public:
  Parser(std::string_view text, char separator) : text_(text), separator_(separator) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  std::vector<CsvRow> rows() {
    std::vector<CsvRow> rows;
    while (at_ < text_.size()) {
      CsvRow row{line_, {}};
      do {
        row.cells.push_back(cell());
      } while (take(separator_));
      end_line();
      if (row.cells.size() > 1 || !row.cells[0].empty()) rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  bool at(char letter) const { return at_ < text_.size() && text_[at_] == letter; }
  bool take(char letter) {
    if (!at(letter)) return false;
    ++at_;
    return true;
  }

  std::string cell() {
    if (take('"')) return quoted();
    const size_t start = at_;
    while (at_ < text_.size() && !at(separator_) && !at('\n') && !at('\r')) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  std::string quoted() {
    const std::int64_t opened = line_;
    std::string value;
    while (true) {
      PF_CHECK(at_ < text_.size(), InvalidRequest, "csv", "line ", opened, ": a quoted cell is never closed");
      const char letter = text_[at_++];
      if (letter == '"' && !take('"')) break;
      line_ += letter == '\n';
      value += letter;
    }
    const bool ends = at_ == text_.size() || at(separator_) || at('\n') || at('\r');
    PF_CHECK(ends, InvalidRequest, "csv", "line ", line_, ": text follows a closing quote; quotes inside a cell are doubled");
    return value;
  }

  // \n, \r\n or \r.
  void end_line() {
    const bool carriage_return = take('\r'), line_feed = take('\n');
    line_ += carriage_return || line_feed;
  }

  std::string_view text_;
  char separator_;
  size_t at_ = 0;
  std::int64_t line_ = 1;
};

}  // namespace

std::vector<CsvRow> parse_csv(std::string_view text, char separator) { return Parser(text, separator).rows(); }

}  // namespace phonofilm

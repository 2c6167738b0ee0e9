#include "phonofilm/jobs/database.h"

#include "phonofilm/jobs/refused.h"

namespace phonofilm::jobs {

std::int64_t integer(const Row& row, size_t column) {
  const auto* number = column < row.size() ? std::get_if<std::int64_t>(&row[column]) : nullptr;
  PF_CHECK(number, StoreError, "read", "the job store has no number in column ", column, ": its tables are damaged");
  return *number;
}

const std::string& text(const Row& row, size_t column) {
  static const std::string none;
  PF_CHECK(column < row.size() && !std::holds_alternative<std::int64_t>(row[column]), StoreError, "read",
           "the job store has no text in column ", column, ": its tables are damaged");
  const auto* found = std::get_if<std::string>(&row[column]);
  return found ? *found : none;
}

}  // namespace phonofilm::jobs

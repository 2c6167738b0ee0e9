// What SQLite and PostgreSQL have in common: statements with the parameters $1, $2, ... and transactions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace phonofilm::jobs {

using Value = std::variant<std::monostate, std::int64_t, std::string>;  // NULL, integer, text
using Row = std::vector<Value>;

// Words that the two spell differently.
struct Dialect {
  std::string integer;       // type of 64-bit integers
  std::string text;          // type of texts that are compared byte by byte
  std::string table_suffix;  // behind CREATE TABLE (...)
  std::string lock;          // behind a SELECT whose rows must not change
  std::string lock_free;     // the same, passing over rows that another transaction has locked; names the table "j"
};

class Database {
 public:
  virtual ~Database() = default;
  virtual const Dialect& dialect() const = 0;
  // Within transact() only. Throws StoreError, naming the statement's fault.
  virtual std::vector<Row> run(const std::string& sql, const Row& values = {}) = 0;
  // As Store::transact.
  virtual void transact(const std::function<void()>& work) = 0;
};

// Of a row that a statement of ours selected. Throw StoreError for another type: the table is damaged.
std::int64_t integer(const Row& row, size_t column);
const std::string& text(const Row& row, size_t column);  // NULL is the empty text

}  // namespace phonofilm::jobs

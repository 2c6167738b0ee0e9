#include "phonofilm/jobs/sqlite_database.h"

#include <sqlite3.h>

#include <filesystem>

#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/jobs/refused.h"
#include "phonofilm/jobs/schema.h"
#include "phonofilm/jobs/sql_store.h"

namespace phonofilm::jobs {
namespace {

constexpr std::int64_t kApplication = 0x7068666a;  // "phfj" in the file's header: a queue of phonofilm

const char* cure(int code) {
  switch (code & 0xff) {
    case SQLITE_NOTADB: return "; it is no SQLite file, or damaged: restore a backup, or name another file";
    case SQLITE_CORRUPT:
      return "; the file is damaged: restore a backup, or save what is left with sqlite3's .recover";
    case SQLITE_BUSY:
      return "; another process has the queue open: end it first, or let it start workers ('serve --workers'), or use "
             "PostgreSQL";
    case SQLITE_FULL: return "; make room on the disk";
    case SQLITE_CANTOPEN: return "; does the folder exist, and may this user write there?";
    case SQLITE_READONLY: return "; this user may not write there";
    default: return "";
  }
}

Row row_of(sqlite3_stmt* statement) {
  Row row;
  for (int column = 0; column < sqlite3_column_count(statement); ++column) {
    switch (sqlite3_column_type(statement, column)) {
      case SQLITE_NULL: row.emplace_back(); break;
      case SQLITE_INTEGER: row.emplace_back(std::int64_t(sqlite3_column_int64(statement, column))); break;
      default: {
        const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
        row.emplace_back(std::string(bytes ? bytes : "", size_t(sqlite3_column_bytes(statement, column))));
      }
    }
  }
  return row;
}

std::uintmax_t size_of(const std::string& path) {
  std::error_code missing;
  const std::uintmax_t size = std::filesystem::file_size(path, missing);
  return missing ? 0 : size;
}

// SQLite would take what is left of a truncated file for a new database and come up without a word. A crash while a
// new file is made leaves a journal beside it, from which SQLite recovers.
void refuse_remains(const std::string& path) {
  constexpr std::uintmax_t kSmallestPage = 512;
  const std::uintmax_t size = size_of(path);
  PF_CHECK(size > 0 || size_of(path + "-wal") == 0, StoreError, "open queue", path, ": the file is empty, its log ",
           path, "-wal is not: the file is damaged; restore a backup");
  PF_CHECK(size == 0 || size >= kSmallestPage || size_of(path + "-journal") > 0, StoreError, "open queue", path,
           ": has ", size, " bytes, shorter than any database: the file is damaged; restore a backup");
}

// Leaves a cached statement ready for its next use, whatever happens.
struct Reset {
  sqlite3_stmt* statement;
  ~Reset() { sqlite3_reset(statement); }
};

}  // namespace

void SqliteDatabase::Close::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
void SqliteDatabase::Close::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

SqliteDatabase::SqliteDatabase(const std::string& path, const SqliteOptions& options)
    : path_(path), probe_(options.probe) {
  open(options.busy_timeout);
  expect_ours();
  configure();
  check_integrity();
}

const Dialect& SqliteDatabase::dialect() const {
  static const Dialect dialect{"INTEGER", "TEXT", " STRICT", "", ""};
  return dialect;
}

void SqliteDatabase::expect(bool fine, const std::string& operation) {
  if (fine) return;
  const int code = connection_ ? sqlite3_extended_errcode(connection_.get()) : SQLITE_NOMEM;
  const std::string message = connection_ ? sqlite3_errmsg(connection_.get()) : "out of memory";
  throw StoreError(operation, concat(path_, ": ", printable(message), cure(code)));
}

void SqliteDatabase::open(int busy_timeout) {
  refuse_remains(path_);
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(
      path_.c_str(), &connection,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  connection_.reset(connection);
  expect(code == SQLITE_OK, "open queue");
  sqlite3_busy_timeout(connection, busy_timeout);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
}

// Before anything is written: the file may be somebody else's database.
void SqliteDatabase::expect_ours() {
  run("PRAGMA locking_mode = EXCLUSIVE", {});
  const std::int64_t tables = integer(run("SELECT count(*) FROM sqlite_schema", {}).at(0), 0);
  const std::int64_t application = integer(run("PRAGMA application_id", {}).at(0), 0);
  PF_CHECK(tables == 0 || application == kApplication, StoreError, "open queue", path_,
           ": is a database, but no queue of phonofilm; name another file");
  if (tables == 0) run(concat("PRAGMA application_id = ", kApplication), {});
}

void SqliteDatabase::configure() {
  const std::string mode = text(run("PRAGMA journal_mode = WAL", {}).at(0), 0);
  PF_CHECK(mode == "wal", StoreError, "open queue", path_,
           ": the file system allows no write-ahead log (journal mode is ", mode, "); put the queue on a local disk");
  run("PRAGMA synchronous = FULL", {});
  run("PRAGMA foreign_keys = ON", {});
}

void SqliteDatabase::check_integrity() {
  const std::vector<Row> report = run("PRAGMA integrity_check(3)", {});
  const std::string first = report.empty() ? "no answer" : text(report[0], 0);
  PF_CHECK(first == "ok", StoreError, "open queue", path_, ": the file is damaged: ", excerpt(first),
           "; restore a backup, or save what is left with sqlite3's .recover");
  PF_CHECK(run("PRAGMA foreign_key_check", {}).empty(), StoreError, "open queue", path_,
           ": the file is damaged: jobs refer to owners that are missing; restore a backup");
}

sqlite3_stmt* SqliteDatabase::prepared(const std::string& sql) {
  Statement& statement = statements_[sql];
  if (!statement) {
    sqlite3_stmt* made = nullptr;
    const int code =
        sqlite3_prepare_v3(connection_.get(), sql.c_str(), int(sql.size()), SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    statement.reset(made);
    expect(code == SQLITE_OK, "queue");
  }
  return statement.get();
}

void SqliteDatabase::bind(sqlite3_stmt* statement, const std::string& sql, const Row& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    const int at = sqlite3_bind_parameter_index(statement, concat("$", i + 1).c_str());
    PF_CHECK(at > 0, StoreError, "queue", "the statement has no parameter $", i + 1, ": ", sql);
    int code = SQLITE_OK;
    if (const auto* number = std::get_if<std::int64_t>(&values[i])) {
      code = sqlite3_bind_int64(statement, at, *number);
    } else if (const auto* word = std::get_if<std::string>(&values[i])) {
      code = sqlite3_bind_text64(statement, at, word->data(), word->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    } else {
      code = sqlite3_bind_null(statement, at);
    }
    expect(code == SQLITE_OK, "queue");
  }
}

std::vector<Row> SqliteDatabase::run(const std::string& sql, const Row& values) {
  const std::lock_guard lock(mutex_);
  pass(probe_, sql.c_str());
  sqlite3_stmt* statement = prepared(sql);
  const Reset reset{statement};
  bind(statement, sql, values);
  std::vector<Row> rows;
  int code = sqlite3_step(statement);
  for (; code == SQLITE_ROW; code = sqlite3_step(statement)) rows.push_back(row_of(statement));
  expect(code == SQLITE_DONE, "queue");
  return rows;
}

void SqliteDatabase::transact(const std::function<void()>& work) {
  const std::lock_guard lock(mutex_);
  run("BEGIN IMMEDIATE", {});
  try {
    work();
    run("COMMIT", {});
  } catch (...) {
    // Some faults (a full disk) have rolled back already.
    const bool open = sqlite3_get_autocommit(connection_.get()) == 0;
    if (open) sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
  pass(probe_, "committed");
}

std::unique_ptr<Store> open_sqlite_store(const std::string& path, const SqliteOptions& options) {
  auto database = std::make_unique<SqliteDatabase>(path, options);
  migrate(*database, migrations(), path);
  return make_sql_store(std::move(database));
}

}  // namespace phonofilm::jobs

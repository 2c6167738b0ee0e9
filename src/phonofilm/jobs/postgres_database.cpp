#include "phonofilm/jobs/postgres_database.h"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

#include "phonofilm/base/text.h"
#include "phonofilm/jobs/refused.h"
#include "phonofilm/jobs/schema.h"
#include "phonofilm/jobs/sql_store.h"

namespace phonofilm::jobs {
namespace {

constexpr unsigned kInt8 = 20, kInt4 = 23;  // type numbers of PostgreSQL's catalogue
constexpr int kLongestPause = 2000;         // milliseconds

// What may go well when it is tried again.
struct Transient : StoreError {
  using StoreError::StoreError;
};

// Serialisation failure, deadlock, the same key or id inserted by two at once; a server that goes down or comes up.
bool is_transient(std::string_view state) {
  for (const char* known : {"40001", "40P01", "23505", "57P01", "57P02", "57P03", "53300"}) {
    if (state == known) return true;
  }
  return state.starts_with("08");
}

std::string as_text(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  const auto* word = std::get_if<std::string>(&value);
  return word ? *word : std::string();
}

Value value_of(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column)) return {};
  const std::string_view bytes(PQgetvalue(result, row, column), size_t(PQgetlength(result, row, column)));
  if (PQftype(result, column) != kInt8 && PQftype(result, column) != kInt4) return std::string(bytes);
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), number);
  PF_CHECK(problem == std::errc() && end == bytes.data() + bytes.size(), StoreError, "queue",
           "the server sent no number");
  return number;
}

std::vector<Row> rows_of(const PGresult* result) {
  std::vector<Row> rows;
  for (int row = 0; row < PQntuples(result); ++row) {
    rows.emplace_back();
    for (int column = 0; column < PQnfields(result); ++column) rows.back().push_back(value_of(result, row, column));
  }
  return rows;
}

}  // namespace

void PostgresDatabase::Close::operator()(pg_conn* connection) const { PQfinish(connection); }
void PostgresDatabase::Close::operator()(pg_result* result) const { PQclear(result); }

PostgresDatabase::PostgresDatabase(const std::string& connection, const PostgresOptions& options)
    : target_(connection), options_(options) {
  if (!options_.pause) {
    options_.pause = [](int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); };
  }
}

const Dialect& PostgresDatabase::dialect() const {
  static const Dialect dialect{"BIGINT", "TEXT COLLATE \"C\"", "", " FOR UPDATE", " FOR UPDATE OF j SKIP LOCKED"};
  return dialect;
}

void PostgresDatabase::connect() {
  if (connection_ && PQstatus(connection_.get()) == CONNECTION_OK) return;
  pass(options_.probe, "connect");
  connection_.reset(PQconnectdb(target_.c_str()));
  const bool connected = connection_ && PQstatus(connection_.get()) == CONNECTION_OK;
  const std::string why = connection_ ? printable(PQerrorMessage(connection_.get())) : "out of memory";
  PF_CHECK(connected, Transient, "open queue", "PostgreSQL cannot be reached: ", why,
           "; is the server up, and are host,"
           " database and user right?");
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);  // libpq would print them
  // A server may be set to acknowledge before its log is on the disk.
  for (const char* setting :
       {"SET synchronous_commit = on", "SET client_encoding = 'UTF8'", "SET client_min_messages = error"}) {
    run(setting, {});
  }
}

void PostgresDatabase::expect_result(const pg_result* result, const std::string& sql) const {
  const ExecStatusType status = PQresultStatus(result);
  const bool fine = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  // COMMIT answers ROLLBACK where the transaction had failed before.
  const bool committed =
      !fine || sql != "COMMIT" || std::string_view(PQcmdStatus(const_cast<pg_result*>(result))) == "COMMIT";
  if (fine && committed) return;
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string why = committed ? printable(message ? message : PQerrorMessage(connection_.get()))
                                    : "the transaction had failed before its end, and was rolled back";
  const std::string text = concat("PostgreSQL refused a statement: ", why, state ? concat(" (", state, ")") : "");
  const bool lost = PQstatus(connection_.get()) != CONNECTION_OK;
  if (lost || (state && is_transient(state))) throw Transient("queue", text);
  throw StoreError("queue", text);
}

std::vector<Row> PostgresDatabase::run(const std::string& sql, const Row& values) {
  pass(options_.probe, sql.c_str());
  std::vector<std::string> texts;
  for (const Value& value : values) texts.push_back(as_text(value));
  std::vector<const char*> pointers;
  for (size_t i = 0; i < values.size(); ++i) {
    pointers.push_back(std::holds_alternative<std::monostate>(values[i]) ? nullptr : texts[i].c_str());
  }
  const Result result(PQexecParams(connection_.get(), sql.c_str(), int(values.size()), /*paramTypes=*/nullptr,
                                   pointers.data(), /*paramLengths=*/nullptr, /*paramFormats=*/nullptr,
                                   /*resultFormat=*/0));
  expect_result(result.get(), sql);
  return rows_of(result.get());
}

void PostgresDatabase::attempt(const std::function<void()>& work) {
  connect();
  run("BEGIN ISOLATION LEVEL READ COMMITTED", {});
  try {
    work();
    run("COMMIT", {});
  } catch (...) {
    if (PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) Result(PQexec(connection_.get(), "ROLLBACK"));
    throw;
  }
  pass(options_.probe, "committed");
}

void PostgresDatabase::pause(int attempt) const {
  options_.pause(
      int(std::min<std::int64_t>(kLongestPause, std::int64_t(options_.first_pause) << std::min(attempt, 20))));
}

void PostgresDatabase::transact(const std::function<void()>& work) {
  const std::lock_guard lock(mutex_);
  for (int i = 1;; ++i) {
    try {
      return attempt(work);
    } catch (const Transient&) {
      if (i >= options_.attempts) throw;
      pause(i - 1);
    }
  }
}

std::unique_ptr<Store> open_postgres_store(const std::string& connection, const PostgresOptions& options) {
  auto database = std::make_unique<PostgresDatabase>(connection, options);
  migrate(*database, migrations(), "PostgreSQL");
  return make_sql_store(std::move(database));
}

}  // namespace phonofilm::jobs

// A PostgreSQL database through libpq. Every value travels as a parameter; read committed with row locks.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "phonofilm/jobs/database.h"
#include "phonofilm/jobs/store.h"

struct pg_conn;
struct pg_result;

namespace phonofilm::jobs {

class PostgresDatabase : public Database {
 public:
  // Connects with the first transaction.
  PostgresDatabase(const std::string& connection, const PostgresOptions& options);
  const Dialect& dialect() const override;
  std::vector<Row> run(const std::string& sql, const Row& values) override;
  // Runs `work` again, on a new connection where the old one broke, until it is committed or options.attempts are used
  // up.
  void transact(const std::function<void()>& work) override;

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
    void operator()(pg_result* result) const;
  };
  using Result = std::unique_ptr<pg_result, Close>;

  void connect();
  void attempt(const std::function<void()>& work);
  void pause(int attempt) const;
  void expect_result(const pg_result* result, const std::string& sql) const;

  std::string target_;  // may contain a password: never in a message
  PostgresOptions options_;
  std::mutex mutex_;  // one transaction at a time
  std::unique_ptr<pg_conn, Close> connection_;
};

}  // namespace phonofilm::jobs

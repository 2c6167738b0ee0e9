// A SQLite file through its one connection.
//
// WAL with synchronous = FULL: a commit that was acknowledged survives a loss of power. The connection keeps the file
// locked, so that there is never a second one: SQLite before 3.51.3 can damage a WAL that two connections share.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "phonofilm/jobs/database.h"
#include "phonofilm/jobs/store.h"

struct sqlite3;
struct sqlite3_stmt;

namespace phonofilm::jobs {

class SqliteDatabase : public Database {
 public:
  // Opens and checks the file; does not migrate. Throws StoreError.
  SqliteDatabase(const std::string& path, const SqliteOptions& options);
  const Dialect& dialect() const override;
  std::vector<Row> run(const std::string& sql, const Row& values) override;
  void transact(const std::function<void()>& work) override;

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Close>;

  void open(int busy_timeout);
  void expect_ours();
  void configure();
  void check_integrity();
  void begin_or_end(const char* sql);
  sqlite3_stmt* prepared(const std::string& sql);
  void bind(sqlite3_stmt* statement, const std::string& sql, const Row& values);
  void expect(bool fine, const std::string& operation);

  std::string path_;
  Probe probe_;
  std::recursive_mutex mutex_;  // held for a whole transaction, whose statements lock it again
  std::unique_ptr<sqlite3, Close> connection_;
  std::map<std::string, Statement> statements_;  // prepared once; closed before the connection
};

}  // namespace phonofilm::jobs

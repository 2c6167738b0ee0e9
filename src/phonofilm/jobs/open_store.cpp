#include "phonofilm/jobs/open_store.h"

#include "phonofilm/base/files.h"

namespace phonofilm::jobs {

std::unique_ptr<Store> open_store(const std::string& where) {
  const bool address = where.starts_with("postgresql://") || where.starts_with("postgres://");
  if (address || where.find('=') != std::string::npos) return open_postgres_store(where);
  make_folder(where);
  return open_sqlite_store(where + "/queue.db");
}

}  // namespace phonofilm::jobs

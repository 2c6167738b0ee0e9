// A store by one word of a command line.
#pragma once

#include <memory>
#include <string>

#include "phonofilm/jobs/store.h"

namespace phonofilm::jobs {

// where: an address of PostgreSQL ("postgresql://...", or libpq's keywords such as "host=/run/postgresql
// dbname=films"), else a folder, in which "queue.db" is SQLite's file. Throws StoreError, and ResourceError for a
// folder that cannot be made.
std::unique_ptr<Store> open_store(const std::string& where);

}  // namespace phonofilm::jobs

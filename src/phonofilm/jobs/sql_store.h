// The store's statements, the same for every SQL database.
#pragma once

#include <memory>

#include "phonofilm/jobs/database.h"
#include "phonofilm/jobs/store.h"

namespace phonofilm::jobs {

// The database has been migrated.
std::unique_ptr<Store> make_sql_store(std::unique_ptr<Database> database);

}  // namespace phonofilm::jobs

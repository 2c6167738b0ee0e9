// Tables of the queue, and how older databases become newer ones.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/jobs/database.h"

namespace phonofilm::jobs {

// Statements that lead from one version of the schema to the next. {integer}, {text} and {suffix} stand for the
// dialect's words.
using Migration = std::vector<std::string>;

// migrations()[v] leads from version v to v + 1; version 0 is the empty database.
const std::vector<Migration>& migrations();

// Runs what is missing in one transaction: a crash leaves the old version. Throws StoreError where the database is
// newer than the last migration. where: file or server, for messages.
void migrate(Database& database, const std::vector<Migration>& steps, const std::string& where);

}  // namespace phonofilm::jobs

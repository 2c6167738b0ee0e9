// A model folder's report for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "phonofilm/families/folder_report.h"

namespace phonofilm::cli {

// To stdout: what the folder is, a table of its parts, licences, what does not fit (the beginning of long lists), what is
// missing and where it comes from.
void print_report(const std::string& folder, const families::FolderReport& report);

nlohmann::json report_json(const std::string& folder, const families::FolderReport& report);  // every problem included

}  // namespace phonofilm::cli

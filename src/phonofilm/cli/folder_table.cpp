#include "phonofilm/cli/folder_table.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "phonofilm/base/text.h"

namespace phonofilm::cli {
namespace {

using families::FolderReport;
using families::PartReport;

constexpr size_t kMostProblems = 20;  // of one part, in the table

const char* state_of(const PartReport& part) {
  if (!part.found) return part.optional ? "optional" : "missing";
  return part.problems.empty() ? "ok" : "unfit";
}

// Numbers that a file without tensors does not have are left blank.
std::string count_text(std::int64_t count) { return count == 0 ? "" : std::to_string(count); }

void print_row(const PartReport& part) {
  std::printf("  %-29s %-8s %8s %14s %9s  %-10s %s\n", part.name.c_str(), state_of(part), count_text(part.tensors).c_str(),
              count_text(part.parameters).c_str(), part.found ? human_bytes(double(part.bytes)).c_str() : "",
              join(part.dtypes, " ").c_str(), part.file.c_str());
}

void print_total(const FolderReport& report) {
  PartReport total{.name = "total", .file = "", .found = true};
  for (const PartReport& part : report.parts) {
    total.tensors += part.tensors;
    total.parameters += part.parameters;
    total.bytes += part.bytes;
  }
  std::printf("  %-29s %-8s %8s %14s %9s\n", "total", "", count_text(total.tensors).c_str(), count_text(total.parameters).c_str(),
              human_bytes(double(total.bytes)).c_str());
}

void print_licences(const FolderReport& report) {
  std::map<std::string, std::vector<std::string>> parts_under;
  for (const PartReport& part : report.parts) {
    if (!part.licence.empty()) parts_under[part.licence].push_back(part.name);
  }
  if (!parts_under.empty()) std::printf("licences, as published\n");
  for (const auto& [licence, parts] : parts_under) std::printf("  %s: %s\n", join(parts, ", ").c_str(), licence.c_str());
}

void print_problems(const PartReport& part) {
  if (part.problems.empty()) return;
  const size_t count = part.problems.size();
  std::printf("%s does not fit: %zu %s\n", part.file.c_str(), count, count == 1 ? "problem" : "problems");
  for (size_t i = 0; i < std::min(count, kMostProblems); ++i) std::printf("  %s\n", printable(part.problems[i]).c_str());
  if (count > kMostProblems) std::printf("  and %zu more; --json lists them all\n", count - kMostProblems);
}

void print_missing(const FolderReport& report) {
  for (const PartReport& part : report.parts) {
    if (!part.found) std::printf("missing: %s\n  from %s\n", part.file.c_str(), part.source.c_str());
  }
}

nlohmann::json to_json(const PartReport& part) {
  return {{"name", part.name},     {"file", part.file},       {"state", state_of(part)},         {"source", part.source},
          {"licence", part.licence}, {"bytes", part.bytes},   {"tensors", part.tensors},         {"parameters", part.parameters},
          {"dtypes", part.dtypes}, {"problems", part.problems}};
}

}  // namespace

void print_report(const std::string& folder, const FolderReport& report) {
  std::printf("%s\n  family: %s\n", folder.c_str(), report.family.c_str());
  std::printf("  variants: %s\n", report.variants.empty() ? "none" : printable(join(report.variants, ", ")).c_str());
  for (const std::string& note : report.notes) std::printf("  %s\n", note.c_str());
  std::printf("  %-29s %-8s %8s %14s %9s  %-10s %s\n", "part", "state", "tensors", "parameters", "bytes", "dtypes", "file");
  for (const PartReport& part : report.parts) print_row(part);
  print_total(report);
  print_licences(report);
  for (const PartReport& part : report.parts) print_problems(part);
  print_missing(report);
}

nlohmann::json report_json(const std::string& folder, const FolderReport& report) {
  nlohmann::json parts = nlohmann::json::array();
  for (const PartReport& part : report.parts) parts.push_back(to_json(part));
  return {{"folder", folder}, {"family", report.family},  {"variants", report.variants}, {"notes", report.notes},
          {"complete", report.complete()}, {"parts", parts}};
}

}  // namespace phonofilm::cli

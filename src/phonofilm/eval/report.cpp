#include "phonofilm/eval/report.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/base/files.h"

namespace phonofilm::eval {
namespace {

using Json = nlohmann::json;

Json to_json(const LabelStatistics& labels) {
  return {{"objects", labels.objects},
          {"counts_told", labels.counts_told},
          {"color", to_json(labels.color)},
          {"material", to_json(labels.material)},
          {"strike_material", to_json(labels.strike_material)},
          {"count_exact", to_json(labels.count_exact)},
          {"count_within_one", to_json(labels.count_within_one)},
          {"count_within_one_all", to_json(labels.count_within_one_all)}};
}

Json to_json(const TruthStatistics& statistics) {
  return {{"offsets", to_json(statistics.offsets)},
          {"missed", statistics.offsets.events - statistics.offsets.matched},
          {"false_events", statistics.false_events}};
}

Json to_json(const GroupReport& group) {
  Json json = {{"name", group.name},
               {"description", group.description},
               {"impact_to_onset", to_json(group.impact_to_onset)},
               {"onset_to_impact", to_json(group.onset_to_impact)},
               {"silent_impacts", group.silent_impacts},
               {"unseen_onsets", group.unseen_onsets},
               {"breakdown", Json::array()},
               {"films", Json::array()}};
  if (group.picture) json["picture_against_truth"] = to_json(*group.picture);
  if (group.sound) json["sound_against_truth"] = to_json(*group.sound);
  if (group.labels) json["labels"] = to_json(*group.labels);
  for (const BreakdownRow& row : group.breakdown) {
    json["breakdown"].push_back(
        {{"kind", row.kind}, {"name", row.name}, {"impact_to_onset", to_json(row.impact_to_onset)}});
  }
  for (const FilmMeasure& film : group.films) json["films"].push_back(to_json(film));
  return json;
}

Json to_json(const Check& check) {
  return {{"group", check.group},   {"figure", check.figure},
          {"value", std::round(check.value * 1e3) / 1e3}, {"target", check.target},
          {"at_most", check.at_most}, {"unit", check.unit}, {"passed", check.passed()}};
}

}  // namespace

Json to_json(const WorldReport& report) {
  WorldEvalOptions options = report.options;
  Json json = {{"format", "phonofilm world evaluation"},
               {"version", 1},
               {"options", write_json(options.fields())},
               {"complete", report.complete},
               {"failed_offset_ms", kSearchRadius * 1000},
               {"checks", Json::array()},
               {"groups", Json::array()},
               {"scenes", Json::array()}};
  for (const Check& check : report.checks) json["checks"].push_back(to_json(check));
  for (const GroupReport& group : report.groups) json["groups"].push_back(to_json(group));
  for (const SceneReport& scene : report.scenes) json["scenes"].push_back(to_json(scene));
  return json;
}

void write_report(const std::string& folder, const WorldReport& report,
                  const std::vector<Circumstance>& circumstances) {
  make_folder(folder);
  Json json = to_json(report);
  for (const Circumstance& circumstance : circumstances) json["circumstances"][circumstance.name] = circumstance.value;
  save_json(folder + "/report.json", json);
  write_file_atomically(folder + "/index.html", report_page(report, circumstances));
}

}  // namespace phonofilm::eval

#include <algorithm>
#include <cmath>

#include "phonofilm/base/text.h"
#include "phonofilm/eval/report.h"
#include "phonofilm/eval/report_html.h"
#include "phonofilm/eval/report_style.h"
#include "phonofilm/eval/scene_page.h"
#include "phonofilm/eval/svg_plot.h"

namespace phonofilm::eval {
namespace {

std::string milliseconds(const Estimate& e) {
  return concat("<td>", fixed(e.value, 1), "<small>", fixed(e.low, 1), " to ", fixed(e.high, 1), "</small></td>");
}
std::string percent(const Estimate& e) {
  return concat("<td>", fixed(100 * e.value, 1), "<small>", fixed(100 * e.low, 0), " to ", fixed(100 * e.high, 0),
                "</small></td>");
}
std::string header(const WorldReport& report, const std::vector<Circumstance>& circumstances) {
  std::string html =
      "<h1>Do picture and sound belong together?</h1><p class=\"soft\">Strikes are found in the picture by "
      "motion and in the sound by onsets, without looking at latents or captions. An offset is the time of "
      "the onset minus that of the strike; an event without a counterpart within " +
      fixed(kSearchRadius * 1000, 0) + " ms counts with that offset.</p><dl class=\"facts\">";
  const auto fact = [&](const std::string& name, const std::string& value) {
    html += "<div><dt>" + escape_html(name) + "</dt><dd>" + escape_html(value) + "</dd></div>";
  };
  for (const Circumstance& circumstance : circumstances) fact(circumstance.name, circumstance.value);
  fact("held-out seed", std::to_string(report.options.seed));
  const GroupReport* truth = report.group("ground_truth");
  std::size_t count = truth ? truth->films.size() : 0;
  for (const SceneReport& scene : report.scenes) count += scene.groups.empty() ? 0 : scene.groups[0].films.size();
  const std::string films = std::to_string(count);
  fact("captions", report.complete ? films : films + " of " + std::to_string(report.options.count) + ", stopped early");
  return html + "</dl>";
}

// Whole numbers where they say everything.
std::string shown_target(const Check& check) {
  return fixed(check.target, check.target == std::round(check.target) ? 0 : digits_of(check.unit));
}

std::string targets(const WorldReport& report) {
  std::string rows;
  for (const Check& check : report.checks) {
    rows += concat("<tr><th scope=\"row\">", key_of(check.group), "</th><td class=\"name\">", escape_html(check.figure),
                   "</td><td>", fixed(check.value, digits_of(check.unit)), " ", check.unit, "</td><td>",
                   check.at_most ? "at most " : "at least ", shown_target(check), " ", check.unit,
                   "</td><td><span class=\"badge ", check.passed() ? "yes" : "no", "\">",
                   check.passed() ? "met" : "missed", "</span></td></tr>");
  }
  return "<h2>Targets</h2>" + table("Ground truth checks the ruler itself; the codec bounds what generation can reach.",
                                    {"Group", "Figure", "Value", "Target", ""}, rows);
}

std::string offset_cells(const OffsetStatistics& offsets) {
  return cell(std::to_string(offsets.events)) + milliseconds(offsets.median_ms) + cell(fixed(offsets.mean_ms, 1)) +
         cell(fixed(offsets.bias_ms, 1)) + percent(offsets.within_10) + percent(offsets.within_25) +
         percent(offsets.within_50) + percent(offsets.within_80);
}

const std::vector<std::string> kOffsetHead{"Group",   "Events",  "Median, ms", "Mean, ms", "Bias, ms",
                                           "10 ms, %", "25 ms, %", "50 ms, %",   "80 ms, %", "Apart"};

std::string direction_table(const WorldReport& report, const std::string& caption,
                            const OffsetStatistics GroupReport::* offsets, const std::int64_t GroupReport::* apart) {
  std::string rows;
  for (const GroupReport& group : report.groups) {
    rows += "<tr><th scope=\"row\" title=\"" + escape_html(group.description) + "\">" + key_of(group.name) + "</th>" +
            offset_cells(group.*offsets) + cell(std::to_string(group.*apart)) + "</tr>";
  }
  return table(caption, kOffsetHead, rows);
}

std::string found_cells(const std::optional<TruthStatistics>& statistics) {
  if (!statistics) return "<td>&ndash;</td><td>&ndash;</td><td>&ndash;</td>";
  const OffsetStatistics& offsets = statistics->offsets;
  const double found = offsets.events > 0 ? double(offsets.matched) / double(offsets.events) : 0;
  return cell(fixed(100 * found, 1)) + cell(std::to_string(statistics->false_events)) + milliseconds(offsets.median_ms);
}

std::string truth_table(const WorldReport& report) {
  std::string rows;
  for (const GroupReport& group : report.groups) {
    if (!group.labels) continue;
    const LabelStatistics& labels = *group.labels;
    rows += "<tr><th scope=\"row\">" + key_of(group.name) + "</th>" + found_cells(group.picture) +
            found_cells(group.sound) + percent(labels.color) + percent(labels.material) + percent(labels.count_exact) +
            percent(labels.count_within_one) + "</tr>";
  }
  return table(
      "Against the truth: true events found (%), false events and median error in picture and in sound; what the "
      "caption says (%), counts where it tells them",
      {"Group", "Seen", "False", "Error, ms", "Heard", "False", "Error, ms", "Colour", "Material", "Count",
       "&plusmn; 1"},
      rows);
}

// Offsets in milliseconds; failed ones as the search radius, or left out.
std::vector<double> offsets_of(const GroupReport& group, const std::vector<Match> SyncResult::*matches,
                               bool with_failed) {
  std::vector<double> values;
  for (const FilmMeasure& film : group.films) {
    for (const Match& match : film.sync.*matches) {
      if (match.offset) values.push_back(*match.offset * 1000);
      else if (with_failed) values.push_back(2 * kSearchRadius * 1000);
    }
  }
  return values;
}

std::string curves_figure(const WorldReport& report, const std::vector<Match> SyncResult::* matches,
                          const std::string& caption) {
  std::vector<Curve> curves;
  for (const GroupReport& group : report.groups) {
    std::vector<double> values = offsets_of(group, matches, true);
    for (double& value : values) value = std::abs(value);
    curves.push_back({title_of(group.name), "g-" + group.name, std::move(values)});
  }
  return "<figure class=\"card\"><figcaption>" + caption + "</figcaption>" +
         cumulative_plot(curves, 150, {10, 25, 50, 80}, "absolute offset, ms") + "</figure>";
}

std::string plots(const WorldReport& report) {
  std::string html = "<h2>Offsets</h2><ul class=\"legend\">";
  for (const GroupReport& group : report.groups) html += "<li>" + key_of(group.name) + "</li>";
  html += "</ul><div class=\"pair\">" +
          curves_figure(report, &SyncResult::impact_to_onset, "Every strike seen: the nearest onset") +
          curves_figure(report, &SyncResult::onset_to_impact, "Every onset heard: the nearest strike") +
          "</div><div class=\"many\">";
  for (const GroupReport& group : report.groups) {
    const Curve curve{title_of(group.name), "g-" + group.name, offsets_of(group, &SyncResult::impact_to_onset, false)};
    html += "<figure class=\"card\"><figcaption>" + key_of(group.name) + "</figcaption>" +
            histogram_plot(curve, 60, 48, "sound early / late, ms") + "</figure>";
  }
  return html + "</div>";
}

const GroupReport& main_group(const WorldReport& report) {
  for (const char* name : {"generated", "codec_round_trip"}) {
    if (const GroupReport* group = report.group(name)) return *group;
  }
  return report.groups.front();
}

std::string breakdown_table(const GroupReport& group) {
  std::string rows;
  for (const BreakdownRow& row : group.breakdown) {
    rows += "<tr><th scope=\"row\">" + escape_html(row.name) + "</th>" + offset_cells(row.impact_to_onset) + "</tr>";
  }
  std::vector<std::string> head(kOffsetHead.begin(), kOffsetHead.end() - 1);
  head.front() = "Strikes on";
  return "<h2>By material, surface and number of balls</h2>" +
         table(title_of(group.name) + ", picture to sound", head, rows);
}

std::string quality(double offset) {
  return std::abs(offset) <= 0.025 ? "good" : std::abs(offset) <= 0.050 ? "fair" : "bad";
}

std::string timeline(const FilmMeasure& film) {
  const SyncResult& sync = film.sync;
  std::vector<TimelineEvent> above, below;
  std::vector<TimelineLink> links;
  const auto offset_at = [](const std::vector<Match>& matches, double time) -> std::optional<double> {
    for (const Match& match : matches) {
      if (match.time == time) return match.offset;
    }
    return std::nullopt;
  };
  for (const Impact& impact : sync.impacts) {
    const auto offset = offset_at(sync.impact_to_onset, impact.time);
    const std::string told = offset ? ", offset " + fixed(*offset * 1000, 1) + " ms" : ", no onset";
    above.push_back({impact.time, offset ? impact.surface == "floor" ? "" : "wall" : "lone",
                     impact.surface + " at " + fixed(impact.time, 3) + " s" + told});
    if (offset) links.push_back({impact.time, impact.time + *offset, quality(*offset)});
  }
  for (const Onset& onset : sync.onsets) {
    const auto offset = offset_at(sync.onset_to_impact, onset.time);
    below.push_back({onset.time, offset ? "" : "lone", "onset at " + fixed(onset.time, 3) + " s"});
    if (offset) links.push_back({onset.time - *offset, onset.time, quality(*offset)});
  }
  return timeline_plot(above, below, links, film.seconds);
}

// Mean absolute offset over both directions, failed matches at the search radius: larger is worse.
double badness(const FilmMeasure& film) {
  Values offsets;
  for (const auto* matches : {&film.sync.impact_to_onset, &film.sync.onset_to_impact}) {
    for (const Match& match : *matches) offsets.push_back(std::abs(match.offset.value_or(kSearchRadius)));
  }
  return offsets.empty() ? kSearchRadius : mean_of(offsets);
}

std::string findings(const FilmMeasure& film) {
  std::string told = "mean offset " + fixed(badness(film) * 1000, 1) + " ms";
  for (const ObjectScore& object : film.objects) {
    const std::string color = object.color_seen.empty() ? "nothing" : object.color_seen;
    const std::string material = object.material_heard.empty() ? "silence" : object.material_heard;
    told += concat(" &middot; ", escape_html(color), " seen, ", escape_html(material), " heard, ",
                   object.floor_strikes_seen, " of ", object.floor_strikes, " floor strikes");
  }
  return told;
}

std::string film_card(const FilmMeasure& film) {
  std::string html = film.file.empty() ? "<article class=\"card film plain\">" : "<article class=\"card film\">";
  if (!film.file.empty()) {
    html += "<video controls loop preload=\"metadata\" playsinline src=\"" + escape_html(film.file) + "\"></video>";
  }
  return html + "<div><p>" + escape_html(film.truth.caption) + "</p><p class=\"soft\">" + findings(film) + "</p>" +
         timeline(film) + "</div></article>";
}

std::string cards(const std::vector<const FilmMeasure*>& films, std::size_t first, std::size_t last) {
  std::string html = "<div class=\"pair\">";
  for (std::size_t i = first; i < std::min(last, films.size()); ++i) html += film_card(*films[i]);
  return html + "</div>";
}

std::string film_section(const GroupReport& group) {
  std::vector<const FilmMeasure*> films;
  for (const FilmMeasure& film : group.films) films.push_back(&film);
  std::stable_sort(films.begin(), films.end(), [](auto* a, auto* b) { return badness(*a) > badness(*b); });
  const std::size_t shown = std::min<std::size_t>(6, films.size());
  std::string html =
      "<h2>Films: " + title_of(group.name) +
      "</h2><p class=\"soft\">Above: strikes seen. Below: onsets heard. "
      "Lines join what is nearest: green within 25 ms, amber within 50 ms, red beyond; red marks stand alone.</p>";
  html += "<h3>Worst</h3>" + cards(films, 0, shown);
  std::reverse(films.begin(), films.end());
  html += "<h3>Best</h3>" + cards(films, 0, shown);
  if (films.size() > 2 * shown) {
    html += "<details><summary>The other films, best first</summary>" + cards(films, shown, films.size() - shown) +
            "</details>";
  }
  return html;
}

// Films of falling balls.
std::string impacts_sections(const WorldReport& report) {
  std::string html =
      "<h2>Both directions</h2>" +
          direction_table(report,
                          "Picture to sound: the nearest onset of every strike seen (95 % intervals over films); "
                          "apart: strikes without an onset within 80 ms",
                          &GroupReport::impact_to_onset, &GroupReport::silent_impacts) +
          "<br>" +
          direction_table(report,
                          "Sound to picture: the nearest strike of every onset heard; apart: onsets without a "
                          "strike within 80 ms",
                          &GroupReport::onset_to_impact, &GroupReport::unseen_onsets) +
          "<br>" + truth_table(report);
  return html + plots(report) + breakdown_table(main_group(report)) + film_section(main_group(report));
}

}  // namespace

std::string report_page(const WorldReport& report, const std::vector<Circumstance>& circumstances) {
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                     "content=\"width=device-width, initial-scale=1\"><title>phonofilm evaluation</title><style>";
  html += kReportStyle;
  html += "</style></head><body><main>" + header(report, circumstances) + targets(report);
  if (!report.groups.empty()) html += impacts_sections(report);
  return html + scene_sections(report.scenes) + "</main></body></html>\n";
}

}  // namespace phonofilm::eval

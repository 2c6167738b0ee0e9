#include "phonofilm/eval/scene_page.h"

#include "phonofilm/base/text.h"
#include "phonofilm/eval/report_html.h"
#include "phonofilm/eval/svg_plot.h"

namespace phonofilm::eval {
namespace {

const SceneFigure* figure_in(const SceneGroup& group, const std::string& name) {
  for (const SceneFigure& figure : group.figures) {
    if (figure.spec.name == name) return &figure;
  }
  return nullptr;
}

std::string estimate_cell(const SceneFigure* figure) {
  if (!figure) return cell("&ndash;");
  const int digits = digits_of(figure->spec.unit);
  return cell(concat(fixed(figure->estimate.value, digits), "<small>", fixed(figure->estimate.low, digits), " to ",
                     fixed(figure->estimate.high, digits), "</small>"));
}

// Ground truth has every figure that any group has.
std::string figures_table(const SceneReport& scene) {
  std::vector<std::string> head{"Figure"};
  for (const SceneGroup& group : scene.groups) head.push_back(key_of(group.name));
  std::string rows;
  for (const SceneFigure& figure : scene.groups.front().figures) {
    const std::string unit = figure.spec.unit.empty() ? "" : ", " + figure.spec.unit;
    rows += "<tr><th scope=\"row\">" + escape_html(figure.spec.name + unit) + "</th>";
    for (const SceneGroup& group : scene.groups) rows += estimate_cell(figure_in(group, figure.spec.name));
    rows += "</tr>";
  }
  return table("Medians, and means of shares; 95 % intervals over films", head, rows);
}

std::string film_card(const SceneFilm& film, const SceneGroup& group) {
  std::string html = film.file.empty() ? "<article class=\"card film plain\">" : "<article class=\"card film\">";
  if (!film.file.empty()) {
    html += "<video controls loop preload=\"metadata\" playsinline src=\"" + escape_html(film.file) + "\"></video>";
  }
  html += "<div><p>" + escape_html(film.caption) + "</p><p class=\"soft\">";
  for (const SceneFigure& figure : group.figures) {
    const auto found = film.readings.find(figure.spec.name);
    if (found == film.readings.end() || found->second.empty()) continue;
    const double value = figure.spec.summary == Summary::median ? median_of(found->second) : mean_of(found->second);
    html += concat(escape_html(figure.spec.name), " ", fixed(value, digits_of(figure.spec.unit)), " ",
                   escape_html(figure.spec.unit), "<br>");
  }
  return html + "</p></div></article>";
}

const SceneGroup& main_group(const SceneReport& scene) {
  for (const char* name : {"generated", "codec_round_trip"}) {
    for (const SceneGroup& group : scene.groups) {
      if (group.name == name) return group;
    }
  }
  return scene.groups.front();
}

}  // namespace

std::string scene_sections(const std::vector<SceneReport>& scenes) {
  std::string html;
  for (const SceneReport& scene : scenes) {
    if (scene.groups.empty()) continue;
    const SceneGroup& group = main_group(scene);
    html += "<h2>Scene: " + escape_html(scene.scene) + "</h2>" + figures_table(scene) + "<details><summary>Films: " +
            title_of(group.name) + "</summary><div class=\"pair\">";
    for (const SceneFilm& film : group.films) html += film_card(film, group);
    html += "</div></details>";
  }
  return html;
}

}  // namespace phonofilm::eval

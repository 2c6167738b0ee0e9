#include "phonofilm/eval/scene_page.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/base/text.h"
#include "phonofilm/eval/report_html.h"
#include "phonofilm/eval/svg_plot.h"

namespace phonofilm::eval {
namespace {

std::string estimate_cell(const SceneFigure* figure) {
  if (!figure) return cell("&ndash;");
  const int digits = digits_of(figure->spec.unit);
  return cell(concat(fixed(figure->estimate.value, digits), "<small>", fixed(figure->estimate.low, digits), " to ",
                     fixed(figure->estimate.high, digits), "</small>"));
}

std::string figures_table(const SceneReport& scene) {
  std::vector<std::string> head{"Figure"};
  for (const SceneGroup& group : scene.groups) head.push_back(key_of(group.name));
  std::string rows;
  for (const FigureSpec& spec : scene.measured()) {
    rows += "<tr><th scope=\"row\">" + escape_html(spec.title()) + "</th>";
    for (const SceneGroup& group : scene.groups) rows += estimate_cell(group.figure(spec.name));
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
    const auto value = summary_of(figure.spec, film);
    if (!value) continue;
    html += concat(escape_html(figure.spec.name), " ", fixed(*value, digits_of(figure.spec.unit)), " ",
                   escape_html(figure.spec.unit), "<br>");
  }
  return html + "</p></div></article>";
}

const SceneGroup& main_group(const SceneReport& scene) {
  for (const char* name : {"generated", "codec_round_trip"}) {
    if (const SceneGroup* group = scene.group(name)) return *group;
  }
  return scene.groups.front();
}

// One for every target of generation that a film misses, and how far it is off, as a share of the target, up to one.
double badness(const SceneFilm& film, const std::vector<FigureSpec>& specs) {
  double sum = 0;
  for (const FigureSpec& spec : specs) {
    const auto value = summary_of(spec, film);
    if (!spec.generated_target || !value) continue;
    const double target = *spec.generated_target, short_of = spec.at_most ? *value - target : target - *value;
    if (short_of > 0) sum += 1 + std::min(short_of / std::max(std::abs(target), 1e-6), 1.0);
  }
  return sum;
}

std::string cards(const std::vector<const SceneFilm*>& films, std::size_t first, std::size_t last,
                  const SceneGroup& group) {
  std::string html = "<div class=\"pair\">";
  for (std::size_t i = first; i < std::min(last, films.size()); ++i) html += film_card(*films[i], group);
  return html + "</div>";
}

std::string film_section(const SceneGroup& group, const std::vector<FigureSpec>& specs) {
  constexpr std::size_t kShown = 4;
  std::vector<const SceneFilm*> films;
  for (const SceneFilm& film : group.films) films.push_back(&film);
  std::stable_sort(films.begin(), films.end(),
                   [&](auto* a, auto* b) { return badness(*a, specs) > badness(*b, specs); });
  const std::size_t best = films.size() - std::min(kShown, films.size());
  std::string html = "<h3>Worst films: " + title_of(group.name) + "</h3>" + cards(films, 0, kShown, group);
  html += "<h3>Best films</h3>" + cards(films, std::max(best, kShown), films.size(), group);
  if (best > kShown) {
    html +=
        "<details><summary>The other films, worst first</summary>" + cards(films, kShown, best, group) + "</details>";
  }
  return html;
}

}  // namespace

std::string scene_sections(const std::vector<SceneReport>& scenes) {
  std::string html;
  for (const SceneReport& scene : scenes) {
    if (scene.groups.empty()) continue;
    html += "<h2>Scene: " + escape_html(scene.scene) + "</h2>" + figures_table(scene) +
            film_section(main_group(scene), scene.specs);
  }
  return html;
}

}  // namespace phonofilm::eval

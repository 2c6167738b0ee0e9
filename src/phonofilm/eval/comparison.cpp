#include "phonofilm/eval/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/text.h"
#include "phonofilm/eval/svg_plot.h"

namespace phonofilm::eval {
namespace {

constexpr double kWidth = 640, kLabels = 150, kRight = 24, kTop = 34, kBottom = 30, kRow = 26;  // of plots
constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> names_of(const RunFigures& run) {
  std::vector<std::string> names;
  for (const auto& [name, value] : run.figures) names.push_back(name);
  return names;
}

double figure_of(const RunFigures& run, const std::string& name) {
  for (const auto& [own, value] : run.figures) {
    if (own == name) return value;
  }
  throw InvalidRequest("compare", concat(run.variant, ", seed ", run.seed, ": has no figure '", name, "'"));
}

Spread spread_of(const std::vector<double>& values) {
  if (values.empty()) return {kNothing, kNothing, kNothing};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  double sum = 0;
  for (const double value : values) sum += value;
  return {sum / double(values.size()), *low, *high};
}

// Three digits that count, whole numbers from 100 on.
std::string brief(double value) {
  const double size = std::abs(value);
  return fixed(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

std::string cell(const Spread& spread) {
  const std::string mean = brief(spread.mean), low = brief(spread.low), high = brief(spread.high);
  return low == high ? mean : concat(mean, " (", low, " to ", high, ")");
}

std::vector<std::string> variants_of(const std::vector<RunFigures>& runs) {
  std::vector<std::string> variants;
  for (const RunFigures& run : runs) {
    if (std::find(variants.begin(), variants.end(), run.variant) == variants.end()) variants.push_back(run.variant);
  }
  return variants;
}

std::string words(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

// The values of a figure, of one variant or of all, from the runs in which it could be measured.
std::vector<double> values_of(const std::vector<RunFigures>& runs, const std::string& figure,
                              const std::string& variant = "") {
  std::vector<double> values;
  for (const RunFigures& run : runs) {
    if (!variant.empty() && run.variant != variant) continue;
    const double value = figure_of(run, figure);
    if (!std::isnan(value)) values.push_back(value);
  }
  return values;
}

struct Axis {
  double step = 1, last = 1;
  double x(double value) const { return kLabels + value / last * (kWidth - kLabels - kRight); }
};

// From 0 to at least `top` in at most eight round steps.
Axis axis_to(double top) {
  if (top <= 0) return {};
  double step = std::pow(10, std::floor(std::log10(top))) / 10;
  for (const double factor : {2.0, 2.5, 2.0}) {  // 0.1, 0.2, 0.5, 1 times the power of ten
    if (top / step > 8) step *= factor;
  }
  return {step, std::ceil(top / step) * step};
}

std::string draw_axis(const Axis& axis, double height) {
  std::string svg;
  for (double tick = 0; tick <= axis.last + axis.step / 2; tick += axis.step) {
    const std::string x = fixed(axis.x(tick), 1);
    svg += concat("<path d='M", x, " ", kTop - 6, "V", height - kBottom + 4, "' stroke='#888' stroke-opacity='.25'/>",
                  "<text x='", x, "' y='", height - 10, "' text-anchor='middle'>", brief(tick), "</text>\n");
  }
  return svg;
}

std::string draw_row(const Axis& axis, const std::string& name, const std::vector<double>& values, double y) {
  std::string svg = concat("<text x='", kLabels - 10, "' y='", y + 4, "' text-anchor='end'>", escape_html(words(name)),
                           "</text>");
  for (const double value : values) {
    svg += concat("<circle cx='", fixed(axis.x(value), 1), "' cy='", y, "' r='4' fill='#2563eb' fill-opacity='.6'/>");
  }
  if (values.empty()) return svg;
  const std::string mean = fixed(axis.x(spread_of(values).mean), 1);
  return svg + concat("<path d='M", mean, " ", y - 9, "v18' stroke='#dc2626' stroke-width='2'/>\n");
}

}  // namespace

nlohmann::json to_json(const RunFigures& run) {
  nlohmann::json figures = nlohmann::json::array();
  for (const auto& [name, value] : run.figures) figures.push_back({{"name", name}, {"value", value}});
  return {{"variant", run.variant}, {"seed", run.seed}, {"figures", figures}};
}

RunFigures run_figures(const nlohmann::json& json, const std::string& where) {
  try {
    RunFigures run{json.at("variant").get<std::string>(), json.at("seed").get<std::int64_t>(), {}};
    for (const nlohmann::json& figure : json.at("figures")) {
      const nlohmann::json& value = figure.at("value");
      run.figures.emplace_back(figure.at("name").get<std::string>(), value.is_null() ? kNothing : value.get<double>());
    }
    return run;
  } catch (const nlohmann::json::exception& error) {
    throw CheckpointError("compare", concat(where, ": not the figures of a run (", error.what(),
                                            "); delete it to measure anew"));
  }
}

Comparison compare(const std::vector<RunFigures>& runs) {
  PF_CHECK(!runs.empty(), InvalidRequest, "compare", "no runs to compare");
  Comparison table{variants_of(runs), names_of(runs.front()), {}, {}};
  for (const RunFigures& run : runs) {
    PF_CHECK(names_of(run) == table.figures, InvalidRequest, "compare", run.variant, ", seed ", run.seed,
             ": has the figures ", join(names_of(run), ", "), "; the first run has ", join(table.figures, ", "));
  }
  for (const std::string& variant : table.variants) {
    std::vector<Spread> row;
    for (const std::string& figure : table.figures) row.push_back(spread_of(values_of(runs, figure, variant)));
    table.cells.push_back(std::move(row));
    const auto of_variant = [&](const RunFigures& run) { return run.variant == variant; };
    table.seeds.push_back(std::count_if(runs.begin(), runs.end(), of_variant));
  }
  return table;
}

std::string markdown_table(const Comparison& table) {
  std::string text = "| | " + join(table.figures, " | ") + " |\n|---|";
  for (size_t i = 0; i < table.figures.size(); ++i) text += "---|";
  for (size_t row = 0; row < table.variants.size(); ++row) {
    std::vector<std::string> cells;
    for (const Spread& spread : table.cells[row]) cells.push_back(cell(spread));
    text += concat("\n| ", words(table.variants[row]), ", ", table.seeds[row],
                   table.seeds[row] == 1 ? " seed | " : " seeds | ", join(cells, " | "), " |");
  }
  return text + "\n";
}

std::string dot_plot(const std::vector<RunFigures>& runs, const std::string& figure) {
  const std::vector<std::string> variants = variants_of(runs);
  std::vector<double> all = values_of(runs, figure);
  const Axis axis = axis_to(all.empty() ? 0 : *std::max_element(all.begin(), all.end()));
  const double height = kTop + kRow * double(variants.size()) + kBottom;
  std::string svg = concat("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 ", kWidth, " ", height,
                           "' font-family='sans-serif' font-size='12' fill='#888'>\n<text x='", kLabels,
                           "' y='18' font-weight='bold'>", escape_html(figure), "</text>\n");
  svg += draw_axis(axis, height);
  for (size_t row = 0; row < variants.size(); ++row) {
    svg += draw_row(axis, variants[row], values_of(runs, figure, variants[row]), kTop + kRow * (double(row) + 0.5));
  }
  return svg + "</svg>\n";
}

}  // namespace phonofilm::eval

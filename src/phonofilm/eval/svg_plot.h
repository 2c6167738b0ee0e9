// Small plots as inline SVG text. Colours come from the page's style sheet by class name, so that one plot serves light
// and dark pages.
#pragma once

#include <string>
#include <vector>

namespace phonofilm::eval {

std::string escape_html(const std::string& text);
std::string fixed(double value, int digits);  // "12.50"; "n/a" when not finite

struct Curve {
  std::string label, style;     // style: CSS class of the line
  std::vector<double> values;   // absolute, in the unit of the axis; larger than x_max: never reached
};

// The share of values at most x, for x from 0 to x_max; `guides` are dashed lines at marked x.
std::string cumulative_plot(const std::vector<Curve>& curves, double x_max, const std::vector<double>& guides,
                            const std::string& x_label);

// Counts of signed values in bins over [-reach, reach]; what lies outside is not drawn.
std::string histogram_plot(const Curve& curve, double reach, int bins, const std::string& x_label);

// Events of two kinds on one time axis, joined where they belong together.
struct TimelineEvent {
  double time = 0;     // seconds
  std::string style;   // CSS class of the mark
  std::string title;   // shown by the pointer
};
struct TimelineLink {
  double from = 0, to = 0;  // above, below
  std::string style;
};
std::string timeline_plot(const std::vector<TimelineEvent>& above, const std::vector<TimelineEvent>& below,
                          const std::vector<TimelineLink>& links, double seconds);

}  // namespace phonofilm::eval

#include "phonofilm/eval/svg_plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "phonofilm/base/text.h"

namespace phonofilm::eval {
namespace {

// A drawing area in a viewBox, with margins for axis labels.
struct Frame {
  double width, height, left, right, top, bottom;
  double x(double share) const { return left + share * (width - left - right); }
  double y(double share) const { return height - bottom - share * (height - top - bottom); }
};

std::string open_svg(const Frame& frame, const std::string& label) {
  return concat("<svg viewBox=\"0 0 ", frame.width, " ", frame.height, "\" role=\"img\" aria-label=\"",
                escape_html(label), "\">");
}

std::string line(double x1, double y1, double x2, double y2, const std::string& style) {
  return concat("<line class=\"", style, "\" x1=\"", fixed(x1, 1), "\" y1=\"", fixed(y1, 1), "\" x2=\"", fixed(x2, 1),
                "\" y2=\"", fixed(y2, 1), "\"/>");
}

std::string text(double x, double y, const std::string& anchor, const std::string& content) {
  return concat("<text x=\"", fixed(x, 1), "\" y=\"", fixed(y, 1), "\" text-anchor=\"", anchor, "\">",
                escape_html(content), "</text>");
}

std::string x_label_text(const Frame& frame, const std::string& label) {
  return text(frame.x(0.5), frame.height - 4, "middle", label);
}

std::string share_axis(const Frame& frame) {
  std::string svg;
  for (int percent = 0; percent <= 100; percent += 25) {
    const double y = frame.y(percent / 100.0);
    svg += line(frame.x(0), y, frame.x(1), y, "grid") + text(frame.left - 5, y + 3.5, "end", concat(percent, " %"));
  }
  return svg;
}

std::string steps(const Frame& frame, const Curve& curve, double x_max) {
  std::vector<double> sorted = curve.values;
  std::sort(sorted.begin(), sorted.end());
  std::string points = concat(fixed(frame.x(0), 1), ",", fixed(frame.y(0), 1));
  double share = 0;
  for (std::size_t i = 0; i < sorted.size() && sorted[i] <= x_max; ++i) {
    const std::string x = fixed(frame.x(sorted[i] / x_max), 1);
    points += concat(" ", x, ",", fixed(frame.y(share), 1));
    share = double(i + 1) / double(sorted.size());
    points += concat(" ", x, ",", fixed(frame.y(share), 1));
  }
  points += concat(" ", fixed(frame.x(1), 1), ",", fixed(frame.y(share), 1));
  return concat("<polyline class=\"curve ", curve.style, "\" points=\"", points, "\"><title>", escape_html(curve.label),
                "</title></polyline>");
}

std::string mark(double x, double y, bool above, const TimelineEvent& event) {
  const double tip = above ? 7 : -7;
  return concat("<path class=\"mark ", event.style, "\" d=\"M", fixed(x, 1), " ", fixed(y, 1), "l-5 ", -tip,
                "h10z\"><title>", escape_html(event.title), "</title></path>");
}

}  // namespace

std::string escape_html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string fixed(double value, int digits) {
  if (!std::isfinite(value)) return "n/a";
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
  const bool minus_zero = std::string(buffer).find_first_not_of("-0.") == std::string::npos && buffer[0] == '-';
  return minus_zero ? buffer + 1 : buffer;
}

std::string cumulative_plot(const std::vector<Curve>& curves, double x_max, const std::vector<double>& guides,
                            const std::string& x_label) {
  const Frame frame{520, 300, 48, 12, 12, 40};
  std::string svg = open_svg(frame, "share of events by offset") + share_axis(frame);
  for (const double guide : guides) {
    const double x = frame.x(guide / x_max);
    svg += line(x, frame.y(0), x, frame.y(1), "guide") + text(x, frame.y(0) + 14, "middle", fixed(guide, 0));
  }
  svg += text(frame.x(1), frame.y(0) + 14, "end", fixed(x_max, 0)) + text(frame.x(0), frame.y(0) + 14, "middle", "0");
  for (const Curve& curve : curves) svg += steps(frame, curve, x_max);
  return svg + x_label_text(frame, x_label) + "</svg>";
}

std::string histogram_plot(const Curve& curve, double reach, int bins, const std::string& x_label) {
  const Frame frame{190, 130, 10, 10, 6, 32};
  std::vector<int> counts(std::size_t(bins), 0);
  for (const double value : curve.values) {
    const double share = (value + reach) / (2 * reach);
    if (share >= 0 && share < 1) ++counts[std::size_t(share * bins)];
  }
  const int most = std::max(1, *std::max_element(counts.begin(), counts.end()));
  std::string svg = open_svg(frame, "offsets of " + curve.label);
  for (int bin = 0; bin < bins; ++bin) {
    const double share = double(counts[std::size_t(bin)]) / most, x = frame.x(double(bin) / bins);
    const double width = frame.x(double(bin + 1) / bins) - x - 0.6;
    if (share == 0) continue;
    svg += concat("<rect class=\"bar ", curve.style, "\" x=\"", fixed(x, 1), "\" y=\"", fixed(frame.y(share), 1),
                  "\" width=\"", fixed(width, 1), "\" height=\"", fixed(frame.y(0) - frame.y(share), 1), "\"/>");
  }
  svg += line(frame.x(0), frame.y(0), frame.x(1), frame.y(0), "axis");
  for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    svg += text(frame.x(share), frame.y(0) + 12, share == 0 ? "start" : share == 1 ? "end" : "middle",
                fixed((2 * share - 1) * reach, 0));
  }
  return svg + x_label_text(frame, x_label) + "</svg>";
}

std::string timeline_plot(const std::vector<TimelineEvent>& above, const std::vector<TimelineEvent>& below,
                          const std::vector<TimelineLink>& links, double seconds) {
  const Frame frame{520, 74, 44, 10, 6, 14};
  const double high = 24, low = 46;
  std::string svg = open_svg(frame, "strikes seen and onsets heard");
  svg += text(frame.left - 8, high - 1, "end", "seen") + text(frame.left - 8, low + 8, "end", "heard");
  for (double tick = 0; tick <= seconds + 1e-9; tick += 0.5) {
    svg += line(frame.x(tick / seconds), 8, frame.x(tick / seconds), 60, "grid") +
           text(frame.x(tick / seconds), frame.height - 3, "middle", fixed(tick, 1) + " s");
  }
  for (const TimelineLink& link : links) {
    svg += line(frame.x(link.from / seconds), high, frame.x(link.to / seconds), low, "link " + link.style);
  }
  for (const TimelineEvent& event : above) svg += mark(frame.x(event.time / seconds), high, true, event);
  for (const TimelineEvent& event : below) svg += mark(frame.x(event.time / seconds), low, false, event);
  return svg + "</svg>";
}

}  // namespace phonofilm::eval

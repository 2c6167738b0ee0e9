// What the ruler of a scene reads off one film, and what the readings of many films are held against.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/eval/statistics.h"

namespace phonofilm::eval {

// The values of one film by the name of their figure; a figure that has no answer in this film is missing.
using Readings = std::map<std::string, Values>;

enum class Summary { median, mean };

struct FigureSpec {
  std::string name, unit;  // unit: "", "ms", "%", "semitones"; a share enters as 0 or 100
  Summary summary = Summary::median;
  bool at_most = false;    // the targets are limits from above
  // What rendered and generated films ought to reach; a figure without targets is only reported.
  std::optional<double> truth_target = {}, generated_target = {};
  std::string title() const { return unit.empty() ? name : name + ", " + unit; }  // "light on to beep on, ms"
};

// For every moment of `from` the way to the nearest of `to`, at most `missing`; seconds in, milliseconds out.
Values nearest_ms(const std::vector<double>& from, const std::vector<double>& to, double missing);

// 100 or 0: the value that a yes or no enters a share with.
inline double percent_of(bool yes) { return yes ? 100 : 0; }

// A figure held against what it ought to be.
struct Check {
  std::string group, figure;
  double value = 0, target = 0;  // value: not a number where nothing could be measured, which misses every target
  bool at_most = false;  // the value should not exceed the target; else it should reach it
  std::string unit;      // "ms", "%", "semitones" or none
  bool passed() const { return at_most ? value <= target : value >= target; }
};

}  // namespace phonofilm::eval

// A tune on a xylophone and the mallet that strikes it: closed form, exact at any time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phonofilm/base/random.h"

namespace phonofilm::world {

inline constexpr std::int64_t kBars = 6;
// Major pentatonic from C5, equal temperament, A4 = 440 Hz. bar: 0 the longest.
double bar_frequency(std::int64_t bar);
// Middle of a bar in a picture of that width / height; heights.
double bar_x(std::int64_t bar, double aspect);
double bar_half_length(std::int64_t bar);
double bar_half_width(double aspect);
inline constexpr double kBarMiddle = 0.62;  // y of every bar, where the mallet strikes
// A bar lights up when it is struck, and fades: the share of white in its colour at that moment.
inline constexpr double kStruckWhite = 0.75;

struct Note {
  double time = 0;       // seconds, when the mallet touches the bar
  std::int64_t bar = 0;
  double loudness = 1;   // 0.6 to 1
};

// 2 to 6 notes, at least kNotesApart from each other and 0.14 s from both ends; neighbours differ.
std::vector<Note> draw_tune(double seconds, Random& random);
inline constexpr double kNotesApart = 0.16;

// What captions call the bars: "one" is the longest.
const std::vector<std::string>& bar_numbers();

inline constexpr double kMalletHead = 0.042;  // radius, heights
// Of the mallet above the bars at `time` if it strikes at these times: arcs between them, the higher the more time
// there is; before the first it waits at its highest point, after the last it goes up and stays. strikes: ascending,
// not none.
double mallet_height(double time, const std::vector<double>& strikes);

struct MalletState {
  double x = 0, y = 0;  // centre of its head, heights
};

class Mallet {
 public:
  Mallet(std::vector<Note> notes, double aspect);
  // Between two notes on an arc, the higher the more time there is; on the bar exactly at each note.
  MalletState at(double time) const;
  // Downward speed just before a note, heights per second.
  double speed_before(std::size_t note) const;

 private:
  std::vector<Note> notes_;
  std::vector<double> times_;
  double aspect_;
};

}  // namespace phonofilm::world

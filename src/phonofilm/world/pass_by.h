// A source of sound that passes a listener on a straight road: where it is seen, and when, how high and from which side
// it is heard.
#pragma once

namespace phonofilm::world {

inline constexpr double kMetresPerHeight = 14;  // of the picture, at the distance of what passes
inline constexpr double kSpeedOfSound = 343;  // m/s, in air of 20 degrees

struct PassBy {
  double speed = 15;     // m/s, positive to the right
  double nearest = 5;    // metres, when it is straight ahead
  double time = 1;       // seconds, when it is straight ahead

  // Metres to the right of straight ahead.
  double position(double seconds) const { return speed * (seconds - time); }
  double distance(double seconds) const;
  // When what is heard at `seconds` was emitted: t = e + distance(e) / c, solved for e.
  double emitted(double seconds) const;
  // Frequency heard over frequency emitted: d emitted / d seconds = 1 / (1 + radial speed / c).
  double frequency_ratio(double seconds) const;
  // Where it is seen: 0 left, 0.5 straight ahead, 1 right; and from where it is heard.
  double direction(double seconds) const;
  double pan(double seconds) const { return direction(emitted(seconds)); }
};

}  // namespace phonofilm::world

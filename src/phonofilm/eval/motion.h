// When did something strike? Seen in the picture alone: kinks in the course of a falling or flying object.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phonofilm/eval/objects.h"
#include "phonofilm/eval/piecewise.h"

namespace phonofilm::eval {

// What is known of the world's mechanics. Lengths in heights of the picture, seconds.
struct Mechanics {
  double gravity = 4.06;
  double floor = 0.86;            // where the lowest point of an object touches
  double wall = 0.04;             // thickness of the side walls, in widths of the picture
  double least_floor_speed = 0.42;  // slower contacts make no sound
  double least_wall_speed = 0.12;
  double least_return = 0.2;        // seconds: a ball that is heard leaves the floor for a quarter of a second at least
  double contact_tolerance = 0.10;  // how far from floor or wall a strike may seem to happen
};

// One strike, seen.
struct Impact {
  std::int64_t object = 0;  // index of the track
  std::string surface;      // "floor", "left wall", "right wall"
  double time = 0;          // seconds from the centre of the first frame
  double x = 0, y = 0;      // centre of the object, heights
  double speed = 0;         // before the strike, normal to the surface, heights per second
  double confidence = 0;    // 1 / (1 + (standard error of the time / 10 ms)^2)
};

// Floor strikes: y(t) is split into free falls and rests; around each end of a fall the fall, its vertex and what
// follows are fitted as one curve, whose vertex is the strike. Side walls: likewise with x(t).
std::vector<Impact> find_impacts(const Track& track, const Mechanics& mechanics = {});

// Of all tracks, in order of time.
std::vector<Impact> find_impacts(const std::vector<Track>& tracks, const Mechanics& mechanics = {});

}  // namespace phonofilm::eval

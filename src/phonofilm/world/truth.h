// What is exactly true of a rendered clip: the ruler against which generated films and metrics are measured.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace phonofilm::world {

// A thing in the scene. Lengths are in units of the picture's height; the origin is the top left corner.
struct Object {
  std::string color;     // "red"
  std::string material;  // "wood"
  double radius = 0;
  double x = 0, y = 0;   // centre in the first frame
  double drift = 0;      // sideways speed after the release, heights per second, positive to the right
};

// One strike, at its exact time.
struct Event {
  double time = 0;        // seconds from the first sample, which is also the centre of the first frame
  std::string surface;    // "floor", "left wall", "right wall"
  std::int64_t object = 0;  // index into Truth::objects
  double x = 0, y = 0;    // centre of the object at that moment
  double speed = 0;       // normal to the surface, heights per second, before the strike
};

struct Truth {
  std::string scene;  // the scene's name, e.g. "impacts"
  std::uint64_t seed = 0;
  std::string caption;
  std::vector<Object> objects;
  std::vector<Event> events;  // in order of time
};

// How often `object` strikes `surface`; an empty surface counts all of them.
std::int64_t count_strikes(const Truth& truth, std::int64_t object, const std::string& surface = "");

nlohmann::json to_json(const Truth& truth);
// Throws InvalidRequest where a key is missing or of the wrong type, a number is not finite, an event names no
// object, or the events are out of order.
Truth truth_from_json(const nlohmann::json& json);

}  // namespace phonofilm::world

// What is exactly true of a rendered clip: the ruler against which generated films and metrics are measured.
#pragma once

#include <cstdint>
#include <map>
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
  std::map<std::string, std::string> details = {};  // what else it is called: {"hair", "black"}
  std::map<std::string, double> amounts = {};       // what else is measured of it: {"frequency", 440}, in Hz
};

// One strike, at its exact time.
struct Event {
  double time = 0;        // seconds from the first sample, which is also the centre of the first frame
  std::string surface;    // "floor", "left wall", "right wall"
  std::int64_t object = 0;  // index into Truth::objects
  double x = 0, y = 0;    // centre of the object at that moment
  double speed = 0;       // normal to the surface, heights per second, before the strike
};

// What lasts: a spoken word, a phoneme, a light. From `start` to `end`, seconds.
struct Span {
  std::string kind;         // "word", "phoneme", "mouth", "blink", "light"
  std::string label;        // what it is: "hello"
  double start = 0, end = 0;
  std::int64_t object = 0;  // index into Truth::objects
};

// A quantity over time: value k is the one at second k / kTrackRate.
inline constexpr double kTrackRate = 240;
struct Track {
  std::string name;         // "mouth opening"; docs/world.md lists them with their units
  std::int64_t object = 0;  // index into Truth::objects
  std::vector<double> values;
};

struct Truth {
  std::string scene;  // the scene's name, e.g. "impacts"
  std::uint64_t seed = 0;
  std::string caption;
  std::vector<Object> objects;
  std::vector<Event> events;  // in order of time
  std::vector<Span> spans;    // in order of kind, object and time
  std::vector<Track> tracks;
};

// How often `object` strikes `surface`; an empty surface counts all of them.
std::int64_t count_strikes(const Truth& truth, std::int64_t object, const std::string& surface = "");

// The spans of one kind, in the order of the truth; object -1: of every object.
std::vector<Span> spans_of(const Truth& truth, const std::string& kind, std::int64_t object = -1);

// Null where there is none of that name.
const Track* find_track(const Truth& truth, const std::string& name, std::int64_t object = 0);
// Between two values in proportion; beyond the ends the nearest one. Throws InvalidRequest for a track without values.
double value_at(const Track& track, double time);

// Spans, tracks, details and amounts are written where there are any.
nlohmann::json to_json(const Truth& truth);
// Throws InvalidRequest where a key is missing or of the wrong type, a number is not finite, an event, span or track
// names no object, a span ends before it starts, or the events are out of order.
Truth truth_from_json(const nlohmann::json& json);

}  // namespace phonofilm::world

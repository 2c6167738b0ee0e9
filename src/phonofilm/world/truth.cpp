#include "phonofilm/world/truth.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"

namespace phonofilm::world {
namespace {

constexpr const char* kOperation = "read truth";

template <class Value>
Value member(const nlohmann::json& json, const char* key) {
  PF_CHECK(json.is_object(), InvalidRequest, kOperation, "expected an object, got ", json.dump());
  const auto found = json.find(key);
  PF_CHECK(found != json.end(), InvalidRequest, kOperation, "\"", key, "\" is missing");
  try {
    return found->get<Value>();
  } catch (const nlohmann::json::exception& error) {
    throw InvalidRequest(kOperation, concat("\"", key, "\": ", error.what()));
  }
}

double number(const nlohmann::json& json, const char* key) {
  const auto value = member<double>(json, key);
  PF_CHECK(std::isfinite(value), InvalidRequest, kOperation, "\"", key, "\" must be finite, got ", value);
  return value;
}

// The whole numbers of a truth are never negative, and a fraction or a sign must not be rounded away.
std::uint64_t whole(const nlohmann::json& json, const char* key) {
  const auto value = member<nlohmann::json>(json, key);
  PF_CHECK(value.is_number_unsigned(), InvalidRequest, kOperation, "\"", key,
           "\" must be a whole number of at least 0, got ", value.dump());
  return value.get<std::uint64_t>();
}

nlohmann::json list(const nlohmann::json& json, const char* key) {
  auto value = member<nlohmann::json>(json, key);
  PF_CHECK(value.is_array(), InvalidRequest, kOperation, "\"", key, "\" must be a list, got ", value.dump());
  return value;
}

// Lists and maps that older truths and simpler scenes do not have.
nlohmann::json optional_list(const nlohmann::json& json, const char* key) {
  return json.contains(key) ? list(json, key) : nlohmann::json::array();
}

template <class Value>
std::map<std::string, Value> optional_map(const nlohmann::json& json, const char* key) {
  return json.contains(key) ? member<std::map<std::string, Value>>(json, key) : std::map<std::string, Value>{};
}

std::int64_t object_index(const nlohmann::json& json, const char* what, size_t objects) {
  const std::uint64_t object = whole(json, "object");
  PF_CHECK(object < objects, InvalidRequest, kOperation, what, " names object ", object, " of ", objects);
  return std::int64_t(object);
}

Object read_object(const nlohmann::json& json) {
  Object object{member<std::string>(json, "color"), member<std::string>(json, "material"), number(json, "radius"),
                number(json, "x"), number(json, "y"), number(json, "drift")};
  object.details = optional_map<std::string>(json, "details");
  object.amounts = optional_map<double>(json, "amounts");
  return object;
}

Event read_event(const nlohmann::json& json, size_t objects) {
  return {number(json, "time"), member<std::string>(json, "surface"), object_index(json, "an event", objects),
          number(json, "x"), number(json, "y"), number(json, "speed")};
}

Span read_span(const nlohmann::json& json, size_t objects) {
  Span span{member<std::string>(json, "kind"), member<std::string>(json, "label"), number(json, "start"),
            number(json, "end"), object_index(json, "a span", objects)};
  PF_CHECK(span.start <= span.end, InvalidRequest, kOperation, "a span starts at ", span.start, " and ends at ",
           span.end);
  return span;
}

Track read_track(const nlohmann::json& json, size_t objects) {
  return {member<std::string>(json, "name"), object_index(json, "a track", objects),
          member<std::vector<double>>(json, "values")};
}

nlohmann::json write_object(const Object& o) {
  nlohmann::json json{{"color", o.color}, {"material", o.material}, {"radius", o.radius},
                      {"x", o.x}, {"y", o.y}, {"drift", o.drift}};
  if (!o.details.empty()) json["details"] = o.details;
  if (!o.amounts.empty()) json["amounts"] = o.amounts;
  return json;
}

}  // namespace

std::int64_t count_strikes(const Truth& truth, std::int64_t object, const std::string& surface) {
  return std::count_if(truth.events.begin(), truth.events.end(), [&](const Event& event) {
    return event.object == object && (surface.empty() || event.surface == surface);
  });
}

std::vector<Span> spans_of(const Truth& truth, const std::string& kind, std::int64_t object) {
  std::vector<Span> spans;
  for (const Span& span : truth.spans) {
    if (span.kind == kind && (object < 0 || span.object == object)) spans.push_back(span);
  }
  return spans;
}

const Track* find_track(const Truth& truth, const std::string& name, std::int64_t object) {
  for (const Track& track : truth.tracks) {
    if (track.name == name && track.object == object) return &track;
  }
  return nullptr;
}

double value_at(const Track& track, double time) {
  PF_CHECK(!track.values.empty(), InvalidRequest, "read truth", "track '", track.name, "' has no values");
  const double last = double(track.values.size() - 1), place = std::clamp(time * kTrackRate, 0.0, last);
  const auto index = size_t(place);
  if (index + 1 == track.values.size()) return track.values.back();
  const double share = place - double(index);
  return track.values[index] * (1 - share) + track.values[index + 1] * share;
}

nlohmann::json to_json(const Truth& truth) {
  nlohmann::json objects = nlohmann::json::array(), events = nlohmann::json::array();
  for (const Object& o : truth.objects) objects.push_back(write_object(o));
  for (const Event& e : truth.events) {
    events.push_back({{"time", e.time}, {"surface", e.surface}, {"object", std::uint64_t(e.object)},
                      {"x", e.x}, {"y", e.y}, {"speed", e.speed}});
  }
  nlohmann::json json{{"scene", truth.scene}, {"seed", truth.seed}, {"caption", truth.caption},
                      {"objects", std::move(objects)}, {"events", std::move(events)}};
  for (const Span& s : truth.spans) {
    json["spans"].push_back({{"kind", s.kind}, {"label", s.label}, {"start", s.start}, {"end", s.end},
                             {"object", std::uint64_t(s.object)}});
  }
  for (const Track& t : truth.tracks) {
    json["tracks"].push_back({{"name", t.name}, {"object", std::uint64_t(t.object)}, {"values", t.values}});
  }
  return json;
}

Truth truth_from_json(const nlohmann::json& json) {
  Truth truth;
  truth.scene = member<std::string>(json, "scene");
  truth.seed = whole(json, "seed");
  truth.caption = member<std::string>(json, "caption");
  for (const nlohmann::json& object : list(json, "objects")) truth.objects.push_back(read_object(object));
  for (const nlohmann::json& event : list(json, "events")) {
    truth.events.push_back(read_event(event, truth.objects.size()));
  }
  for (const nlohmann::json& span : optional_list(json, "spans")) {
    truth.spans.push_back(read_span(span, truth.objects.size()));
  }
  for (const nlohmann::json& track : optional_list(json, "tracks")) {
    truth.tracks.push_back(read_track(track, truth.objects.size()));
  }
  const auto earlier = [](const Event& a, const Event& b) { return a.time < b.time; };
  PF_CHECK(std::is_sorted(truth.events.begin(), truth.events.end(), earlier), InvalidRequest, kOperation,
           "\"events\" must be in order of time");
  return truth;
}

}  // namespace phonofilm::world

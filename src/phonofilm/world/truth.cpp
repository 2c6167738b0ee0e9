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

Object read_object(const nlohmann::json& json) {
  return {member<std::string>(json, "color"), member<std::string>(json, "material"), number(json, "radius"),
          number(json, "x"), number(json, "y"), number(json, "drift")};
}

Event read_event(const nlohmann::json& json, size_t objects) {
  const std::uint64_t object = whole(json, "object");
  PF_CHECK(object < objects, InvalidRequest, kOperation, "an event names object ", object, " of ", objects);
  return {number(json, "time"), member<std::string>(json, "surface"), std::int64_t(object),
          number(json, "x"), number(json, "y"), number(json, "speed")};
}

}  // namespace

std::int64_t count_strikes(const Truth& truth, std::int64_t object, const std::string& surface) {
  return std::count_if(truth.events.begin(), truth.events.end(), [&](const Event& event) {
    return event.object == object && (surface.empty() || event.surface == surface);
  });
}

nlohmann::json to_json(const Truth& truth) {
  nlohmann::json objects = nlohmann::json::array(), events = nlohmann::json::array();
  for (const Object& o : truth.objects) {
    objects.push_back({{"color", o.color}, {"material", o.material}, {"radius", o.radius},
                       {"x", o.x}, {"y", o.y}, {"drift", o.drift}});
  }
  for (const Event& e : truth.events) {
    events.push_back({{"time", e.time}, {"surface", e.surface}, {"object", std::uint64_t(e.object)},
                      {"x", e.x}, {"y", e.y}, {"speed", e.speed}});
  }
  return {{"scene", truth.scene}, {"seed", truth.seed}, {"caption", truth.caption},
          {"objects", std::move(objects)}, {"events", std::move(events)}};
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
  const auto earlier = [](const Event& a, const Event& b) { return a.time < b.time; };
  PF_CHECK(std::is_sorted(truth.events.begin(), truth.events.end(), earlier), InvalidRequest, kOperation,
           "\"events\" must be in order of time");
  return truth;
}

}  // namespace phonofilm::world

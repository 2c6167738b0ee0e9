#include <algorithm>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/fields.h"
#include "phonofilm/cli/film_settings.h"

namespace phonofilm::cli {

nlohmann::json embedded_settings(const media::Metadata& metadata) {
  const auto entry = metadata.find(media::kSettingsKey);
  if (entry == metadata.end()) return {};
  try {
    return parse_json(entry->second, "settings");
  } catch (const InvalidRequest&) {
    return nlohmann::json(nlohmann::json::value_t::discarded);
  }
}

std::vector<double> embedded_joints(const nlohmann::json& settings, const std::string& file) {
  const nlohmann::json::json_pointer place("/film/joints");
  if (!settings.is_object() || !settings.contains(place)) return {};
  const nlohmann::json& joints = settings.at(place);
  const bool numbers = joints.is_array() && std::all_of(joints.begin(), joints.end(),
                                                        [](const nlohmann::json& joint) { return joint.is_number(); });
  PF_CHECK(numbers, MediaError, "eval", file, ": film.joints of its settings are no list of numbers; give --joints");
  return joints.get<std::vector<double>>();
}

}  // namespace phonofilm::cli

#include "phonofilm/cli/film_measures.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "phonofilm/base/text.h"
#include "phonofilm/eval/sync.h"

namespace phonofilm::cli {

std::string describe_strikes(const families::ModelInfo& model, const Clip& clip, nlohmann::json& description) {
  if (!model.shows_strikes || !clip.has_video() || !clip.has_audio()) return "";
  const eval::SyncResult sync = eval::measure_sync(clip);
  description["measured"] = eval::to_json(sync);
  if (sync.impacts.empty()) return "";  // people, cars and rain strike nothing, and are heard
  // Without a sound, the median would only be what a missing one counts as.
  const auto median = sync.onsets.empty() ? std::nullopt : sync.median_offset();
  return concat(", ", sync.impacts.size(), " strikes seen, ", sync.onsets.size(), " heard",
                median ? concat(", median offset ", std::llround(*median * 1000), " ms") : "");
}

}  // namespace phonofilm::cli

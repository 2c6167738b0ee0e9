#include "phonofilm/weights/strict_json.h"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"

namespace phonofilm::weights {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 16;

// Watches the parser: one set of keys for every object that is open.
class KeyWatch {
 public:
  explicit KeyWatch(std::string where) : where_(std::move(where)) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    using Event = Json::parse_event_t;
    const bool opens = event == Event::object_start || event == Event::array_start;
    PF_CHECK(!opens || depth < kDeepest, CheckpointError, "load", where_, " nests deeper than ", kDeepest, " levels");
    if (event == Event::object_start) open_objects_.emplace_back();
    if (event == Event::object_end) open_objects_.pop_back();
    if (event == Event::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      PF_CHECK(open_objects_.back().insert(key).second, CheckpointError, "load", where_, " has the key ", in_quotes(key), " twice");
    }
    return true;
  }

 private:
  std::string where_;
  std::vector<std::set<std::string>> open_objects_;
};

}  // namespace

Json parse_strict_json(const std::string& where, std::string_view text) {
  // The parser would take a NUL byte for the end and ignore what follows.
  PF_CHECK(text.find('\0') == text.npos, CheckpointError, "load", where, " is not a JSON object: it holds a NUL byte");
  KeyWatch watch(where);
  const auto observe = [&watch](int depth, Json::parse_event_t event, Json& parsed) { return watch(depth, event, parsed); };
  Json parsed = Json::parse(text.begin(), text.end(), observe, /*allow_exceptions=*/false);
  PF_CHECK(parsed.is_object(), CheckpointError, "load", where, " is not a JSON object");
  return parsed;
}

}  // namespace phonofilm::weights

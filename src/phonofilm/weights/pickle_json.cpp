#include "phonofilm/weights/pickle_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"

namespace phonofilm::weights {
namespace {

using Json = nlohmann::json;
using Items = std::vector<const PickleValue*>;

constexpr int kDeepest = 16;  // as strict JSON
constexpr std::size_t kMostValues = 4096, kMostText = 65'536;

class Converter {
 public:
  explicit Converter(const std::string& where) : where_(where) {}
  Json convert(const std::string& place, const PickleValue& value, int depth);

 private:
  Json scalar(const std::string& place, const PickleValue& value);
  Json array(const std::string& place, const Items& items, int depth);
  Json object(const std::string& place, const PickleDict& dict, int depth);
  std::string text(const std::string& place, std::string_view text);
  [[noreturn]] void refuse(const std::string& place, const std::string& message) const {
    throw CheckpointError("load", concat(where_, ": ", place.empty() ? "it" : in_quotes(place), " ", message));
  }

  const std::string& where_;
  std::size_t values_ = 0, text_ = 0;  // converted so far
};

std::string Converter::text(const std::string& place, std::string_view text) {
  if (text.size() > kMostText - text_) refuse(place, concat("exceeds ", kMostText, " bytes of text: not a configuration"));
  text_ += text.size();
  return std::string(text);
}

Json Converter::scalar(const std::string& place, const PickleValue& value) {
  if (value.as<PickleNone>() != nullptr) return nullptr;
  if (const auto* flag = value.as<bool>()) return *flag;
  if (const auto* number = value.as<std::int64_t>()) return *number;
  if (const auto* words = value.as<std::string_view>()) return text(place, *words);
  const auto* number = value.as<double>();
  if (number == nullptr) refuse(place, "is neither a number, a string, a flag, None, a list nor a dictionary");
  if (!std::isfinite(*number)) refuse(place, "is not a finite number");
  return *number;
}

Json Converter::array(const std::string& place, const Items& items, int depth) {
  Json result = Json::array();
  for (std::size_t i = 0; i < items.size(); ++i) result.push_back(convert(concat(place, "[", i, "]"), *items[i], depth + 1));
  return result;
}

Json Converter::object(const std::string& place, const PickleDict& dict, int depth) {
  Json result = Json::object();
  for (const auto& [key, value] : dict.items) {
    const auto* name = key->as<std::string_view>();
    if (name == nullptr) refuse(place, "has a key that is no string");
    const std::string own = text(place, *name);
    const std::string inner = place.empty() ? own : concat(place, ".", own);
    if (result.contains(own)) refuse(inner, "stands twice");
    result[own] = convert(inner, *value, depth + 1);
  }
  return result;
}

Json Converter::convert(const std::string& place, const PickleValue& value, int depth) {
  if (depth >= kDeepest) refuse(place, concat("nests deeper than ", kDeepest, " levels, or contains itself"));
  if (++values_ > kMostValues) refuse(place, concat("exceeds ", kMostValues, " values: not a configuration"));
  if (const auto* dict = value.as<PickleDict>()) return object(place, *dict, depth);
  if (const auto* list = value.as<PickleList>()) return array(place, list->items, depth);
  if (const auto* tuple = value.as<PickleTuple>()) return array(place, tuple->items, depth);
  return scalar(place, value);
}

}  // namespace

Json plain_json(const std::string& where, const PickleValue& value) {
  return Converter(where).convert("", value, /*depth=*/0);
}

}  // namespace phonofilm::weights

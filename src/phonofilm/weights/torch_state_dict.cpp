#include "phonofilm/weights/torch_state_dict.h"

#include <array>
#include <charconv>
#include <set>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"

namespace phonofilm::weights {
namespace {

constexpr int kDeepest = 64;
constexpr std::size_t kLongestName = 4096, kLongestMetadata = 1000;
// What the names may unfold to, in bytes. An honest checkpoint needs 100 bytes of pickle for a tensor and as many for its name.
constexpr std::uint64_t kUnfolding = 16, kFreeBytes = 10'000;

class Flattener {
 public:
  Flattener(const std::string& path, std::uint64_t budget) : path_(path), budget_(budget) {}

  void visit_dict(const std::string& prefix, const PickleDict& dict, int depth);
  StateDict take() { return std::move(result_); }

 private:
  void visit(const std::string& name, const PickleValue& value, int depth);
  void visit_items(const std::string& name, const std::vector<const PickleValue*>& items, int depth);
  void keep(const std::string& name, const PickleValue& value);
  std::string key_text(const std::string& prefix, const PickleValue& key) const;
  void spend(std::size_t name_bytes);
  [[noreturn]] void refuse(const std::string& message) const { throw CheckpointError("load", concat(path_, ": ", message)); }

  const std::string& path_;
  StateDict result_;
  std::set<std::string> names_;
  std::uint64_t budget_;  // bytes that may still be spent
};

template <class Number>
std::string number_text(Number number) {
  std::array<char, 32> digits;
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr};
}

// A short scalar as text; "" for what is not kept.
std::string scalar_text(const PickleValue& value) {
  if (const auto* flag = value.as<bool>()) return *flag ? "true" : "false";
  if (const auto* number = value.as<std::int64_t>()) return number_text(*number);
  if (const auto* number = value.as<double>()) return number_text(*number);
  if (const auto* text = value.as<std::string_view>()) return std::string(text->size() <= kLongestMetadata ? *text : "");
  if (const auto* global = value.as<PickleGlobal>()) return std::string(global->name);
  return "";
}

std::string Flattener::key_text(const std::string& prefix, const PickleValue& key) const {
  if (const auto* text = key.as<std::string_view>()) return std::string(text->substr(0, kLongestName + 1));
  if (const auto* number = key.as<std::int64_t>()) return number_text(*number);
  refuse(concat("a key in the dictionary ", in_quotes(prefix), " is neither a string nor a whole number"));
}

void Flattener::spend(std::size_t name_bytes) {
  if (name_bytes >= budget_) refuse("its dictionaries unfold to far more names than the pickle's size allows: not a state dict");
  budget_ -= name_bytes + 1;
  if (name_bytes > kLongestName) refuse(concat("a name is longer than ", kLongestName, " bytes"));
}

void Flattener::keep(const std::string& name, const PickleValue& value) {
  if (!names_.insert(name).second) refuse(concat("the name ", in_quotes(name), " appears twice"));
  if (describes_tensor(value)) {
    result_.tensors.emplace(name, tensor_record(concat(path_, ": tensor ", in_quotes(name)), value));
  } else if (const std::string text = scalar_text(value); !text.empty()) {
    spend(text.size());
    result_.metadata.emplace(name, text);
  }
}

void Flattener::visit(const std::string& name, const PickleValue& value, int depth) {
  spend(name.size());
  if (depth > kDeepest) refuse(concat(in_quotes(name), " nests deeper than ", kDeepest, " levels, or contains itself"));
  if (const auto* dict = value.as<PickleDict>()) return visit_dict(name + ".", *dict, depth + 1);
  if (const auto* list = value.as<PickleList>()) return visit_items(name, list->items, depth + 1);
  if (const auto* tuple = value.as<PickleTuple>()) return visit_items(name, tuple->items, depth + 1);
  if (value.as<PicklePersistent>() != nullptr) refuse(concat(in_quotes(name), " is a bare storage; store tensors only"));
  keep(name, value);
}

void Flattener::visit_items(const std::string& name, const std::vector<const PickleValue*>& items, int depth) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    const bool is_scalar = !scalar_text(*items[i]).empty();
    spend(0);
    if (!is_scalar) visit(concat(name, ".", i), *items[i], depth);
  }
}

void Flattener::visit_dict(const std::string& prefix, const PickleDict& dict, int depth) {
  for (const auto& [key, value] : dict.items) visit(prefix + key_text(prefix, *key), *value, depth);
}

}  // namespace

StateDict flatten_state_dict(const std::string& path, const PickleValue& root, std::uint64_t pickle_bytes) {
  const auto* dict = root.as<PickleDict>();
  PF_CHECK(dict != nullptr, CheckpointError, "load", path,
           ": holds something else than a dictionary of tensors; store a state_dict() with torch.save");
  Flattener flattener(path, kUnfolding * pickle_bytes + kFreeBytes);
  flattener.visit_dict("", *dict, /*depth=*/0);
  return flattener.take();
}

}  // namespace phonofilm::weights

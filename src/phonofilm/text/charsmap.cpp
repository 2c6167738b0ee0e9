#include "phonofilm/text/charsmap.h"

#include <cstdint>
#include <vector>

namespace phonofilm::text {
namespace {

// One unit of a double-array trie, as darts-clone packs it.
struct Unit {
  std::uint32_t bits;
  bool has_value() const { return (bits >> 8 & 1) != 0; }
  size_t value() const { return bits & 0x7FFFFFFF; }
  std::uint32_t label() const { return bits & 0x800000FF; }
  size_t offset() const { return size_t(bits >> 10) << ((bits & 0x200) >> 6); }
};

// The library's room for the keys that begin at one place of a text, each a prefix of the next.
constexpr int kMaxPrefixes = 32;

class TrieCheck {
 public:
  TrieCheck(std::vector<Unit> units, size_t replacement_bytes)
      : units_(std::move(units)), most_prefixes_(units_.size(), -1), replacement_bytes_(replacement_bytes) {}

  // Goes wherever a text can lead to. Branches share their ends, so a node is reached by several ways; it is looked at again
  // only when a way has more prefixes than those before, hence at most kMaxPrefixes times, loops included.
  std::string damage() {
    visit(0, 0);
    while (!open_.empty() && damage_.empty()) {
      const size_t node = open_.back();
      open_.pop_back();
      visit_children(node);
    }
    return damage_;
  }

 private:
  size_t base(size_t node) const { return node ^ units_[node].offset(); }

  void visit_children(size_t node) {
    for (std::uint32_t byte = 1; byte < 256 && damage_.empty(); ++byte) {
      const size_t child = base(node) ^ byte;
      if (child >= units_.size()) {
        damage_ = "its character table points outside itself";
      } else if (units_[child].label() == byte) {
        visit(child, most_prefixes_[node]);
      }
    }
  }

  void visit(size_t node, int prefixes) {
    if (units_[node].has_value()) {
      ++prefixes;
      const size_t value = base(node);
      const bool sound = value < units_.size() && units_[value].value() < replacement_bytes_ && prefixes <= kMaxPrefixes;
      if (!sound) damage_ = "its character table points to no replacement";
    }
    if (prefixes <= most_prefixes_[node]) return;
    most_prefixes_[node] = prefixes;
    open_.push_back(node);
  }

  std::vector<Unit> units_;
  std::vector<int> most_prefixes_;  // on any way to a node so far, the node included; -1: not reached
  size_t replacement_bytes_;
  std::vector<size_t> open_;
  std::string damage_;
};

std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

std::string charsmap_damage(std::string_view table) {
  if (table.empty()) return "";
  if (table.size() < 4) return "its character table is cut short";
  const size_t trie_bytes = little_endian(table);
  table.remove_prefix(4);
  if (trie_bytes == 0 || trie_bytes % 4 != 0 || trie_bytes >= table.size()) return "its character table has a wrong length";
  if (table.back() != '\0') return "its character table is cut short";
  std::vector<Unit> units(trie_bytes / 4);
  for (size_t i = 0; i < units.size(); ++i) units[i].bits = little_endian(table.substr(4 * i));
  return TrieCheck(std::move(units), table.size() - trie_bytes).damage();
}

}  // namespace phonofilm::text

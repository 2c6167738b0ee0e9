// How many connections there are, of all and of each address.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace phonofilm::server {

// Keeps nothing of an address that has no connection. Not safe to use from several threads.
class ConnectionCount {
 public:
  ConnectionCount(std::int64_t most, std::int64_t most_per_address)
      : most_(most), most_per_address_(most_per_address) {}
  // Counts one more; false where there is no room for it.
  bool enter(const std::string& address) {
    const auto own = by_address_.find(address);
    if (all_ >= most_ || (own == by_address_.end() ? 0 : own->second) >= most_per_address_) return false;
    ++by_address_[address];
    ++all_;
    return true;
  }
  // Of one that entered.
  void leave(const std::string& address) {
    const auto own = by_address_.find(address);
    if (--own->second == 0) by_address_.erase(own);
    --all_;
  }
  std::int64_t all() const { return all_; }
  std::size_t addresses() const { return by_address_.size(); }

 private:
  std::int64_t most_, most_per_address_, all_ = 0;
  std::map<std::string, std::int64_t> by_address_{};
};

}  // namespace phonofilm::server

// API keys: who may do what. The file holds salted hashes of random 256-bit tokens; a token itself is shown once, when
// it is made.
//
//   {"keys": [{"id": "4f1c...", "owner": "alice", "salt": "...", "hash": "...", "scope": "submit", "created": 0,
//              "expires": 0}]}
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/jobs/sources.h"

namespace phonofilm::server {

enum class Scope { none, read, submit, admin };  // each includes those before it; none: routes for everybody

std::string_view scope_name(Scope scope);
// Throws InvalidRequest for another name.
Scope scope_of(const std::string& name);

struct Key {
  std::string id{};     // 16 hexadecimal digits; public, part of the token
  std::string owner{};  // whose jobs these are; several keys of one owner let keys be exchanged without a gap
  std::string salt{}, hash{};
  Scope scope = Scope::read;
  jobs::Time created = 0, expires = 0;  // 0: never
};

struct NewKey {
  Key key;
  std::string token;  // "pf_<id>_<64 hexadecimal digits>"
};

// `now` and `expires` as Key's. Throws InvalidRequest for an owner that is empty, longer than 100 bytes or not of
// letters, digits and ._@-.
NewKey make_key(const std::string& owner, Scope scope, jobs::Time now, jobs::Time expires);

// Throw InvalidRequest for a file that is damaged, ResourceError where it cannot be written. A file that is missing has
// no keys. Written so that only its owner can read it.
std::vector<Key> load_keys(const std::string& path);
void save_keys(const std::string& path, const std::vector<Key>& keys);
// Reads, changes and writes; who changes the same file at the same time waits. Throws as both do, and what `change`
// throws, after which the file is as it was.
void change_keys(const std::string& path, const std::function<void(std::vector<Key>&)>& change);

// The keys of a file, read again when the file changes. Safe to use from several threads.
class KeyRing {
 public:
  KeyRing(std::string path, jobs::Clock clock);
  // The key of a token; none for one that is unknown, wrong or expired. Takes as long for an unknown key as for a
  // wrong one.
  std::optional<Key> find(const std::string& token) const;
  // Whether the key with this id is still there and has not expired.
  bool holds(const std::string& id) const;
  // Reads the file again if it changed. Throws as load_keys does, and keeps the keys it had.
  void refresh();
  std::size_t size() const;

 private:
  bool is_valid(const Key& key) const { return key.expires == 0 || clock_() < key.expires; }
  std::shared_ptr<const std::vector<Key>> keys() const;
  std::string path_;
  jobs::Clock clock_;
  mutable std::mutex mutex_;
  std::string version_{};
  std::shared_ptr<const std::vector<Key>> keys_;
};

}  // namespace phonofilm::server

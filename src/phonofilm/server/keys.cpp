#include "phonofilm/server/keys.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/fields.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/server/digest.h"

namespace phonofilm::server {
namespace {

constexpr std::size_t kIdDigits = 16, kSecretDigits = 64;
constexpr std::string_view kPrefix = "pf_";

bool is_owner(const std::string& owner) {
  constexpr std::string_view kMarks = "._@-";
  return !owner.empty() && owner.size() <= 100 && std::all_of(owner.begin(), owner.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kMarks.find(c) != kMarks.npos;
  });
}

struct StoredKey {
  Key key{};
  std::string scope{};
  Fields fields() {
    return {{"id", &key.id, ""},
            {"owner", &key.owner, ""},
            {"salt", &key.salt, ""},
            {"hash", &key.hash, ""},
            {"scope", &scope, "", {}, {}, {"read", "submit", "admin"}},
            {"created", &key.created, "", 0.0},
            {"expires", &key.expires, "", 0.0}};
  }
};

Key read_key(const nlohmann::json& object, const std::string& path) {
  StoredKey stored;
  read_json(object, stored.fields(), path);
  stored.key.scope = scope_of(stored.scope);
  PF_CHECK(stored.key.id.size() == kIdDigits && stored.key.hash.size() == 64 && is_owner(stored.key.owner),
           InvalidRequest, "keys", path, ": the key ", in_quotes(stored.key.id), " is damaged: expected an id of ",
           kIdDigits, " digits, a hash of 64 and an owner of letters, digits and ._@-");
  return stored.key;
}

std::string hash_of(const std::string& salt, std::string_view secret) { return sha256_hex(concat(salt, ":", secret)); }

// Size, inode and time of change: a file that was replaced differs in one of them.
std::string version_of(const std::string& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return "missing";
  return concat(found.st_ino, " ", found.st_size, " ", found.st_mtim.tv_sec, ".", found.st_mtim.tv_nsec);
}

// Beside the file, which is replaced as a whole and cannot be locked itself.
class KeyFileLock {
 public:
  explicit KeyFileLock(const std::string& path) : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    PF_CHECK(file_ >= 0 && flock(file_, LOCK_EX) == 0, ResourceError, "keys", path, ": cannot be locked: ",
             std::strerror(errno), "; is the folder writable?");
  }
  ~KeyFileLock() { close(file_); }
  KeyFileLock(const KeyFileLock&) = delete;
  KeyFileLock& operator=(const KeyFileLock&) = delete;

 private:
  int file_;
};

}  // namespace

std::string_view scope_name(Scope scope) {
  constexpr std::string_view kNames[] = {"none", "read", "submit", "admin"};
  return kNames[int(scope)];
}

Scope scope_of(const std::string& name) {
  for (const Scope scope : {Scope::read, Scope::submit, Scope::admin}) {
    if (scope_name(scope) == name) return scope;
  }
  throw InvalidRequest("keys", concat(in_quotes(name), " is no scope; expected read, submit or admin"));
}

NewKey make_key(const std::string& owner, Scope scope, jobs::Time now, jobs::Time expires) {
  PF_CHECK(is_owner(owner), InvalidRequest, "keys", in_quotes(owner),
           " is no owner; expected 1 to 100 letters, digits and ._@-");
  const std::string secret = random_hex(kSecretDigits / 2);
  NewKey made{{random_hex(kIdDigits / 2), owner, random_hex(16), "", scope, now, expires}, ""};
  made.key.hash = hash_of(made.key.salt, secret);
  made.token = concat(kPrefix, made.key.id, "_", secret);
  return made;
}

std::vector<Key> load_keys(const std::string& path) {
  if (!is_file(path)) return {};
  const nlohmann::json file = load_json(path);
  PF_CHECK(file.is_object() && file.size() == 1 && file.contains("keys") && file["keys"].is_array(), InvalidRequest,
           "keys", path, ": expected {\"keys\": [...]}, as 'phonofilm keys add' writes it");
  std::vector<Key> keys;
  for (const nlohmann::json& object : file["keys"]) keys.push_back(read_key(object, path));
  return keys;
}

void save_keys(const std::string& path, const std::vector<Key>& keys) {
  nlohmann::json list = nlohmann::json::array();
  for (const Key& key : keys) {
    StoredKey stored{key, std::string(scope_name(key.scope))};
    list.push_back(write_json(stored.fields()));
  }
  const std::string text = nlohmann::json{{"keys", list}}.dump(2) + "\n";
  with_temporary_file(path, [&](const std::string& temporary) {
    write_file_atomically(temporary, text);
    std::filesystem::permissions(temporary, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  });
}

void change_keys(const std::string& path, const std::function<void(std::vector<Key>&)>& change) {
  const KeyFileLock lock(path + ".lock");
  std::vector<Key> keys = load_keys(path);
  change(keys);
  save_keys(path, keys);
}

KeyRing::KeyRing(std::string path, jobs::Clock clock) : path_(std::move(path)), clock_(std::move(clock)) { refresh(); }

void KeyRing::refresh() {
  const std::string version = version_of(path_);
  {
    const std::lock_guard lock(mutex_);
    if (keys_ && version == version_) return;
  }
  auto keys = std::make_shared<const std::vector<Key>>(load_keys(path_));
  const std::lock_guard lock(mutex_);
  keys_ = std::move(keys);
  version_ = version;
}

std::shared_ptr<const std::vector<Key>> KeyRing::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

std::size_t KeyRing::size() const { return keys()->size(); }

bool KeyRing::holds(const std::string& id) const {
  const auto keys = this->keys();
  return std::any_of(keys->begin(), keys->end(), [&](const Key& key) { return key.id == id && is_valid(key); });
}

std::optional<Key> KeyRing::find(const std::string& token) const {
  const auto keys = this->keys();
  const bool formed = token.size() == kPrefix.size() + kIdDigits + 1 + kSecretDigits && token.starts_with(kPrefix);
  const std::string id = formed ? token.substr(kPrefix.size(), kIdDigits) : "";
  const std::string_view secret = formed ? std::string_view(token).substr(token.size() - kSecretDigits) : "";
  const auto known = std::find_if(keys->begin(), keys->end(), [&](const Key& key) { return key.id == id; });
  const Key none{.salt = std::string(32, '0'), .hash = std::string(64, '0')};
  const Key& key = known == keys->end() ? none : *known;
  const bool right = equal_in_constant_time(hash_of(key.salt, secret), key.hash);
  return right && known != keys->end() && is_valid(key) ? std::optional(key) : std::nullopt;
}

}  // namespace phonofilm::server

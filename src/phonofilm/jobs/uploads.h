// Files that owners send before the jobs they are for: pictures, sounds, films. A submission copies them into the files
// of its job (artifacts.h: kUploads), so that they need no counting of who uses them.
//
//   <folder>/<upload id>        the bytes
//   <folder>/<upload id>.json   whose they are
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "phonofilm/jobs/sources.h"

namespace phonofilm::jobs {

struct Upload {
  std::string id{};     // 32 hexadecimal digits, random
  std::string owner{};  // as Job::owner
  std::string type{};   // content type that the owner claims
  std::string name{};   // the owner's name of the file: for people, never part of a path
  std::int64_t bytes = 0;
  Time created = 0;
};

struct UploadOptions {
  std::int64_t quota = 10LL << 30;  // bytes of all uploads
  Time keep = 24LL * 3600 * 1000;   // milliseconds after the last use
  Clock clock = wall_clock;
  IdSource ids = random_id;
};

// Safe to use from several threads. One process adds and sweeps; workers only read.
class UploadFolder {
 public:
  // Creates the folder. Throws ResourceError.
  explicit UploadFolder(const std::string& folder, const UploadOptions& options = {});

  // upload: owner, type and name. Calls write(temporary path); the file appears whole or not at all. Throws
  // Refused(invalid) for texts that are too long or no UTF-8, ResourceError beyond the quota and for a full disk.
  Upload add(const Upload& upload, const std::function<void(const std::string& path)>& write);
  // Throws Refused(not_found) for what is no id or not there, StoreError where its description is damaged.
  Upload get(const std::string& id) const;
  std::string path(const std::string& id) const;  // of the bytes
  // Calls read(path) of an upload, which counts as used now and is not swept meanwhile. Throws as get() does.
  void use(const std::string& id, const std::function<void(const std::string& path)>& read);
  void remove(const std::string& id);
  // Of each owner that has uploads.
  std::map<std::string, std::int64_t> bytes_by_owner() const;
  // Removes what was not used for UploadOptions::keep, and what a crash left half-written. Returns the number of
  // uploads.
  std::int64_t sweep();

 private:
  void expect_room() const;
  void remove_files(const std::string& id) const;
  std::string folder_;
  UploadOptions options_;
  mutable std::mutex mutex_;  // between the last use of an upload and its removal
};

}  // namespace phonofilm::jobs

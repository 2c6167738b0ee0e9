#include "phonofilm/jobs/artifacts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "phonofilm/base/files.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/jobs/refused.h"

namespace fs = std::filesystem;

namespace phonofilm::jobs {
namespace {

constexpr std::string_view kWatched = "watched";
constexpr Time kWriterPause = 600'000;         // milliseconds: longer than any writer is silent, or holds its lease
constexpr std::string_view kTemporary = "tmp.";  // before the name, because writers choose a format by its end

std::string reason() { return std::strerror(errno); }

void expect_id(const std::string& id, const char* what) {
  PF_REFUSE_UNLESS(is_id(id), Refusal::invalid, "artifact", in_quotes(id), " is no ", what,
                   "; expected 32 hexadecimal digits");
}

void flush(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  PF_CHECK(file >= 0, ResourceError, "artifact", path, ": cannot be opened to be flushed: ", reason());
  const bool flushed = fsync(file) == 0;
  const std::string why = reason();
  close(file);
  PF_CHECK(flushed, ResourceError, "artifact", path, ": cannot be flushed to disk: ", why);
}

// A link in the place of a folder would lead out of the store; nobody but an intruder puts one there.
void make_real_folder(const std::string& path) {
  PF_CHECK(mkdir(path.c_str(), 0750) == 0 || errno == EEXIST, ResourceError, "artifact", path,
           ": cannot create the folder: ", reason());
  struct stat found {};
  PF_CHECK(lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode), ResourceError, "artifact", path,
           ": expected a folder, found something else; remove it");
}

// A folder that is gone, or goes while it is read, has no entries.
std::vector<fs::path> entries(const std::string& folder) {
  std::vector<fs::path> found;
  std::error_code gone;
  for (fs::directory_iterator entry(folder, gone), end; !gone && entry != end; entry.increment(gone)) {
    found.push_back(entry->path());
  }
  return found;
}

std::vector<std::string> id_entries(const std::string& folder) {
  std::vector<std::string> ids;
  for (const fs::path& path : entries(folder)) {
    if (is_id(path.filename().string())) ids.push_back(path.filename().string());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::string temporary_of(const std::string& target) {
  const fs::path path(target);
  return concat(path.parent_path().string(), "/", kTemporary, path.filename().string());
}

Time changed_at(const std::string& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) return 0;
  return Time(found.st_mtim.tv_sec) * 1000 + found.st_mtim.tv_nsec / 1'000'000;
}

void remove_tree(const std::string& path) {
  std::error_code failed;
  fs::remove_all(path, failed);
  PF_CHECK(!failed, ResourceError, "artifact", path, ": cannot be removed: ", failed.message());
}

}  // namespace

ArtifactFolder::ArtifactFolder(const std::string& folder, const ArtifactOptions& options)
    : folder_(folder), options_(options) {
  make_folder(folder_);
}

std::string ArtifactFolder::path(const std::string& job, const std::string& run, std::string_view name) const {
  expect_id(job, "job");
  expect_id(run, "lease token");
  const bool known = std::find(kArtifactNames.begin(), kArtifactNames.end(), name) != kArtifactNames.end();
  PF_REFUSE_UNLESS(known, Refusal::invalid, "artifact", in_quotes(name), " is no artifact; expected one of ",
                   join({kArtifactNames.begin(), kArtifactNames.end()}, ", "));
  return concat(folder_, "/", job, "/", run, "/", name);
}

void ArtifactFolder::make_run_folder(const std::string& job, const std::string& run) const {
  pass(options_.probe, "make job folder");
  make_real_folder(folder_ + "/" + job);
  flush(folder_);
  pass(options_.probe, "make run folder");
  make_real_folder(folder_ + "/" + job + "/" + run);
  flush(folder_ + "/" + job);
}

void ArtifactFolder::expect_room(const std::string& target) const {
  const std::int64_t used = bytes();
  PF_CHECK(used <= options_.quota, ResourceError, "artifact", target, ": the files of jobs would take ",
           human_bytes(double(used)), ", the quota is ", human_bytes(double(options_.quota)),
           "; delete finished jobs, or raise the quota");
}

void ArtifactFolder::put_in_place(const std::string& temporary, const std::string& target) const {
  expect_room(target);
  pass(options_.probe, "flush file");
  flush(temporary);
  pass(options_.probe, "rename file");
  PF_CHECK(rename(temporary.c_str(), target.c_str()) == 0, ResourceError, "artifact", target, ": ", reason());
  pass(options_.probe, "flush folder");
  flush(fs::path(target).parent_path().string());
}

void ArtifactFolder::prepare(const std::string& job, const std::string& run) const {
  expect_id(job, "job");
  expect_id(run, "lease token");
  make_real_folder(folder_ + "/" + job);
  make_real_folder(folder_ + "/" + job + "/" + run);
}

void ArtifactFolder::replace(const std::string& job, const std::string& run, std::string_view name,
                             const std::function<void(const std::string&)>& write) {
  const std::string target = path(job, run, name), temporary = temporary_of(target);
  prepare(job, run);
  try {
    write(temporary);
    PF_CHECK(rename(temporary.c_str(), target.c_str()) == 0, ResourceError, "artifact", target, ": ", reason());
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
}

void ArtifactFolder::publish(const std::string& job, const std::string& run, std::string_view name,
                             const std::function<void(const std::string&)>& write) {
  const std::string target = path(job, run, name), temporary = temporary_of(target);
  make_run_folder(job, run);
  try {
    pass(options_.probe, "write file");
    write(temporary);
    put_in_place(temporary, target);
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
  pass(options_.probe, "published");
}

bool ArtifactFolder::has(const std::string& job, const std::string& run, std::string_view name) const {
  struct stat found {};
  return lstat(path(job, run, name).c_str(), &found) == 0 && S_ISREG(found.st_mode);
}

std::vector<std::string> ArtifactFolder::jobs() const { return id_entries(folder_); }

std::vector<std::string> ArtifactFolder::runs(const std::string& job) const {
  expect_id(job, "job");
  return id_entries(folder_ + "/" + job);
}

void ArtifactFolder::remove(const std::string& job) {
  expect_id(job, "job");
  pass(options_.probe, "remove job folder");
  remove_tree(folder_ + "/" + job);
  pass(options_.probe, "job folder removed");
}

void ArtifactFolder::remove_run(const std::string& job, const std::string& run) {
  expect_id(job, "job");
  expect_id(run, "lease token");
  pass(options_.probe, "remove run folder");
  remove_tree(folder_ + "/" + job + "/" + run);
}

std::int64_t ArtifactFolder::bytes() const {
  std::int64_t sum = 0;
  for (const std::string& job : jobs()) sum += bytes_of(job);
  return sum;
}

std::int64_t ArtifactFolder::bytes_of(const std::string& job) const {
  std::int64_t sum = 0;
  for (const std::string& run : runs(job)) {
    for (const fs::path& file : entries(folder_ + "/" + job + "/" + run)) {
      struct stat found {};
      if (lstat(file.c_str(), &found) == 0) sum += found.st_size;
    }
  }
  return sum;
}

Time ArtifactFolder::changed(const std::string& job) const {
  expect_id(job, "job");
  return changed_at(folder_ + "/" + job);
}

void ArtifactFolder::watch(const std::string& job) const {
  expect_id(job, "job");
  const std::string mark = concat(folder_, "/", job, "/", kWatched);
  const int file = open(mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (file < 0) return;
  futimens(file, nullptr);
  close(file);
}

bool ArtifactFolder::watched(const std::string& job, std::int64_t period) const {
  expect_id(job, "job");
  return changed_at(concat(folder_, "/", job, "/", kWatched)) >= wall_clock() - period;
}

void ArtifactFolder::remove_leftovers() {
  for (const std::string& job : jobs()) {
    for (const std::string& run : runs(job)) {
      for (const fs::path& file : entries(folder_ + "/" + job + "/" + run)) {
        const bool half = file.filename().string().starts_with(kTemporary);
        if (half && changed_at(file.string()) < wall_clock() - kWriterPause) unlink(file.c_str());
      }
    }
  }
}

}  // namespace phonofilm::jobs

#include "phonofilm/jobs/uploads.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/fields.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/jobs/refused.h"

namespace fs = std::filesystem;

namespace phonofilm::jobs {
namespace {

constexpr size_t kMaxText = 1000;  // bytes of a name, a type, an owner

void check_text(const std::string& text, const char* what) {
  PF_REFUSE_UNLESS(text.size() <= kMaxText && is_utf8(text) && text.find('\0') == text.npos, Refusal::invalid, "upload",
                   "the ", what, " is longer than ", kMaxText, " bytes or no UTF-8 text");
}

Fields fields_of(Upload& upload) {
  return {{"owner", &upload.owner, ""},
          {"type", &upload.type, ""},
          {"name", &upload.name, ""},
          {"created", &upload.created, ""}};
}

bool is_there(const std::string& path) {
  struct stat found {};
  return lstat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode);
}

// Age is counted by the file system's clock, because the file's time of change is the time of last use.
std::int64_t used_ms(const std::string& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) return 0;
  return std::int64_t(found.st_mtim.tv_sec) * 1000 + found.st_mtim.tv_nsec / 1'000'000;
}

std::vector<fs::path> entries(const std::string& folder) {
  std::error_code unreadable;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder, unreadable)) found.push_back(entry.path());
  PF_CHECK(!unreadable, ResourceError, "upload", folder, ": cannot be read: ", unreadable.message());
  return found;
}

}  // namespace

UploadFolder::UploadFolder(const std::string& folder, const UploadOptions& options)
    : folder_(folder), options_(options) {
  make_folder(folder_);
}

std::string UploadFolder::path(const std::string& id) const {
  const std::string path = folder_ + "/" + id;
  PF_REFUSE_UNLESS(is_id(id) && is_there(path), Refusal::not_found, "upload", "there is no upload ", in_quotes(id),
                   "; it may have been removed");
  return path;
}

void UploadFolder::expect_room() const {
  std::int64_t sum = 0;
  for (const fs::path& file : entries(folder_)) {
    struct stat found {};
    if (lstat(file.c_str(), &found) == 0) sum += found.st_size;
  }
  PF_CHECK(sum <= options_.quota, ResourceError, "upload", folder_, ": uploads would take ", human_bytes(double(sum)),
           ", the quota is ", human_bytes(double(options_.quota)), "; delete uploads that no job needs");
}

Upload UploadFolder::add(const Upload& upload, const std::function<void(const std::string&)>& write) {
  check_text(upload.owner, "owner");
  check_text(upload.type, "content type");
  check_text(upload.name, "name");
  Upload added = upload;
  added.id = options_.ids();
  added.created = options_.clock();
  const std::string target = folder_ + "/" + added.id;
  with_temporary_file(target, [&](const std::string& temporary) {
    write(temporary);
    added.bytes = std::int64_t(fs::file_size(temporary));
    expect_room();  // the temporary file lies in the folder already
    save_json(target + ".json", write_json(fields_of(added)));
  });
  return added;
}

Upload UploadFolder::get(const std::string& id) const {
  const std::string bytes = path(id);
  Upload upload;
  try {
    read_json(load_json(bytes + ".json"), fields_of(upload), bytes + ".json");
  } catch (const InvalidRequest& error) {  // our own file: no fault of whoever asks
    throw StoreError("upload", error.what());
  }
  upload.id = id;
  upload.bytes = std::int64_t(fs::file_size(bytes));
  return upload;
}

void UploadFolder::use(const std::string& id, const std::function<void(const std::string&)>& read) {
  const std::lock_guard lock(mutex_);
  const std::string bytes = path(id);
  const std::int64_t now = options_.clock();
  const timespec time{now / 1000, (now % 1000) * 1'000'000};
  const timespec times[2] = {time, time};
  PF_CHECK(utimensat(AT_FDCWD, bytes.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0, ResourceError, "upload", bytes,
           ": its time of last use cannot be set");
  read(bytes);
}

void UploadFolder::remove_files(const std::string& id) const {
  unlink((folder_ + "/" + id).c_str());
  unlink((folder_ + "/" + id + ".json").c_str());
}

void UploadFolder::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  path(id);  // refuses what is not there
  remove_files(id);
}

std::map<std::string, std::int64_t> UploadFolder::bytes_by_owner() const {
  std::map<std::string, std::int64_t> bytes;
  for (const fs::path& file : entries(folder_)) {
    if (!is_id(file.filename().string())) continue;
    try {
      const Upload upload = get(file.filename().string());
      bytes[upload.owner] += upload.bytes;
    } catch (const Error&) {  // removed meanwhile, or nobody's
    }
  }
  return bytes;
}

std::int64_t UploadFolder::sweep() {
  const std::lock_guard lock(mutex_);
  std::int64_t removed = 0;
  for (const fs::path& path : entries(folder_)) {
    if (options_.clock() - used_ms(path.string()) < options_.keep) continue;
    const std::string name = path.filename().string(), id = name.substr(0, 32);
    if (!is_id(name) && is_id(id) && is_there(folder_ + "/" + id)) continue;  // goes with its bytes
    unlink(path.c_str());
    if (is_id(name)) unlink((path.string() + ".json").c_str());
    removed += is_id(name);
  }
  return removed;
}

}  // namespace phonofilm::jobs

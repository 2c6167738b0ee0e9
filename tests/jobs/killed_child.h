// Processes that die by kill -9 at a point that the test counts out: statements and files of a store, and every write,
// flush, truncation and opening of SQLite's own.
#pragma once

#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "jobs/jobs_helpers.h"

namespace phonofilm::test {

// Dies at the n-th point; one of length 0 never.
class Fuse {
 public:
  explicit Fuse(int length) : left_(length) {}
  void burn() {
    if (--left_ == 0) kill(getpid(), SIGKILL);
  }

 private:
  int left_;
};

// The one of this child; SQLite's file functions are plain pointers, which cannot carry it.
inline Fuse* child_fuse = nullptr;

// Passes every write, truncation and flush of SQLite through the fuse: before it happens, and after half of a write.
struct TracedFiles {
  static int write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
    child_fuse->burn();
    const int half = count / 2;
    const int code = original->xWrite(file, bytes, half, offset);
    child_fuse->burn();
    if (code != SQLITE_OK) return code;
    return original->xWrite(file, static_cast<const char*>(bytes) + half, count - half, offset + half);
  }
  static int sync(sqlite3_file* file, int flags) {
    child_fuse->burn();
    return original->xSync(file, flags);
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    child_fuse->burn();
    return original->xTruncate(file, size);
  }
  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    child_fuse->burn();
    const int code = system->xOpen(system, name, file, flags, out_flags);
    if (code != SQLITE_OK || file->pMethods == nullptr) return code;
    // Tables of methods differ in locking only.
    original = file->pMethods;
    auto* traced = new sqlite3_io_methods(*file->pMethods);  // lives as long as the child
    traced->xWrite = write, traced->xSync = sync, traced->xTruncate = truncate;
    file->pMethods = traced;
    return code;
  }
  static void install() {
    system = sqlite3_vfs_find(nullptr);
    static sqlite3_vfs traced = *system;
    traced.zName = "traced", traced.xOpen = open;
    sqlite3_vfs_register(&traced, /*makeDflt=*/1);
  }
  static inline sqlite3_vfs* system = nullptr;
  static inline const sqlite3_io_methods* original = nullptr;
};

// Works in a process of its own until its fuse has burnt down.
class KilledChild {
 public:
  // pipe: the parent hears what is written there.
  using Work = std::function<void(Fuse& fuse, int pipe)>;

  KilledChild(int fuse_length, const Work& work) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    child_ = fork();
    if (child_ == 0) {
      close(ends[0]);
      live(fuse_length, work, ends[1]);
    }
    close(ends[1]);
    pipe_ = ends[0];
  }
  KilledChild(const KilledChild&) = delete;
  KilledChild& operator=(const KilledChild&) = delete;
  ~KilledChild() { wait(); }

  // Waits for its end; then the rest is known.
  void wait() {
    if (child_ < 0) return;
    char buffer[4096];
    for (ssize_t got; (got = read(pipe_, buffer, sizeof buffer)) > 0;) said_.append(buffer, size_t(got));
    close(pipe_);
    waitpid(child_, &status_, 0);
    child_ = -1;
  }
  bool killed() const { return WIFSIGNALED(status_); }
  bool fine() const { return WIFEXITED(status_) && WEXITSTATUS(status_) == 0; }
  const std::string& said() const { return said_; }

 private:
  [[noreturn]] static void live(int fuse_length, const Work& work, int pipe) {
    Fuse fuse(fuse_length);
    child_fuse = &fuse;
    TracedFiles::install();
    try {
      work(fuse, pipe);
    } catch (const std::exception& error) {
      const std::string text = error.what();
      if (::write(pipe, text.data(), text.size()) < 0) _exit(3);
      _exit(2);
    }
    _exit(0);
  }

  pid_t child_;
  int pipe_ = -1, status_ = 0;
  std::string said_;
};

}  // namespace phonofilm::test

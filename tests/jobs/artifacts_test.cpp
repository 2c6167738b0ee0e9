// Files of jobs: whole or not at all, inside their folder, within their quota.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "jobs/jobs_helpers.h"
#include "phonofilm/base/files.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::jobs;
namespace fs = std::filesystem;

const std::string kJob = id_of(1), kRun = id_of(2);

void publish(Artifacts& artifacts, const std::string& bytes, const std::string& run = kRun) {
  artifacts.publish(kJob, run, "film.mp4", [&](const std::string& path) { write_file_atomically(path, bytes); });
}

// What is inside `folder`, recursively.
std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_directory()) files.push_back(entry.path().filename().string());
  }
  return files;
}

}  // namespace

TEST_CASE("jobs: an artifact appears whole under its job and lease") {
  const TemporaryFolder folder;
  ArtifactFolder artifacts(folder.file("artifacts"));
  CHECK_FALSE(artifacts.has(kJob, kRun, "film.mp4"));
  artifacts.publish(kJob, kRun, "film.mp4", [&](const std::string& path) {
    CHECK(path.ends_with(".mp4"));
    write_bytes(path, "half");
    CHECK_FALSE(artifacts.has(kJob, kRun, "film.mp4"));
    write_bytes(path, "whole");
  });
  CHECK(bytes_of(artifacts.path(kJob, kRun, "film.mp4")) == "whole");
  CHECK(files_in(folder.file("artifacts")).size() == 1);
  CHECK(artifacts.jobs() == std::vector<std::string>{kJob});
  CHECK(artifacts.runs(kJob) == std::vector<std::string>{kRun});
  CHECK(artifacts.bytes() == 5);
  artifacts.remove_run(kJob, kRun);
  CHECK(artifacts.runs(kJob).empty());
  artifacts.remove(kJob);
  artifacts.remove(kJob);
  CHECK(artifacts.jobs().empty());
}

TEST_CASE("jobs: a preview is replaced whole, and made for those who watch") {
  const TemporaryFolder folder;
  ArtifactFolder artifacts(folder.file("artifacts"), {.quota = 0});
  artifacts.watch(kJob);
  CHECK(artifacts.jobs().empty());  // a mark makes no folder
  for (const char* bytes : {"first", "second"}) {
    artifacts.replace(kJob, kRun, "preview.jpg", [&](const std::string& path) { write_bytes(path, bytes); });
    CHECK(bytes_of(artifacts.path(kJob, kRun, "preview.jpg")) == bytes);
  }
  CHECK(files_in(folder.file("artifacts")).size() == 1);
  CHECK_FALSE(artifacts.watched(kJob, 3'600'000));
  artifacts.watch(kJob);
  CHECK(artifacts.watched(kJob, 3'600'000));
  CHECK_FALSE(artifacts.watched(kJob, -3'600'000));
  CHECK(artifacts.runs(kJob) == std::vector<std::string>{kRun});
}

TEST_CASE("jobs: uploads wait for their job and stay with it") {
  const TemporaryFolder folder;
  ArtifactFolder artifacts(folder.file("artifacts"));
  const auto store = open_sqlite_store(folder.file("queue.db"));
  Time now = wall_clock();
  Queue queue(*store, artifacts, {}, {[&] { return now; }, random_id});
  const std::string uploads(kUploads), early = id_of(7), late = id_of(8);
  for (const std::string& job : {early, late}) {
    artifacts.publish(job, uploads, "image", [](const std::string& path) { write_bytes(path, "picture"); });
  }
  CHECK(queue.sweep().folders == 0);
  CHECK(queue.submit({.owner = "o", .request = "{}", .id = early}).id == early);
  now += Limits{}.upload_wait + 1000;
  CHECK(queue.sweep().folders == 1);  // nobody came for it
  CHECK(artifacts.has(early, uploads, "image"));
  CHECK_FALSE(artifacts.has(late, uploads, "image"));
  queue.remove({.admin = true}, early);
  CHECK(artifacts.jobs().empty());
  CHECK(refusal_of([&] { queue.submit({.owner = "o", .request = "{}", .id = "../x"}); }) == Refusal::invalid);
}

TEST_CASE("jobs: on a full disk files without a job go before finished jobs") {
  const TemporaryFolder folder;
  ArtifactFolder artifacts(folder.file("artifacts"));
  const auto store = open_sqlite_store(folder.file("queue.db"));
  Time now = wall_clock();
  Queue queue(*store, artifacts, {.max_disk = 10}, {[&] { return now; }, random_id});
  queue.submit({.owner = "o", .request = "{}", .id = kJob});
  const Job job = queue.claim("w").value();
  publish(artifacts, "12345678", job.lease.token);
  queue.succeed(lease_of(job), {"film.mp4"});
  const std::string uploads(kUploads), lost = id_of(9);
  artifacts.publish(lost, uploads, "image", [](const std::string& path) { write_bytes(path, "picture"); });
  now += Limits{}.upload_wait / 10 + 1000;
  CHECK(queue.sweep().jobs == 0);
  CHECK(artifacts.jobs() == std::vector<std::string>{kJob});
}

TEST_CASE("jobs: a store at its limit makes room for the next film") {
  const TemporaryFolder folder;
  ArtifactFolder artifacts(folder.file("artifacts"), {.quota = 20});
  const auto store = open_sqlite_store(folder.file("queue.db"));
  Queue queue(*store, artifacts, {.max_disk = 20});
  const auto claim = [&](const std::string& id) {
    queue.submit({.owner = "o", .request = "{}", .id = id});
    return queue.claim("w").value();
  };
  const auto finish = [&](const Job& job) {
    artifacts.publish(job.id, job.lease.token, "film.mp4",
                      [](const std::string& path) { write_file_atomically(path, "ten bytes."); });
    queue.succeed(lease_of(job), {"film.mp4"});
  };
  finish(claim(id_of(1)));
  finish(claim(id_of(2)));
  const Job third = claim(id_of(3));
  CHECK_THROWS_AS(finish(third), ResourceError);
  CHECK(queue.sweep().jobs == 1);
  finish(third);
  CHECK(artifacts.jobs() == std::vector<std::string>{id_of(2), id_of(3)});
}

TEST_CASE("jobs: a writer that fails leaves the old file and nothing else") {
  const TemporaryFolder folder;
  ArtifactFolder artifacts(folder.file("artifacts"));
  publish(artifacts, "old");
  CHECK_THROWS_AS(artifacts.publish(kJob, kRun, "film.mp4",
                                    [](const std::string& path) {
                                      write_bytes(path, "new");
                                      throw MediaError("write", "no");
                                    }),
                  MediaError);
  CHECK(bytes_of(artifacts.path(kJob, kRun, "film.mp4")) == "old");
  CHECK(files_in(folder.file("artifacts")) == std::vector<std::string>{"film.mp4"});
  // A writer that wrote nothing at all.
  CHECK_THROWS_AS(artifacts.publish(kJob, kRun, "poster.png", [](const std::string&) {}), ResourceError);
  CHECK_FALSE(artifacts.has(kJob, kRun, "poster.png"));
}

TEST_CASE("jobs: no name leads out of the folder") {
  const TemporaryFolder folder;
  ArtifactFolder artifacts(folder.file("artifacts"));
  const std::vector<std::string> bad{"",
                                     ".",
                                     "..",
                                     "../x",
                                     "/etc/passwd",
                                     "a/b",
                                     std::string(31, 'a'),
                                     std::string(33, 'a'),
                                     std::string(32, 'A'),
                                     std::string(30, 'a') + "..",
                                     std::string(32, '.'),
                                     std::string("a\0", 2) + std::string(30, 'a'),
                                     std::string(31, 'a') + "/",
                                     "%2e%2e%2f",
                                     "..\\",
                                     "\xef\xbc\x8e\xef\xbc\x8e/"};
  for (const std::string& text : bad) {
    CAPTURE(text);
    CHECK(refusal_of([&] { artifacts.path(text, kRun, "film.mp4"); }) == Refusal::invalid);
    CHECK(refusal_of([&] { artifacts.path(kJob, text, "film.mp4"); }) == Refusal::invalid);
    CHECK(refusal_of([&] { artifacts.path(kJob, kRun, text); }) == Refusal::invalid);
    CHECK(refusal_of([&] { artifacts.remove(text); }) == Refusal::invalid);
    CHECK(refusal_of([&] { artifacts.remove_run(kJob, text); }) == Refusal::invalid);
    CHECK(refusal_of([&] { artifacts.runs(text); }) == Refusal::invalid);
  }
  CHECK(artifacts.path(kJob, kRun, "film.mp4") == folder.file("artifacts") + "/" + kJob + "/" + kRun + "/film.mp4");
}

TEST_CASE("jobs: a link in the place of a folder is refused, and never followed when removed") {
  const TemporaryFolder folder;
  ArtifactFolder artifacts(folder.file("artifacts"));
  fs::create_directory(folder.file("outside"));
  write_bytes(folder.file("outside/precious"), "x");
  fs::create_directory_symlink(folder.file("outside"), folder.file("artifacts/" + kJob));
  CHECK_THROWS_AS(publish(artifacts, "film"), ResourceError);
  artifacts.remove(kJob);
  CHECK(bytes_of(folder.file("outside/precious")) == "x");
  CHECK(files_in(folder.file("outside")).size() == 1);
}

TEST_CASE("jobs: the quota refuses the file that would go beyond it") {
  const TemporaryFolder folder;
  ArtifactFolder artifacts(folder.file("artifacts"), {.quota = 10});
  publish(artifacts, "123456");
  CHECK_THROWS_WITH_AS(publish(artifacts, "12345", id_of(3)), doctest::Contains("the quota is 10 B"), ResourceError);
  CHECK(artifacts.bytes() == 6);
  publish(artifacts, "1234", id_of(3));
  CHECK(artifacts.bytes() == 10);
}

TEST_CASE("jobs: leftovers of a crash go, published files stay") {
  const TemporaryFolder folder;
  ArtifactFolder artifacts(folder.file("artifacts"));
  publish(artifacts, "film");
  const std::string half = folder.file("artifacts/" + kJob + "/" + kRun + "/tmp.poster.png");
  write_bytes(half, "half");
  artifacts.remove_leftovers();
  CHECK(is_file(half));  // somebody may be writing it
  fs::last_write_time(half, fs::file_time_type::clock::now() - std::chrono::minutes(11));
  artifacts.remove_leftovers();
  CHECK(files_in(folder.file("artifacts")) == std::vector<std::string>{"film.mp4"});
}

// In a child process, whose limit on the size of files stands for a disk that fills up while the film is written.
TEST_CASE("jobs: a full disk leaves the old film and a clear error") {
  const TemporaryFolder folder;
  ArtifactFolder artifacts(folder.file("artifacts"));
  publish(artifacts, "old");
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    setrlimit(RLIMIT_FSIZE, &limit);
    int status = 1;
    try {
      publish(artifacts, std::string(5000, 'x'));
    } catch (const ResourceError& error) {
      status = std::string(error.what()).find("File too large") != std::string::npos ? 0 : 2;
    }
    _exit(status);
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(bytes_of(artifacts.path(kJob, kRun, "film.mp4")) == "old");
  CHECK(files_in(folder.file("artifacts")).size() == 1);
}

}  // namespace phonofilm::test

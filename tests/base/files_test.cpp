#include "phonofilm/base/files.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>

#include "phonofilm/base/error.h"
#include "support/support.h"

using namespace phonofilm;
namespace fs = std::filesystem;

namespace {

std::size_t entries(const test::TemporaryFolder& folder) {
  return std::size_t(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()));
}

// Lets no file grow beyond `bytes` while it lives, as a full disk would.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace

TEST_CASE("files: a written file is whole, replaced whole and leaves nothing beside it") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("a.txt");
  write_file_atomically(path, "first");
  CHECK(read_file(path) == "first");
  write_file_atomically(path, std::string("zero\0byte", 9));
  CHECK(read_file(path).size() == 9);
  CHECK(entries(folder) == 1);
}

TEST_CASE("files: a writer that fails keeps the old file and removes its temporary") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("film.mp4");
  write_file_atomically(path, "old");
  const auto fail = [](const std::string& temporary) {
    CHECK(fs::path(temporary).extension() == ".mp4");  // writers choose a format by it
    std::ofstream(temporary) << "half";
    throw MediaError("write", "encoder failed");
  };
  CHECK_THROWS_AS(with_temporary_file(path, fail), MediaError);
  CHECK(read_file(path) == "old");
  CHECK(entries(folder) == 1);
}

TEST_CASE("files: a full disk keeps the old file") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("weights.bin");
  write_file_atomically(path, "old");
  {
    const FileSizeLimit limit(4096);
    CHECK_THROWS_AS(write_file_atomically(path, std::string(100'000, 'x')), ResourceError);
  }
  CHECK(read_file(path) == "old");
  CHECK(entries(folder) == 1);
}

TEST_CASE("files: a target that cannot be written is a resource error") {
  const test::TemporaryFolder folder;
  CHECK_THROWS_AS(write_file_atomically(folder.file("no/such/folder/a.txt"), "x"), ResourceError);
  fs::create_directory(folder.path() / "taken");
  std::ofstream(folder.path() / "taken/inside") << "x";
  CHECK_THROWS_AS(write_file_atomically(folder.file("taken"), "x"), ResourceError);
  CHECK(fs::exists(folder.path() / "taken/inside"));
  CHECK(entries(folder) == 1);
}

TEST_CASE("files: folders are made with their parents, unless a file stands in the way") {
  const test::TemporaryFolder folder;
  make_folder(folder.file("a/b/c"));
  CHECK(fs::is_directory(folder.path() / "a/b/c"));
  make_folder(folder.file("a/b/c"));
  write_file_atomically(folder.file("file"), "x");
  CHECK_THROWS_AS(make_folder(folder.file("file/below")), ResourceError);
}

TEST_CASE("files: disk space is asked for before the work") {
  const test::TemporaryFolder folder;
  CHECK_NOTHROW(require_disk_space(folder.file("a"), 1000));
  CHECK_THROWS_AS(require_disk_space(folder.file("a"), 1e18), ResourceError);
}

TEST_CASE("files: reading what is not there") { CHECK_THROWS_AS(read_file("/no/such/file"), InvalidRequest); }

#include "phonofilm/base/error.h"

#include <doctest/doctest.h>

using namespace phonofilm;

TEST_CASE("errors: each kind has its exit code, and its operation stands in front") {
  CHECK(Error("a", "b").exit_code() == 1);
  CHECK(InvalidRequest("a", "b").exit_code() == 2);
  CHECK(CheckpointError("a", "b").exit_code() == 3);
  CHECK(ShapeError("a", "b").exit_code() == 4);
  CHECK(MediaError("a", "b").exit_code() == 5);
  CHECK(ResourceError("a", "b").exit_code() == 6);
  CHECK(Cancelled("a", "b").exit_code() == 130);
  CHECK(std::string(MediaError("read", "film.mp4: no sound").what()) == "[read] film.mp4: no sound");
}

TEST_CASE("errors: PF_CHECK throws only when the condition fails") {
  CHECK_NOTHROW([] { PF_CHECK(1 + 1 == 2, InvalidRequest, "add", "never"); }());
  CHECK_THROWS_WITH_AS([] { PF_CHECK(false, ShapeError, "add", "expected ", 3, ", got ", 4); }(), "[add] expected 3, got 4",
                       ShapeError);
}

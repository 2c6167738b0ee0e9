// Helpers that tests share.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::test {

// "<source>/testdata/<name>"
std::string testdata(const std::string& name);

// ||actual - expected|| / ||expected|| in float64; shapes must agree.
double relative_error(const Tensor& actual, const Tensor& expected);

// Fails the running test with the largest difference and where it stands.
void expect_close(const Tensor& actual, const Tensor& expected, double relative_tolerance, const std::string& what = "");

// A folder that is removed with everything in it at the end of the scope.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace phonofilm::test

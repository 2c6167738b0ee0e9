// Helpers that tests share.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "phonofilm/tensor/tensor.h"
#include "support/temporary_folder.h"

namespace phonofilm::test {

// "<source>/testdata/<name>"
std::string testdata(const std::string& name);

// ||actual - expected|| / ||expected|| in float64; shapes must agree.
double relative_error(const Tensor& actual, const Tensor& expected);

// Fails the running test with the largest difference and where it stands.
void expect_close(const Tensor& actual, const Tensor& expected, double relative_tolerance, const std::string& what = "");

}  // namespace phonofilm::test

#include "phonofilm/weights/model_folder.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::weights;

TEST_CASE("model folder: what is stored is what is opened, in half the size") {
  const test::TemporaryFolder folder;
  save_model_folder(folder.file("toy"), "toy", {{"width", 3}}, {{"x", at::full({2}, 1.5, at::kFloat)}});
  const ModelFolder opened = open_model_folder(folder.file("toy"), "toy");
  CHECK(*opened.config == nlohmann::json{{"width", 3}});
  CHECK((opened.weights.at("x").scalar_type() == at::kBFloat16));
  CHECK_THROWS_WITH_AS(open_model_folder(folder.file("toy"), "other"), doctest::Contains("expected a model of type 'other', got 'toy'"), CheckpointError);
  CHECK_THROWS_WITH_AS(open_model_folder(folder.file("none"), "toy"), doctest::Contains("no such model folder"), CheckpointError);
}

TEST_CASE("model folder: matrices of 8 bits and their scales are stored as they are") {
  const test::TemporaryFolder folder;
  const Tensor codes = at::arange(-2, 2, at::kChar).reshape({2, 2}), scale = at::full({2}, 0.1, at::kFloat);
  save_model_folder(folder.file("toy"), "toy", {}, {{"fc.weight", codes}, {"fc.scale_weight", scale}});
  const ModelFolder opened = open_model_folder(folder.file("toy"), "toy");
  CHECK(at::equal(opened.weights.at("fc.weight"), codes));
  CHECK(at::equal(opened.weights.at("fc.scale_weight"), scale));
}

TEST_CASE("model folder: damaged and hostile configurations") {
  const test::TemporaryFolder folder;
  save_model_folder(folder.path().string(), "toy", {}, {});
  const std::string deep(1'000'000, '[');
  const std::pair<std::string, const char*> faults[] = {
      {"", "is missing or damaged"}, {"{\"type\": ", "not valid JSON"}, {"[]", "expected a model of type 'toy', got ''"},
      {"{\"type\": 3}", "expected a model of type 'toy', got ''"}, {"{\"type\": null}", "got ''"}, {"{\"type\": [\"toy\"]}", "got ''"},
      {"{\"type\": \"\\u001b[2J\"}", "got ' [2J'"}, {"{\"type\": \"toy\", \"width\": " + deep, "nests deeper than 64 levels"},
      {deep, "nests deeper than 64 levels"}, {std::string("{\"type\": \"toy\"}\0", 16), "NUL byte"}};
  for (const auto& [config, message] : faults) {
    std::ofstream(folder.file("config.json"), std::ios::binary | std::ios::trunc) << config;
    CAPTURE(message);
    CHECK_THROWS_WITH_AS(open_model_folder(folder.path().string(), "toy"), doctest::Contains(message), CheckpointError);
  }
}

// Recipe files that are like another.
#include "phonofilm/train/recipe.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "support/support.h"

using namespace phonofilm;

TEST_CASE("recipe: one that is like another has its keys, section by section, and its own over them") {
  const test::TemporaryFolder folder;
  write_file_atomically(folder.file("base.json"),
                        R"({"task": "joint", "steps": 10, "optimizer": {"lr": 0.1, "beta1": 0.5}, "options": {"a": 1, "b": [1, 2]}})");
  write_file_atomically(folder.file("middle.json"), R"({"like": "base.json", "steps": 20, "options": {"b": [3]}})");
  write_file_atomically(folder.file("last.json"), R"({"like": "middle.json", "optimizer": {"lr": 0.2}, "options": {"a": null}})");
  const train::Recipe recipe = train::load_recipe(folder.file("last.json"));
  CHECK(recipe.run.steps == 20);
  CHECK(recipe.optimizer.lr == 0.2);
  CHECK(recipe.optimizer.beta1 == 0.5);
  CHECK(*recipe.options == nlohmann::json::parse(R"({"b": [3]})"));
}

TEST_CASE("recipe: circles, missing files and names that are none are refused") {
  const test::TemporaryFolder folder;
  const auto refuse = [&](const char* content, const char* words) {
    write_file_atomically(folder.file("a.json"), content);
    CHECK_THROWS_WITH_AS(train::load_recipe(folder.file("a.json")), doctest::Contains(words), Error);
  };
  refuse(R"({"like": "a.json"})", "in a circle?");
  refuse(R"({"like": "nowhere.json"})", "nowhere.json");
  refuse(R"({"like": 3})", "must name a recipe file");
  refuse(R"([])", "expected an object");
}

// phonofilm lab through the real program, on a study of two recipes of two steps.
#include <fstream>
#include <nlohmann/json.hpp>

#include "program.h"

using namespace phonofilm;
using test::run_program;

namespace {

// The shipped study's recipe, cut down to what a test has time for.
nlohmann::json tiny_recipe(const test::TemporaryFolder& folder) {
  nlohmann::json recipe = nlohmann::json::parse(read_file("recipes/lab/architectures/align_then_fuse.json"));
  recipe["steps"] = 2;
  recipe["options"]["cache"] = folder.file("latents");
  recipe["options"]["clips"] = 4, recipe["options"]["batch"] = 2, recipe["options"]["validation_clips"] = 2;
  recipe["options"]["transformer"].update({{"num_double_layers", 1}, {"num_single_layers", 1}});
  recipe["options"]["model"]["steps"] = 2;
  return recipe;
}

}  // namespace

TEST_CASE("cli: a study trains every recipe from every seed, and keeps what is done") {
  const test::TemporaryFolder folder;
  make_folder(folder.file("lab/tiny"));
  write_file_atomically(folder.file("lab/tiny/a.json"), tiny_recipe(folder).dump());
  write_file_atomically(folder.file("lab/tiny/b.json"), R"({"like": "a.json", "options": {"transformer": {"exchange": false}}})");
  const std::string study = "lab tiny --seeds 1 --recipes " + folder.file("lab") + " -o " + folder.file("out");
  const std::string command = study + " --count 2";
  const auto first = run_program(command);
  INFO(first.error);
  REQUIRE(first.exit_code == 0);
  for (const char* text : {"| a, 1 seed |", "| b, 1 seed |", "within 50 ms, %", "held-out loss of the picture"}) {
    CAPTURE(text);
    CHECK(first.output.find(text) != std::string::npos);
  }
  CHECK(read_file(folder.file("out/table.md")) == first.output);
  CHECK(read_file(folder.file("out/within_50_ms.svg")).find("</svg>") != std::string::npos);

  const auto kept = std::filesystem::last_write_time(folder.file("out/a/seed1/figures.json"));
  const auto again = run_program(command);
  CHECK(again.exit_code == 0);
  CHECK(again.output == first.output);
  CHECK(std::filesystem::last_write_time(folder.file("out/a/seed1/figures.json")) == kept);

  const auto other = run_program(study + " --count 3");
  CHECK(other.exit_code == 2);
  CHECK(other.says("figures.json: was measured by another recipe, of other weights, on other films"));

  const std::string sweep = "lab guidance " + folder.file("out/a/seed1/model") +
                            " --align 0,1.5 --text 2 --seeds 1 --steps 2 -o " + folder.file("guidance");
  const auto swept = run_program(sweep + " --count 2");
  INFO(swept.error);
  REQUIRE(swept.exit_code == 0);
  for (const char* row : {"| align 0, 1 seed |", "| align 1.5, 1 seed |", "| text 2, 1 seed |"}) {
    CHECK_MESSAGE(swept.output.find(row) != std::string::npos, row);
  }
  CHECK(is_file(folder.file("guidance/offset.svg")));
  CHECK(run_program(sweep + " --count 2").error.find("evaluate") == std::string::npos);  // kept, not measured again
  CHECK(run_program(sweep + " --count 3").exit_code == 2);
  std::ofstream(folder.file("out/a/seed1/model/model.json"), std::ios::app) << "\n";  // the model is another now
  CHECK(run_program(sweep + " --count 2").says("of other weights"));
}

TEST_CASE("cli: a study of a scene without falling balls has that scene's figures") {
  const test::TemporaryFolder folder;
  make_folder(folder.file("lab/cars"));
  nlohmann::json recipe = tiny_recipe(folder);
  recipe["options"]["scene"] = "rain";
  write_file_atomically(folder.file("lab/cars/a.json"), recipe.dump());
  const auto outcome = run_program("lab cars --seeds 1 --count 2 --scene car --recipes " + folder.file("lab") + " -o " +
                                   folder.file("out"));
  INFO(outcome.error);
  REQUIRE(outcome.exit_code == 0);
  CHECK(outcome.output.find("car seen, %") != std::string::npos);
  CHECK(outcome.output.find("held-out loss of the picture") != std::string::npos);
  CHECK(is_file(folder.file("out/car_seen.svg")));
}

TEST_CASE("cli: lab says what it misses") {
  CHECK(run_program("lab").says("which study?"));
  CHECK(run_program("lab guidance").exit_code == 2);
}

TEST_CASE("cli: a study that is not there, and one that cannot be compared") {
  const test::TemporaryFolder folder;
  make_folder(folder.file("codecs"));
  write_file_atomically(folder.file("codecs/v.json"), R"({"task": "vocoder"})");
  const auto other_task = run_program("lab codecs --recipes " + folder.path().string());
  CHECK(other_task.exit_code == 2);
  CHECK(other_task.says("expected the task 'joint'"));

  const auto scene = run_program("lab architectures --scene harder_impacts -o " + folder.file("out"));
  CHECK(scene.exit_code == 2);
  CHECK(scene.says("unknown scene 'harder_impacts' (did you mean 'hard_impacts'?)"));

  const auto outcome = run_program("lab architecture");
  CHECK(outcome.exit_code == 2);
  CHECK(outcome.says("recipes/lab/architecture: no such folder of recipes; phonofilm comes with the studies 'architectures' and 'voices'"));
}

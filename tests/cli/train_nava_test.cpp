// phonofilm train of NAVA on films from the disk, through the real program: what the reader of clips gives is what the
// training takes.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "phonofilm/base/fields.h"
#include "program.h"

using namespace phonofilm;
using nlohmann::json;
using test::run_program;

namespace {

// Two rendered films of a second, a list of them, a toy checkpoint, and recipes/nava/toy.json on these.
json films_and_recipe(const test::TemporaryFolder& folder) {
  const std::string films = folder.file("films"), list = folder.file("films.jsonl");
  REQUIRE(run_program("synth-checkpoint --family nava --scale toy -o " + folder.file("model")).exit_code == 0);
  REQUIRE(run_program("world render --count 2 --size 64 --width 96 --seconds 1 -o " + films).exit_code == 0);
  std::ofstream lines(list);
  for (const auto& file : std::filesystem::directory_iterator(films)) {
    if (file.path().extension() != ".mp4") continue;
    const json text{{"text_type", "caption"},
                    {"text", "A ball. <S>Oh.<E>"},
                    {"speech_start", {0.1}},
                    {"speech_end", {0.7}}};
    lines << json{{"video_info", {{{"data_path", file.path().string()}}}}, {"text_list", {text}}} << "\n";
  }
  json recipe{{"like", std::string(PHONOFILM_SOURCE_DIR) + "/recipes/nava/toy.json"}, {"steps", 2}};
  recipe["options"] = {{"model", folder.file("model")}, {"cache", folder.file("cache")}, {"batch", 1}};
  for (const char* modal : {"text_to_av", "text_to_audio", "text_to_video", "text_to_image"}) {
    recipe["options"]["sources"].push_back({{"data", list}, {"modal", modal}});
    recipe["options"]["modal_prob"][modal] = 1;
  }
  return recipe;
}

}  // namespace

TEST_CASE("train: NAVA on films from the disk, of every modality") {
  const test::TemporaryFolder folder;
  json recipe = films_and_recipe(folder);
  const std::string path = folder.file("recipe.json");
  save_json(path, recipe);
  const auto trained = run_program("train " + path + " -o " + folder.file("run"));
  INFO(trained.error);
  REQUIRE(trained.exit_code == 0);
  CHECK(trained.says("8/8, 0 left out"));
  CHECK_FALSE(trained.says("null voice"));
  CHECK(std::filesystem::exists(folder.file("run/model/NAVA.safetensors")));
  const json held = load_json(folder.file("run/validation.json"));
  for (const char* figure : {"text_to_av audio", "text_to_av video", "text_to_audio audio", "text_to_image video"}) {
    CAPTURE(figure);
    CHECK(held.contains(figure));
  }

  recipe["options"]["max_frames"] = 10;  // the list says no lengths, the files do
  save_json(path, recipe);
  const auto refused = run_program("train " + path + " -o " + folder.file("other"));
  CHECK(refused.exit_code == 2);
  CHECK(refused.says("longer than the"));
}

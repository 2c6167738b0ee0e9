// Lists of films by the real program and the embedded model: made, gone on with, and failing row by row.
#include <algorithm>
#include <fstream>
#include <iterator>

#include "phonofilm/media/audio_file.h"
#include "phonofilm/tensor/ops.h"
#include "program.h"

using namespace phonofilm;
using test::kFailure;
using test::kUsage;
using test::Outcome;
using test::run_program;
using test::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

Outcome batch(const TemporaryFolder& folder, const std::string& list, const std::string& arguments = "") {
  std::ofstream(folder.file("list.csv")) << list;
  return run_program("batch " + folder.file("list.csv") + " -o " + folder.file("films") + " --steps 2 --model " +
                     test::kMiniModel + " " + arguments);
}

}  // namespace

TEST_CASE("batch: a film per row; a row that fails does not stop the rest, and is tried again") {
  const TemporaryFolder folder;
  const std::string list =
      "text_prompt,image_path,seed\na red rubber ball falls,,3\na blue ball falls,nowhere.png,\n<S>a green ball,,\n";
  const Outcome first = batch(folder, list);
  INFO(first.error);
  CHECK(first.exit_code == kFailure);
  CHECK(first.output.find("3 films: 1 made, 0 were there, 2 failed") != std::string::npos);
  CHECK(first.error.find("list.csv:3: ") != std::string::npos);
  CHECK(first.error.find("nowhere.png") != std::string::npos);
  CHECK(first.error.find("no <E> closes the <S>") != std::string::npos);
  CHECK(fs::exists(folder.file("films/001_a_red_rubber_ball_falls.mp4")));
  const auto written = fs::last_write_time(folder.file("films/001_a_red_rubber_ball_falls.mp4"));

  const Outcome second = batch(folder, "text_prompt,image_path,seed\na red rubber ball falls,,3\na blue ball falls,,\n");
  CHECK(second.exit_code == 0);
  CHECK(second.output.find("2 films: 1 made, 1 were there, 0 failed") != std::string::npos);
  CHECK(fs::last_write_time(folder.file("films/001_a_red_rubber_ball_falls.mp4")) == written);
  CHECK(fs::exists(folder.file("films/002_a_blue_ball_falls.mp4")));
  std::ifstream log(folder.file("films/batch.jsonl"));
  CHECK(std::count(std::istreambuf_iterator<char>(log), {}, '\n') == 4);
}

TEST_CASE("batch: latents of the same film are gone on with, those of another are kept") {
  const TemporaryFolder folder;
  const std::string list = "text_prompt,seed\na red rubber ball falls,3\n", name = folder.file("films/001_a_red_rubber_ball_falls");
  REQUIRE(batch(folder, list, "--dump-latents").exit_code == 0);
  fs::remove(name + ".mp4");
  const Outcome other = batch(folder, list, "--shift 4");
  CHECK(other.exit_code == kFailure);
  CHECK(other.says("holds latents of a film with other settings"));
  REQUIRE(fs::exists(name + ".latents.safetensors"));
  const Outcome same = batch(folder, list);
  INFO(same.error);
  CHECK(same.exit_code == 0);
  CHECK(fs::exists(name + ".mp4"));
  CHECK_FALSE(fs::exists(name + ".latents.safetensors"));
}

TEST_CASE("batch: settings of the command line hold for all rows; sound alone") {
  const TemporaryFolder folder;
  const Outcome made = batch(folder, "text_prompt\na red rubber ball falls\n", "--no-video --format wav");
  INFO(made.error);
  CHECK(made.exit_code == 0);
  CHECK(fs::exists(folder.file("films/001_a_red_rubber_ball_falls.wav")));
}

TEST_CASE("batch: a list that is none") {
  const TemporaryFolder folder;
  const Outcome outcome = batch(folder, "prompts\na ball\n");
  CHECK(outcome.exit_code == kUsage);
  CHECK(outcome.error.find("text_prompt among them") != std::string::npos);
  CHECK_FALSE(fs::exists(folder.file("films")));
}

TEST_CASE("batch: a name that stands twice in a list is a failed row, not a film that was there") {
  const TemporaryFolder folder;
  media::write_wav(folder.file("voice.wav"), at::sin(at::arange(16000) * 0.06).unsqueeze(0), 16000);
  std::ofstream(folder.file("meta.lst")) << "same|hi there|voice.wav|hello\nsame|hi there|voice.wav|good morning\n";
  make_folder(folder.file("films"));
  std::ofstream(folder.file("films/same.wav")) << "made earlier";
  const Outcome outcome = run_program("batch " + folder.file("meta.lst") + " -o " + folder.file("films"));
  INFO(outcome.error);
  CHECK(outcome.exit_code == kFailure);
  CHECK(outcome.output.find("2 films: 0 made, 1 were there, 1 failed") != std::string::npos);
  CHECK(outcome.error.find("the name \"same\" stands twice") != std::string::npos);
}

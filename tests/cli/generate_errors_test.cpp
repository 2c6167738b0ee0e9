// Requests for films that cannot be made: refused with the right exit code before anything is computed or left behind.
#include <fstream>

#include "phonofilm/media/audio_file.h"
#include "phonofilm/tensor/ops.h"
#include "program.h"

using namespace phonofilm;
using test::kMedia;
using test::kResource;
using test::kUsage;
using test::kWeights;
using test::Outcome;
using test::run_program;
using test::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

const std::string kPrompt = "'a red rubber ball falls'";

// The command must fail so, and leave the folder of its output as empty as it was.
void expect_refusal(const std::string& arguments, int exit_code, const std::string& message,
                    const std::string& output = "film.mp4") {
  const TemporaryFolder folder;
  const Outcome outcome = run_program("generate " + arguments + " -o " + folder.file(output));
  INFO("arguments: ", arguments);
  INFO("stderr: ", outcome.error);
  CHECK(outcome.exit_code == exit_code);
  CHECK(outcome.error.find(message) != std::string::npos);
  CHECK(fs::is_empty(folder.path()));
}

std::string with_model(const std::string& arguments) { return arguments + " --model " + test::kMiniModel; }

// Copies the embedded model and cuts the largest of its weight files in half.
void copy_damaged_model(const std::string& target) {
  fs::copy(test::kMiniModel, target, fs::copy_options::recursive);
  fs::path largest;
  for (const auto& entry : fs::recursive_directory_iterator(target)) {
    const bool weights = entry.path().extension() == ".safetensors";
    if (weights && (largest.empty() || fs::file_size(entry.path()) > fs::file_size(largest))) largest = entry.path();
  }
  REQUIRE_FALSE(largest.empty());
  fs::resize_file(largest, fs::file_size(largest) / 2);
}

}  // namespace

TEST_CASE("generate: unknown options and impossible values") {
  expect_refusal(kPrompt + " --step 4", kUsage, "unknown option --step (did you mean --steps?)");
  expect_refusal(kPrompt + " --steps many", kUsage, "--steps: expected an integer, got 'many'");
  expect_refusal(kPrompt + " --seconds -1", kUsage, "--seconds must be between 0 and 600, got -1");
  expect_refusal(kPrompt + " --seed 9223372036854775807 --takes 2", kUsage, "the seeds of 2 takes do not fit");
  expect_refusal(kPrompt + " --solver eular", kUsage, "got 'eular' (did you mean 'euler'?)");
}

TEST_CASE("generate: a film of an unknown kind, or sound in a file that holds a picture") {
  expect_refusal(kPrompt, kUsage, "films are written as", "film.avi");
  expect_refusal(kPrompt, kUsage, "add --no-video", "film.wav");
}

TEST_CASE("generate: a model that is not there, or is no model") {
  const TemporaryFolder folder;
  expect_refusal(kPrompt + " --model /no/such/model", kWeights, "/no/such/model: no such model folder");
  expect_refusal(kPrompt + " --model " + folder.path().string(), kWeights, "not a model of any known family");
}

TEST_CASE("generate: an output that cannot be written") {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "file") << "x";
  const Outcome outcome = run_program("generate " + kPrompt + " -o " + folder.file("file/film.mp4"));
  CHECK(outcome.exit_code == kResource);
  CHECK(outcome.says("cannot create the folder"));
  CHECK(run_program("generate " + kPrompt + " -o /proc/film.mp4").exit_code == kResource);
}

TEST_CASE("generate: damaged weights") {
  const TemporaryFolder folder;
  copy_damaged_model(folder.file("mini"));
  expect_refusal(kPrompt + " --model " + folder.file("mini"), kWeights, "truncated");
}

TEST_CASE("generate: prompts that cannot be understood, whatever the model") {
  expect_refusal("''", kUsage, "the prompt is empty");
  expect_refusal("'he says <S>hello' --model /no/such/model", kUsage, "no <E> closes the <S>");
  expect_refusal("'he says hello<E>' --model /no/such/model", kUsage, "<E> without <S>");
}

TEST_CASE("generate: a first frame that cannot be read") {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "broken.png") << "this is not a picture";
  expect_refusal(with_model(kPrompt + " --image " + folder.file("missing.png")), kMedia, "missing.png");
  expect_refusal(with_model(kPrompt + " --image " + folder.file("broken.png")), kMedia, "broken.png");
}

TEST_CASE("generate: reference voices for a model that takes none, or for words that nobody says") {
  const TemporaryFolder folder;
  fs::copy(test::kMiniModel, folder.file("mute"), fs::copy_options::recursive);
  fs::remove_all(folder.file("mute/speaker_encoder"));
  const std::string mute = kPrompt + " --model " + folder.file("mute");
  expect_refusal(mute + " --voice " + folder.file("a.wav"), kUsage, "takes no reference voices");
  expect_refusal(mute + " --timbre-guidance 2", kUsage, "takes no reference voices");
  media::write_wav(folder.file("voice.wav"), at::sin(at::arange(32000) * 0.06).unsqueeze(0), 16000);
  expect_refusal(with_model(kPrompt + " --voice " + folder.file("voice.wav")), kUsage, "nobody speaks");
}

TEST_CASE("generate: sizes and lengths that the model cannot make") {
  expect_refusal(with_model(kPrompt + " --width 17 --height 17"), kUsage, "17");
  expect_refusal(with_model(kPrompt + " --seconds 500"), kUsage, "500");
}

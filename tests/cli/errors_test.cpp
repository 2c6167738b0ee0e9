// Wrong calls of the real program: each has its exit code and says what is wrong; nothing is lost or left half-written.
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "program.h"

using namespace phonofilm;
using test::kMedia;
using test::kUsage;
using test::kWeights;
using test::Outcome;
using test::run_program;
using test::TemporaryFolder;

namespace {

void expect_failure(const std::string& arguments, int exit_code, const std::string& message) {
  const Outcome outcome = run_program(arguments);
  INFO("arguments: ", arguments);
  INFO("stderr: ", outcome.error);
  CHECK(outcome.exit_code == exit_code);
  CHECK(outcome.error.find(message) != std::string::npos);
  CHECK(outcome.error.find("terminate called") == std::string::npos);
}

}  // namespace

TEST_CASE("cli: --help and --version succeed and say what there is") {
  const Outcome help = run_program("--help"), version = run_program("--version");
  CHECK(help.exit_code == 0);
  CHECK(help.output.find("inspect") != std::string::npos);
  CHECK(help.output.find("Exit codes") != std::string::npos);
  CHECK(version.exit_code == 0);
  CHECK(version.output.find("phonofilm") == 0);
}

TEST_CASE("cli: without a command the help goes to stderr") {
  const Outcome outcome = run_program("");
  CHECK(outcome.exit_code == kUsage);
  CHECK(outcome.error.find("Usage: phonofilm") != std::string::npos);
}

// What the message says in each case stands in flags_test.cpp; here, that it reaches the user.
TEST_CASE("cli: an unknown command, an unknown option, a missing argument and a bad value") {
  expect_failure("inspct x", kUsage, "unknown command 'inspct' (did you mean inspect?)");
  expect_failure("inspect x --dept=2", kUsage, "unknown option --dept (did you mean --depth?)\nsee: phonofilm inspect --help");
  expect_failure("inspect", kUsage, "PATH is required");
  expect_failure("inspect a --depth 0", kUsage, "--depth must be between 1 and 16, got 0");
}

TEST_CASE("cli: inspect shows what is in a file") {
  const TemporaryFolder folder;
  make_folder(folder.file("part"));
  const std::string path = folder.file("part/model.safetensors");
  weights::save_safetensors(path, {{"blocks.0.weight", at::zeros({4, 3}, at::kFloat)}, {"blocks.1.weight", at::zeros({4}, at::kBFloat16)}},
                            {{"trained_by", "a test"}});
  for (const std::string& target : {path, folder.path().string()}) {
    const Outcome outcome = run_program("inspect " + target + " --tensors");
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.says("trained_by: a test"));
    CHECK(outcome.says("blocks.0.weight"));
    CHECK(outcome.says("BF16"));
    CHECK(outcome.says("56 B"));
  }
  const Outcome json = run_program("inspect " + path + " --json --depth 2");
  CHECK(json.says("\"blocks.1\""));
  CHECK(json.says("\"parameters\": 16"));
}

TEST_CASE("cli: inspect of missing and damaged weights") {
  const TemporaryFolder folder;
  expect_failure("inspect " + folder.file("missing.safetensors"), kWeights, "cannot be opened: No such file");
  expect_failure("inspect " + folder.path().string(), kWeights, "no weights (.safetensors, .pt, .pth) in this folder");
  write_file_atomically(folder.file("damaged.safetensors"), "this is not a weights file");
  expect_failure("inspect " + folder.file("damaged.safetensors"), kWeights, "is neither safetensors, nor a PyTorch archive");
}

TEST_CASE("cli: a film that is none, and a recipe with a misspelt key") {
  const TemporaryFolder folder;
  write_file_atomically(folder.file("not.mp4"), "this is not a film");
  expect_failure("show " + folder.file("not.mp4"), kMedia, "is not a picture, sound or film of a known kind");
  write_file_atomically(folder.file("recipe.json"), R"({"task": "vocoder", "stepz": 3})");
  expect_failure("train " + folder.file("recipe.json") + " -o " + folder.file("run"), kUsage,
                 "unknown option 'stepz' (did you mean 'steps'?)");
  CHECK_FALSE(std::filesystem::exists(folder.file("run")));
}

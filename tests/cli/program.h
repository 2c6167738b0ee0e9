// Runs the real program as a user would.
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/wait.h>

#include "phonofilm/base/files.h"
#include "support/support.h"

namespace phonofilm::test {

// Exit codes of the program (docs/architecture.md).
constexpr int kFailure = 1, kUsage = 2, kWeights = 3, kMedia = 5, kResource = 6;

const std::string kMiniModel = PHONOFILM_SOURCE_DIR "/models/mini";

struct Outcome {
  int exit_code = -1;
  std::string output, error;  // what went to stdout and to stderr

  bool says(const std::string& text) const { return (output + error).find(text) != std::string::npos; }
};

// `arguments` is shell text: quote what needs it. `before` may set limits ("ulimit -v 1000000;").
inline Outcome run_program(const std::string& arguments, const std::string& before = "") {
  const TemporaryFolder folder;
  const std::string command = before + " \"" PHONOFILM_PROGRAM "\" " + arguments + " >" + folder.file("out") + " 2>" +
                              folder.file("err") + " </dev/null";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(folder.file("out")), read_file(folder.file("err"))};
}

}  // namespace phonofilm::test

// The exceptions that phonofilm throws. Libraries throw them and never exit, print or return null on failure;
// they are caught in two places only: the command line (exit code) and the job worker (job state).
//
// A message names the operation, the file or tensor, what was expected, what was found, and the likely cure:
//   [load] models/mini/dit.safetensors: tensor "head.head.weight": expected [48, 192] bf16, got [48, 96] bf16
#pragma once

#include <stdexcept>
#include <string>

#include "phonofilm/base/text.h"

namespace phonofilm {

class Error : public std::runtime_error {
 public:
  // operation: the step that failed, in brackets at the head of the message, e.g. "load".
  Error(const std::string& operation, const std::string& message, int exit_code = 1)
      : std::runtime_error("[" + operation + "] " + message), exit_code_(exit_code) {}
  // What the command line returns to the shell; listed in docs/architecture.md.
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

// The caller asked for something that cannot be done: an option out of range, an unknown name, a bad prompt.
struct InvalidRequest : Error {
  InvalidRequest(const std::string& operation, const std::string& message) : Error(operation, message, 2) {}
};
// Weights or their config are missing, damaged or do not fit the model.
struct CheckpointError : Error {
  CheckpointError(const std::string& operation, const std::string& message) : Error(operation, message, 3) {}
};
// A tensor at a public door has the wrong shape or dtype.
struct ShapeError : Error {
  ShapeError(const std::string& operation, const std::string& message) : Error(operation, message, 4) {}
};
// A picture, sound or film cannot be read or written.
struct MediaError : Error {
  MediaError(const std::string& operation, const std::string& message) : Error(operation, message, 5) {}
};
// Memory, disk space or a file handle is not to be had.
struct ResourceError : Error {
  ResourceError(const std::string& operation, const std::string& message) : Error(operation, message, 6) {}
};
// The user stopped the work; what was computed so far has been kept.
struct Cancelled : Error {
  explicit Cancelled(const std::string& operation, const std::string& message) : Error(operation, message, 130) {}
};

}  // namespace phonofilm

// For inputs: throws `Type` (an Error of this header) with the remaining arguments streamed into the message.
#define PF_CHECK(condition, Type, operation, ...)                            \
  do {                                                                       \
    if (!(condition)) throw Type(operation, ::phonofilm::concat(__VA_ARGS__)); \
  } while (false)

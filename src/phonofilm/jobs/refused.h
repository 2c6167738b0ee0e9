// What the queue throws. A refusal is an answer (the caller asked for what cannot be); a StoreError is a fault of the
// database or its file.
#pragma once

#include <string>

#include "phonofilm/base/error.h"

namespace phonofilm::jobs {

enum class Refusal {
  not_found,    // no such job, or it belongs to another owner, or it was deleted
  conflict,     // the idempotency key was used for another request
  lease_lost,   // another worker has the job now, or nobody: the caller stops computing
  cancelled,    // the job was cancelled: the caller stops computing
  wrong_state,  // a queued job was needed, or an unfinished one
  queue_full,   // try again later
  invalid,      // a value is too large, empty, no UTF-8
};

class Refused : public Error {
 public:
  Refused(Refusal reason, const std::string& operation, const std::string& message)
      : Error(operation, message, 2), reason_(reason) {}
  Refusal reason() const { return reason_; }

 private:
  Refusal reason_;
};

// The database cannot be opened, reached or trusted. The message names the file or server and the likely cure.
struct StoreError : Error {
  StoreError(const std::string& operation, const std::string& message) : Error(operation, message, 7) {}
};

}  // namespace phonofilm::jobs

// Throws Refused(reason, operation, remaining arguments streamed) unless `condition` holds.
#define PF_REFUSE_UNLESS(condition, reason, operation, ...)                                                  \
  do {                                                                                                       \
    if (!(condition)) throw ::phonofilm::jobs::Refused(reason, operation, ::phonofilm::concat(__VA_ARGS__)); \
  } while (false)

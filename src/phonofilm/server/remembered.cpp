#include "phonofilm/server/remembered.h"

#include <exception>
#include <memory>
#include <mutex>
#include <optional>

namespace phonofilm::server {
namespace {

struct Memory {
  std::mutex mutex{};
  std::optional<double> at{};
  std::exception_ptr thrown{};
};

}  // namespace

std::function<void()> remembered(std::function<void()> check, double seconds, std::function<double()> now) {
  return [memory = std::make_shared<Memory>(), check = std::move(check), seconds, now = std::move(now)] {
    const std::lock_guard lock(memory->mutex);
    if (!memory->at || now() - *memory->at >= seconds) {
      memory->thrown = nullptr;
      try {
        check();
      } catch (...) {
        memory->thrown = std::current_exception();
      }
      memory->at = now();
    }
    if (memory->thrown) std::rethrow_exception(memory->thrown);
  };
}

}  // namespace phonofilm::server

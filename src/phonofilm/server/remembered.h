// A check whose outcome holds for a while.
#pragma once

#include <functional>

namespace phonofilm::server {

// Calls `check` at most once in so many seconds, by the clock `now`, and in between ends as that call did: returns, or
// throws the same. Safe to call from several threads; those that come during a call wait for its outcome.
std::function<void()> remembered(std::function<void()> check, double seconds, std::function<double()> now);

}  // namespace phonofilm::server

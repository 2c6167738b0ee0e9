// Small networks side by side: two that run on a core each beat one whose every operator is split in two.
#pragma once

#include <functional>
#include <future>

namespace phonofilm::nava {

// Runs work in this thread, which is new to the math library, without gradients.
void run_as_thread(const std::function<void()>& work);

// Runs work() in a thread of its own, without gradients. Its result is a value that can be made empty.
template <class Work>
auto in_background(Work work) {
  return std::async(std::launch::async, [work = std::move(work)] {
    decltype(work()) result{};
    run_as_thread([&] { result = work(); });
    return result;
  });
}

}  // namespace phonofilm::nava

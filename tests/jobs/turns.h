// Two threads whose every step a schedule decides, so that a race has as many runs as orders, and each can be repeated.
#pragma once

#include <cstdint>
#include <functional>
#include <semaphore>
#include <thread>

namespace phonofilm::test {

// Lets one of two threads run at a time; each asks at its points who goes on. A schedule is a bit per turn, so that
// all schedules are numbers.
class Turns {
 public:
  // bits: who has the n-th turn, the lowest first; past the end, whoever is left.
  explicit Turns(std::uint64_t bits, int length) : bits_(bits), left_(length) {}

  void run(const std::function<void()>& first, const std::function<void()>& second) {
    std::thread threads[2]{std::thread([&] { play(0, first); }), std::thread([&] { play(1, second); })};
    give_turn();
    for (std::thread& thread : threads) thread.join();
  }

  // Called by the running thread between two of its operations.
  void yield() {
    const int me = running_;
    give_turn();
    gates_[me].acquire();
  }

 private:
  void play(int me, const std::function<void()>& work) {
    gates_[me].acquire();
    work();
    done_[me] = true;
    if (!done_[0] || !done_[1]) give_turn();
  }
  void give_turn() {
    int next = 0;
    if (left_-- > 0) next = int(bits_ & 1), bits_ >>= 1;
    running_ = done_[next] ? 1 - next : next;
    gates_[running_].release();
  }

  std::uint64_t bits_;
  int left_, running_ = 0;
  bool done_[2] = {false, false};
  std::binary_semaphore gates_[2]{std::binary_semaphore(0), std::binary_semaphore(0)};
};

}  // namespace phonofilm::test

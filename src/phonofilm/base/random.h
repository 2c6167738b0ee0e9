// Seeded randomness that is the same on every machine and compiler (the standard distributions are not).
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

namespace phonofilm {

// Mixes a seed with what the numbers are for (a purpose name, an index), so that streams never overlap:
//   Random random(mix_seed(run_seed, "dropout", step));
std::uint64_t mix_seed(std::uint64_t seed, std::string_view purpose, std::uint64_t index = 0);

// xoshiro256** (Blackman and Vigna, 2018), seeded through splitmix64.
class Random {
 public:
  explicit Random(std::uint64_t seed);
  std::uint64_t next();
  double uniform() { return double(next() >> 11) * 0x1.0p-53; }  // [0, 1)
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  double normal();                                    // mean 0, variance 1 (Box-Muller)
  std::int64_t below(std::int64_t count) { return std::int64_t(uniform() * double(count)); }
  bool chance(double probability) { return uniform() < probability; }
  template <class Container>
  const auto& pick(const Container& items) { return items[size_t(below(std::int64_t(items.size())))]; }

 private:
  std::uint64_t state_[4];
};

}  // namespace phonofilm

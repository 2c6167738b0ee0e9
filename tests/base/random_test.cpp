// The expected numbers come from a separate Python implementation of splitmix64, xoshiro256** and FNV-1a; they pin the
// streams, because seeds stand in recipes, in the metadata of films and in goldens.
#include "phonofilm/base/random.h"

#include <doctest/doctest.h>

#include <set>

using namespace phonofilm;

TEST_CASE("random: the bit stream of a seed never changes") {
  Random zero(0), random(42);
  CHECK(zero.next() == 0x99ec5f36cb75f2b4ULL);
  CHECK(zero.next() == 0xbf6e1f784956452aULL);
  CHECK(random.next() == 0x15780b2e0c2ec716ULL);
  CHECK(random.next() == 0x6104d9866d113a7eULL);
  CHECK(random.next() == 0xae17533239e499a1ULL);
}

TEST_CASE("random: uniform and normal numbers of a seed never change") {
  Random uniform(42), normal(42);
  CHECK(uniform.uniform() == 0.08386297105988216);
  CHECK(uniform.uniform() == 0.3789802506626686);
  CHECK(normal.normal() == doctest::Approx(-0.303263064678738).epsilon(1e-12));
  CHECK(normal.normal() == doctest::Approx(1.3438117634372806).epsilon(1e-12));
}

TEST_CASE("random: streams are told apart by purpose and index") {
  CHECK(mix_seed(7, "dropout", 3) == 0x43fe4e8e713ab8a7ULL);
  CHECK(mix_seed(7, "dropout", 4) == 0xaa50e3136588ab9dULL);
  CHECK(mix_seed(7, "noise", 3) == 0x53205366d0f460f0ULL);
  std::set<std::uint64_t> seen;
  for (std::uint64_t index = 0; index < 1000; ++index) seen.insert(mix_seed(1, "scene", index));
  CHECK(seen.size() == 1000);
}

TEST_CASE("random: moments and bounds") {
  Random random(1);
  constexpr int kCount = 20000;
  double sum = 0, squares = 0;
  for (int i = 0; i < kCount; ++i) {
    const double value = random.normal();
    sum += value;
    squares += value * value;
  }
  CHECK(sum / kCount == doctest::Approx(0).scale(1).epsilon(0.03));
  CHECK(squares / kCount == doctest::Approx(1).epsilon(0.03));
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t drawn = random.below(7);
    CHECK((drawn >= 0 && drawn < 7));
    const double value = random.uniform(-2, 3);
    CHECK((value >= -2 && value < 3));
  }
}

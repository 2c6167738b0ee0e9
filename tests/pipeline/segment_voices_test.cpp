// Whose voices the segments of a film hear.
#include "phonofilm/pipeline/segment_voices.h"

#include <doctest/doctest.h>

#include "phonofilm/tensor/ops.h"

using namespace phonofilm;

namespace {

// The numbers of the voices that prompt k gets, of `count`; 0 for a line without one.
std::vector<std::int64_t> heard(const std::vector<std::string>& prompts, std::int64_t count, std::size_t k) {
  pipeline::GenerateRequest r;
  r.prompt = prompts[0];
  r.then.assign(prompts.begin() + 1, prompts.end());
  std::vector<Tensor> voices;
  for (std::int64_t i = 1; i <= count; ++i) voices.push_back(at::full({1, 4}, double(i)));
  std::vector<std::int64_t> numbers;
  for (const Tensor& voice : pipeline::segment_voices(r, k, voices)) {
    numbers.push_back(voice.defined() ? std::int64_t(voice[0][0].item<double>()) : 0);
  }
  return numbers;
}

using Numbers = std::vector<std::int64_t>;
const std::string kNobody = "rain", kOne = "<S>oh<E>", kTwo = "<S>oh<E> <S>no<E>";

}  // namespace

TEST_CASE("voices belong to the lines of all prompts in order") {
  const std::vector<std::string> prompts{kTwo, kNobody, kOne};
  CHECK(heard(prompts, 3, 0) == Numbers{1, 2});
  CHECK(heard(prompts, 3, 1) == Numbers{});
  CHECK(heard(prompts, 3, 2) == Numbers{3});
  CHECK(heard(prompts, 2, 2) == Numbers{});
  CHECK(heard(prompts, 5, 2) == Numbers{3, 4, 5});  // of which the model says that they are not used
}

TEST_CASE("one voice speaks all lines, and the last of several only its own") {
  CHECK(heard({kTwo, kNobody, kOne}, 1, 0) == Numbers{1});
  CHECK(heard({kTwo, kNobody, kOne}, 1, 1) == Numbers{});
  CHECK(heard({kTwo, kNobody, kOne}, 1, 2) == Numbers{1});
  CHECK(heard({kOne, kTwo}, 2, 1) == Numbers{2, 0});
}

TEST_CASE("where nobody speaks the voices are left to the model to refuse") {
  CHECK(heard({kNobody, kNobody}, 2, 0) == Numbers{1, 2});
  CHECK(heard({kNobody}, 0, 0) == Numbers{});
}

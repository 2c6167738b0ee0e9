#include "phonofilm/train/picture_loss.h"

#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "support/support.h"

using namespace phonofilm;

TEST_CASE("the one-pass picture loss and its gradient agree with autograd") {
  const at::Generator generator = make_generator(1);
  const Tensor frames = randn({2, 3, 5, 4, 6}, generator);
  const Tensor weight = rand_uniform({2, 5, 4, 6}, generator) + 1;
  Tensor decoded = randn({2, 3, 5, 4, 6}, generator).requires_grad_(true);

  const Tensor difference = decoded - frames, w = weight.unsqueeze(1);
  const Tensor picture = (w * (difference.abs() + 2 * difference.square())).mean();
  const Tensor change = difference.narrow(2, 1, 4) - difference.narrow(2, 0, 4);
  const Tensor motion = (w.narrow(2, 1, 4) * change.abs()).mean();
  (picture + 0.5 * motion).backward();

  const train::PictureLoss loss = train::picture_loss(decoded, frames, weight, 0.5);
  CHECK(loss.picture == doctest::Approx(picture.item<double>()).epsilon(1e-5));
  CHECK(loss.motion == doctest::Approx(motion.item<double>()).epsilon(1e-5));
  test::expect_close(loss.gradient, decoded.grad(), 1e-5);
}

TEST_CASE("what moves weighs more than what stands still") {
  Tensor frames = at::zeros({1, 3, 4, 2, 2});
  frames[0][1][2][0][1] = 1;  // one green pixel lights up in one frame
  const Tensor weight = train::moving_weight(frames, 6);
  CHECK(weight[0][0][1][1].item<float>() == 1);
  CHECK(weight[0][2][0][1].item<float>() == doctest::Approx(7));      // |1 - 1/4| * 2 is cut at 1
  CHECK(weight[0][0][0][1].item<float>() == doctest::Approx(1 + 6 * 0.5));  // |0 - 1/4| * 2
}

TEST_CASE("with_gradient carries value and derivative") {
  Tensor x = at::ones({3}).requires_grad_(true);
  const Tensor gradient = at::arange(3, at::kFloat);
  const Tensor scalar = train::with_gradient(x, gradient, 42);
  scalar.backward();
  CHECK(scalar.item<double>() == doctest::Approx(42));
  CHECK(at::equal(x.grad(), gradient));
}

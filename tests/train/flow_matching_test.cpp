// The objective: identities, the recorded table (golden_schedule.safetensors), and one recorded training step with its
// gradients (golden_train.safetensors, grad_norm_names.json), all in testdata/goldens/nava-tiny.
#include "phonofilm/train/flow_matching.h"

#include "families/nava_goldens.h"

using namespace phonofilm;
using namespace phonofilm::train;
using namespace phonofilm::test;
using diffusion::JointLatent;

namespace {

Tensor as_floats(const std::vector<double>& values) { return at::tensor(values, at::kDouble).to(at::kFloat); }

// One step with the voice of "speakers" 0 at the first position, at entry 300 of the table.
void expect_step(const std::string& name, bool image_and_mask) {
  const auto inputs = weights::SafetensorsFile::open(nava_golden("golden_dit_fp32.safetensors"));
  const auto golden = weights::SafetensorsFile::open(nava_golden("golden_train.safetensors"));
  const auto model = load_tiny_nava();
  model->require_grad(true);
  const nn::RunContext run;

  const NavaNoiseTable table;
  const auto index = size_t(golden.at("timestep_index").item<std::int64_t>());
  const Tensor sigma = as_floats({table.sigmas()[index]}), weight = as_floats({table.weights()[index]});
  expect_close(sigma, golden.at("sigma"), 1e-6, "sigma");
  expect_close(weight, golden.at("loss_weight"), 1e-5, "weight");
  const JointLatent data{as_video(inputs.at("video_latent")), as_audio(inputs.at("audio_latent"))};
  const JointLatent noise{as_video(golden.at("noise_video")), as_audio(golden.at("noise_audio"))};
  JointLatent noisy = add_noise(data, noise, sigma);
  if (image_and_mask) noisy.video = overwrite_first_frame(noisy.video, data.video[0].narrow(1, 0, 1));
  expect_close(noisy.video, as_video(golden.at(name + ".input_video")), 1e-6, "input_video");
  expect_close(noisy.audio, as_audio(golden.at(name + ".input_audio")), 1e-6, "input_audio");

  const nava::Voices voices{inputs.at("speakers").narrow(0, 0, 1), as_positions(inputs.at("speaker_positions"), 1)};
  const auto context = model->prepare_context(padded_context(inputs.at("context_pos"), model->config()), {voices}, run);
  const JointLatent v = model->forward({.latent = noisy, .timestep = sigma * 1000, .context = &context,
                                        .mask_modality = image_and_mask, .held = diffusion::first_frames(image_and_mask ? 1 : 0)}, run);
  const FlowLoss loss = flow_loss(v, data, noise, {sigma, weight});
  expect_close(loss.video[0], golden.at(name + ".mse_video"), 1e-5, "mse_video");
  expect_close(loss.audio[0], golden.at(name + ".mse_audio"), 1e-5, "mse_audio");
  expect_close(loss.total, golden.at(name + ".loss"), 1e-5, "loss");
  loss.total.backward();

  std::map<std::string, Tensor> gradients;
  for (const auto& [parameter, tensor] : model->named_parameters()) gradients[parameter] = tensor.grad();
  const std::string prefix = name + ".grad.";
  for (const auto& [key, expected] : golden.tensors()) {
    if (!key.starts_with(prefix)) continue;
    const Tensor gradient = gradients.at(key.substr(prefix.size()));
    expect_close(gradient.narrow(0, 0, expected.size(0)), expected, 1e-4, key);
  }
  const auto names = load_json(nava_golden("grad_norm_names.json")).get<std::vector<std::string>>();
  const Tensor norms = golden.at(name + ".grad_norms");
  REQUIRE(std::int64_t(names.size()) == norms.size(0));
  REQUIRE(names.size() == gradients.size());
  for (size_t i = 0; i < names.size(); ++i) {
    const Tensor& gradient = gradients.at(names[i]);  // undefined for the null token, which nobody used
    const double norm = gradient.defined() ? gradient.norm().item<double>() : 0;
    INFO(names[i]);
    CHECK(norm == doctest::Approx(norms[std::int64_t(i)].item<double>()).epsilon(1e-4));
  }
}

}  // namespace

TEST_CASE("a recorded training step: text to film with a voice (golden_train: t2av)") { expect_step("t2av", false); }
TEST_CASE("a recorded training step: first frame, masked modalities (golden_train: i2av_mask)") {
  expect_step("i2av_mask", true);
}

TEST_CASE("the noise table and its weights (golden_schedule)") {
  const auto file = weights::SafetensorsFile::open(nava_golden("golden_schedule.safetensors"));
  const NavaNoiseTable table;
  expect_close(as_floats(table.weights()), file.at("train.loss_weights"), 1e-5);
  expect_close(as_floats(table.sigmas()) * 1000, file.at("euler.steps1000.timesteps"), 1e-6);
}

TEST_CASE("draws are deterministic and lie where they should") {
  Random first(5), second(5);
  const NavaNoiseTable table;
  const NoiseLevels levels = table.draw(64, first);
  CHECK(at::equal(levels.sigma, table.draw(64, second).sigma));
  CHECK(levels.sigma.min().item<double>() > 0.015);
  CHECK(levels.timestep().max().item<double>() <= 1000);

  Random random(6);
  const LogitNormal logit_normal;
  const Tensor sigma = logit_normal.draw(4000, random).sigma;
  CHECK(sigma.mean().item<double>() == doctest::Approx(0.5).epsilon(0.03));
  CHECK(sigma.std().item<double>() == doctest::Approx(0.208).epsilon(0.05));
  for (int batch = 0; batch < 20; ++batch) {  // half of each on either side of the middle
    CHECK((logit_normal.draw(8, random).sigma < 0.5).sum().item<std::int64_t>() == 4);
  }
  CHECK(at::isfinite(LogitNormal{0, 1.9, 2}.draw(10000, random).sigma).all().item<bool>());
}

TEST_CASE("the loss of a perfect prediction is zero, and weights act per sample") {
  const JointLatent data{at::ones({2, 1, 1, 1, 2}), at::ones({2, 1, 3})};
  const JointLatent noise{at::zeros({2, 1, 1, 1, 2}), at::zeros({2, 1, 3})};
  const NoiseLevels levels{at::tensor({0.5f, 0.5f}), at::tensor({1.0f, 3.0f})};
  const auto minus = [](const Tensor& n, const Tensor& d) { return n - d; };
  CHECK(flow_loss(diffusion::map(minus, noise, data), data, noise, levels).total.item<double>() == 0);
  // A prediction of 0 misses by 1 everywhere: mean weight 2, times 1 + 0.2.
  CHECK(flow_loss(noise, data, noise, levels).total.item<double>() == doctest::Approx(2.4));
  const FlowLoss sound = flow_loss({{}, noise.audio}, {{}, data.audio}, {{}, noise.audio}, levels, {1, 1});
  CHECK(sound.total.item<double>() == doctest::Approx(2));
  CHECK_FALSE(sound.video.defined());
  const JointLatent middle = add_noise(data, noise, at::tensor({0.25f, 1.0f}));
  CHECK(middle.audio[0].mean().item<double>() == doctest::Approx(0.75));
  CHECK(middle.audio[1].mean().item<double>() == doctest::Approx(0));
}

TEST_CASE("what moves counts more, by what the model itself expects, and no more than five times as much") {
  // Of eight places one changes from -1 to 1 over two frames.
  Tensor picture = at::zeros({1, 1, 2, 2, 4});
  picture[0][0][0][0][0] = -1, picture[0][0][1][0][0] = 1;
  const Tensor weight = motion_weight(picture, 1);
  CHECK(weight.sizes() == Shape{1, 1, 2, 2, 4});
  CHECK(weight.mean().item<double>() == doctest::Approx(1));
  CHECK(weight[0][0][0][0][0].item<double>() == doctest::Approx(5 * weight[0][0][0][0][1].item<double>()));
  CHECK(at::equal(motion_weight(at::ones({1, 1, 2, 2, 4}), 3), at::ones({1, 1, 2, 2, 4})));

  // A prediction that is off by 1 where it moves, and by 1 where nothing does.
  const Tensor noise = at::zeros_like(picture);
  const NoiseLevels levels{at::tensor({0.01f}), at::ones({1})};
  const auto loss_of = [&](std::int64_t column, double moving) {
    Tensor prediction = -picture;
    prediction.select(4, column).select(3, 0) += 1;
    return flow_loss({prediction, {}}, {picture, {}}, {noise, {}}, levels, {1, 1, moving});
  };
  CHECK(loss_of(0, 0).total.item<double>() == doctest::Approx(loss_of(1, 0).total.item<double>()));
  CHECK(loss_of(0, 1).total.item<double>() > 4 * loss_of(1, 1).total.item<double>());
  CHECK(loss_of(0, 1).video.item<double>() == doctest::Approx(loss_of(0, 0).video.item<double>()));
}

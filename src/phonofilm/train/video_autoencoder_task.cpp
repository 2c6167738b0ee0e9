#include "phonofilm/train/video_autoencoder_task.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/autoencoders/video_autoencoder/video_autoencoder.h"
#include "phonofilm/base/random.h"
#include "phonofilm/base/text.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/train/picture_loss.h"
#include "phonofilm/train/world_data.h"

namespace phonofilm::train {
namespace {

using autoencoders::Posterior;
using autoencoders::VideoAutoencoder;
using autoencoders::VideoAutoencoderConfig;

struct Options {
  std::string scene = "impacts";
  std::string start;               // a trained folder to go on from; empty: fresh weights
  bool freeze_encoder = false;     // train the decoder alone: latents made with the encoder stay valid
  std::int64_t size = 96, frames = 49, batch = 12, crop = 17;
  double kl = 5e-4;                // weight of the divergence from N(0, 1), per latent value
  double moving = 6;               // extra weight of pixels that differ from the clip's mean picture
  double motion = 0.5;             // weight of the error of frame-to-frame differences, which carry the timing
  Fields fields() {
    return {{"scene", &scene, "world scene"},
            {"start", &start, "folder of trained weights to start from"},
            {"freeze_encoder", &freeze_encoder, "train the decoder alone"},
            {"size", &size, "pixels per side", 32.0, 2048.0},
            {"frames", &frames, "of a rendered clip (4n + 1)", 5.0, 1000.0},
            {"batch", &batch, "clips per step", 1.0, 4096.0},
            {"crop", &crop, "frames per training sample (4n + 1)", 5.0, 1000.0},
            {"kl", &kl, "weight of the KL divergence", 0.0, 10.0},
            {"moving", &moving, "extra weight of what moves", 0.0, 1000.0},
            {"motion", &motion, "weight of frame differences", 0.0, 1000.0}};
  }
};

class VideoAutoencoderTask : public Task {
 public:
  VideoAutoencoderTask(const Options& options, std::unique_ptr<VideoAutoencoder> model, std::uint64_t seed, SampleWriter writer)
      : options_(options), model_(std::move(model)), seed_(seed), writer_(std::move(writer)) {}

  std::string name() const override { return "video_autoencoder"; }
  nn::Module& model() override { return *model_; }

  Batch batch(std::uint64_t seed, std::int64_t step) const override {
    std::vector<Tensor> crops;
    for (std::int64_t i = 0; i < options_.batch; ++i) {
      const auto index = std::uint64_t(step * options_.batch + i);
      Random random(mix_seed(seed, "crop", index));
      const Tensor clip = render(clip_seed(seed, "train", index));
      crops.push_back(clip.narrow(0, random.below(options_.frames - options_.crop + 1), options_.crop));
    }
    const Tensor frames = frames_to_tensor(at::stack(crops));
    return {{"frames", frames}, {"weight", moving_weight(frames, options_.moving)}};
  }

  StepLoss loss(const Batch& batch, std::uint64_t seed, std::int64_t step, const nn::RunContext& run) override {
    const Tensor& frames = batch.at("frames");
    const Posterior posterior = encode(frames, run);
    const Tensor noise = randn(posterior.mean.sizes().vec(), make_generator(mix_seed(seed, "posterior", std::uint64_t(step))));
    const Tensor latent = posterior.mean + noise * (posterior.log_variance * 0.5).exp();
    const Tensor decoded = model_->decode(latent, run);
    const PictureLoss loss = picture_loss(decoded, frames, batch.at("weight"), options_.motion);
    const Tensor kl = 0.5 * (posterior.mean.square() + posterior.log_variance.exp() - 1 - posterior.log_variance).mean();
    const Tensor total = with_gradient(decoded, loss.gradient, loss.picture + options_.motion * loss.motion);
    return {total + options_.kl * kl, {{"picture", loss.picture}, {"motion", loss.motion}, {"kl", kl.item<double>()}}};
  }

  std::map<std::string, double> validate(const nn::RunContext& run) override {
    double error = 0, moving_error = 0, moving_weight_sum = 0;
    constexpr int kClips = 8;
    for (int i = 0; i < kClips; ++i) {
      const Tensor frames = frames_to_tensor(render(clip_seed(seed_, "validation", std::uint64_t(i))).unsqueeze(0));
      const Tensor square = (round_trip(frames, run) - frames).square();
      const Tensor mask = (moving_weight(frames, 1) - 1).unsqueeze(1);
      error += square.mean().item<double>() / kClips;
      moving_error += (square * mask).sum().item<double>() / 3;
      moving_weight_sum += mask.sum().item<double>();
    }
    return {{"psnr", 10 * std::log10(4 / error)}, {"moving_psnr", 10 * std::log10(4 * moving_weight_sum / (3 * moving_error))}};
  }

  void write_samples(const std::string& folder, std::int64_t step, const nn::RunContext& run) override {
    if (!writer_.film) return;
    std::vector<Tensor> rows;
    for (int i = 0; i < 4; ++i) {
      const Tensor frames = render(clip_seed(seed_, "validation", std::uint64_t(i)));
      const Tensor decoded = tensor_to_frames(round_trip(frames_to_tensor(frames.unsqueeze(0)), run));
      rows.push_back(at::cat({frames, decoded[0]}, /*dim=*/1));
    }
    Clip clip;
    clip.frames = at::cat(rows, /*dim=*/2);
    writer_.film(phonofilm::concat(folder, "/step", step), clip);
  }

  void export_model(const std::string& folder) const override { save_video_autoencoder(*model_, folder); }

 private:
  Tensor render(std::uint64_t seed) const {  // uint8 [F, H, W, 3]
    world::RenderOptions options;
    options.height = options.width = options_.size;
    options.frames = options_.frames;
    options.samples = std::int64_t(std::llround(double(options_.frames) / options.fps * double(options.sample_rate)));
    return world::render(options_.scene, seed, options).clip.frames;
  }

  Posterior encode(const Tensor& frames, const nn::RunContext& run) const {
    const at::AutoGradMode grad(at::GradMode::is_enabled() && !options_.freeze_encoder);
    return model_->encode(frames, run);
  }

  Tensor round_trip(const Tensor& frames, const nn::RunContext& run) const {
    return model_->decode(model_->encode(frames, run).mean, run).clamp(-1, 1);
  }

  Options options_;
  std::unique_ptr<VideoAutoencoder> model_;
  std::uint64_t seed_;
  SampleWriter writer_;
};

}  // namespace

std::unique_ptr<Task> make_video_autoencoder_task(const Recipe& recipe, const SampleWriter& writer) {
  nlohmann::json json = *recipe.options;
  VideoAutoencoderConfig config;
  if (json.contains("model")) read_json(json["model"], config.fields(), recipe.path + ": options: model");
  json.erase("model");
  Options options;
  read_json(json, options.fields(), recipe.path + ": options");
  const auto seed = std::uint64_t(recipe.run.seed);
  auto model = options.start.empty() ? std::make_unique<VideoAutoencoder>(config, mix_seed(seed, "weights"))
                                     : autoencoders::load_video_autoencoder(options.start, at::kFloat);
  return std::make_unique<VideoAutoencoderTask>(options, std::move(model), seed, writer);
}

}  // namespace phonofilm::train

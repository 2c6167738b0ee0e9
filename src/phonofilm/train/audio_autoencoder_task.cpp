#include "phonofilm/train/audio_autoencoder_task.h"

#include <nlohmann/json.hpp>

#include "phonofilm/autoencoders/mel_autoencoder/mel_autoencoder.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/random.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/train/mel_model_options.h"
#include "phonofilm/train/sound_data.h"

namespace phonofilm::train {
namespace {

using autoencoders::MelAutoencoder;
using autoencoders::MelAutoencoderConfig;
using autoencoders::Posterior;

struct Options {
  std::vector<std::string> scenes{"impacts"};
  std::string start;  // a trained folder to go on from; empty: fresh weights
  std::int64_t samples = 32768;
  std::int64_t batch = 16;  // crops per step
  std::int64_t crop = 64;   // mel frames per crop
  double kl = 2e-3;         // weight of the divergence from N(0, 1), per latent value
  Fields fields() {
    return {{"scenes", &scenes, "world scenes, taken in turn"},
            {"start", &start, "folder of trained weights to start from"},
            {"samples", &samples, "of a rendered sound", 2048.0, 1e7},
            {"batch", &batch, "crops per step", 1.0, 4096.0},
            {"crop", &crop, "mel frames per crop, even", 2.0, 1e5},
            {"kl", &kl, "weight of the KL divergence", 0.0, 10.0}};
  }
};

constexpr std::int64_t kValidationClips = 32, kSampleClips = 4;

class AudioAutoencoderTask : public Task {
 public:
  AudioAutoencoderTask(const Options& options, std::unique_ptr<MelAutoencoder> model, std::uint64_t seed,
                       SampleWriter writer)
      : options_(options),
        model_(std::move(model)),
        mel_(model_->config().mel),
        seed_(seed),
        writer_(std::move(writer)),
        source_{options.scenes, options.samples, mel_.config().sample_rate, model_->config().channels} {}

  std::string name() const override { return "audio_autoencoder"; }
  nn::Module& model() override { return *model_; }

  Batch batch(std::uint64_t seed, std::int64_t step) const override {
    const auto first = std::uint64_t(step * options_.batch);
    const Tensor mels = mels_of("train", seed, first, options_.batch);
    Random random(mix_seed(seed, "crop", std::uint64_t(step)));
    std::vector<Tensor> crops;
    for (std::int64_t i = 0; i < options_.batch; ++i) {
      crops.push_back(mels[i].narrow(1, random.below(mels.size(2) - options_.crop + 1), options_.crop));
    }
    return {{"mel", at::stack(crops)}};
  }

  StepLoss loss(const Batch& batch, std::uint64_t seed, std::int64_t step, const nn::RunContext& run) override {
    const Tensor& mel = batch.at("mel");
    const Posterior posterior = model_->encode(mel, run);
    const Tensor noise =
        randn(posterior.mean.sizes().vec(), make_generator(mix_seed(seed, "posterior", std::uint64_t(step))));
    const Tensor latent = posterior.mean + noise * (posterior.log_variance * 0.5).exp();
    const Tensor difference = (model_->decode(latent, run) - mel) / model_->config().mel_scale;
    const Tensor l1 = difference.abs().mean(), mse = difference.square().mean(), kl = divergence(posterior);
    return {l1 + mse + options_.kl * kl,
            {{"mel_l1", l1.item<double>() * model_->config().mel_scale},
             {"mse", mse.item<double>()},
             {"kl", kl.item<double>()}}};
  }

  std::map<std::string, double> validate(const nn::RunContext& run) override {
    const Tensor mel = validation_mels(kValidationClips);
    const Posterior posterior = model_->encode(mel, run);
    const Tensor error = (model_->decode(posterior.mean, run) - mel).abs().mean();
    return {{"mel_l1", error.item<double>()}, {"kl", divergence(posterior).item<double>()}};
  }

  void write_samples(const std::string& folder, std::int64_t step, const nn::RunContext& run) override {
    if (!writer_.image) return;
    const Tensor mel = validation_mels(kSampleClips);
    writer_.image(concat(folder, "/step", step), compare_mels(mel, model_->decode(model_->encode(mel, run).mean, run)));
  }

  void export_model(const std::string& folder) const override { save_mel_autoencoder(*model_, folder); }

 private:
  static Tensor divergence(const Posterior& p) {
    return 0.5 * (p.mean.square() + p.log_variance.exp() - 1 - p.log_variance).mean();
  }

  Tensor validation_mels(std::int64_t count) const {
    return mels_of("validation", seed_, 0, count);
  }

  // [count, rows, T]
  Tensor mels_of(const std::string& purpose, std::uint64_t seed, std::uint64_t first, std::int64_t count) const {
    const Tensor sounds = render_sounds(source_, seed, purpose, first, count);
    return mel_.of_waveform(sounds.flatten(0, 1)).reshape({count, model_->config().rows(), -1});
  }

  Options options_;
  std::unique_ptr<MelAutoencoder> model_;
  dsp::LogMel mel_;
  std::uint64_t seed_;
  SampleWriter writer_;
  SoundSource source_;
};

void check_options(const Options& options, const dsp::MelConfig& mel, const std::string& where) {
  PF_CHECK(!options.scenes.empty(), InvalidRequest, "recipe", where, ": scenes: at least one is needed");
  PF_CHECK(options.crop % 2 == 0 && options.crop <= options.samples / mel.hop, InvalidRequest, "recipe", where,
           ": crop: ", options.crop, " must be even and at most the ", options.samples / mel.hop, " frames of a sound");
}

// Trained weights to go on from; those of a mono model also where a stereo model is asked for.
std::unique_ptr<MelAutoencoder> started(const std::string& folder, std::int64_t channels) {
  auto trained = autoencoders::load_mel_autoencoder(folder, at::kFloat);
  return channels > trained->config().channels ? widened_to_stereo(*trained) : std::move(trained);
}

}  // namespace

std::unique_ptr<Task> make_audio_autoencoder_task(const Recipe& recipe, const SampleWriter& writer) {
  const std::string where = recipe.path + ": options";
  nlohmann::json json = *recipe.options;
  auto config = take_mel_model_config<MelAutoencoderConfig>(json, where);
  Options options;
  read_json(json, options.fields(), where);
  const auto seed = std::uint64_t(recipe.run.seed);
  auto model = options.start.empty() ? std::make_unique<MelAutoencoder>(config, mix_seed(seed, "weights"))
                                     : started(options.start, config.channels);
  check_options(options, model->config().mel, where);
  return std::make_unique<AudioAutoencoderTask>(options, std::move(model), seed, writer);
}

}  // namespace phonofilm::train

#include "phonofilm/train/vocoder_task.h"

#include <nlohmann/json.hpp>

#include "phonofilm/autoencoders/mel_autoencoder/mel_autoencoder.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/random.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/train/mel_model_options.h"
#include "phonofilm/train/sound_data.h"
#include "phonofilm/train/vocoder_loss.h"

namespace phonofilm::train {
namespace {

using autoencoders::MelAutoencoder;
using vocoders::Vocos;
using vocoders::VocosConfig;

struct Options {
  std::vector<std::string> scenes{"impacts"};
  std::string start;               // a trained folder to go on from; empty: fresh weights
  std::string autoencoder;         // folder of a trained mel autoencoder; empty: only original mels
  double autoencoder_share = 0.5;  // of the crops whose mel went through it
  std::int64_t samples = 32768;
  std::int64_t batch = 12;                             // crops per step
  std::int64_t crop = 40;                              // mel frames per crop
  double jitter = 0.03;                                // standard deviation of noise on the mel, nats
  double stft = 1, mel = 1, magnitude = 1, phase = 1;  // loss weights
  Fields fields() {
    return {
        {"scenes", &scenes, "world scenes, taken in turn"},
        {"start", &start, "folder of trained weights to start from"},
        {"autoencoder", &autoencoder, "folder of a trained mel autoencoder"},
        {"autoencoder_share", &autoencoder_share, "share of crops whose mel went through the autoencoder", 0.0, 1.0},
        {"samples", &samples, "of a rendered sound", 2048.0, 1e7},
        {"batch", &batch, "crops per step", 1.0, 4096.0},
        {"crop", &crop, "mel frames per crop", 8.0, 1e5},
        {"jitter", &jitter, "standard deviation of noise on the mel", 0.0, 1.0},
        {"stft", &stft, "weight of the multi-resolution spectral loss", 0.0, 100.0},
        {"mel", &mel, "weight of the mel loss", 0.0, 100.0},
        {"magnitude", &magnitude, "weight of the loss of predicted magnitudes", 0.0, 100.0},
        {"phase", &phase, "weight of the phase difference losses", 0.0, 100.0}};
  }
};

constexpr std::int64_t kValidationClips = 32, kSampleClips = 4, kRefinements = 16;

class VocoderTask : public Task {
 public:
  VocoderTask(const Options& options, std::unique_ptr<Vocos> model, std::unique_ptr<const MelAutoencoder> autoencoder,
              std::uint64_t seed, SampleWriter writer)
      : options_(options),
        model_(std::move(model)),
        autoencoder_(std::move(autoencoder)),
        mel_(model_->config().mel),
        seed_(seed),
        writer_(std::move(writer)),
        source_{options.scenes, options.samples, mel_.config().sample_rate,
                autoencoder_ ? autoencoder_->config().channels : 1} {}

  std::string name() const override { return "vocoder"; }
  nn::Module& model() override { return *model_; }

  Batch batch(std::uint64_t seed, std::int64_t step) const override {
    const at::NoGradGuard no_grad;
    const std::int64_t hop = mel_.config().hop, length = options_.crop;
    const Tensor sound = sounds("train", seed, std::uint64_t(step * options_.batch), options_.batch);
    const Tensor spectrum = dsp::stft(sound, mel_.config().stft()).narrow(2, 0, options_.samples / hop);
    const Tensor mel = mel_.of_magnitude(dsp::magnitude(spectrum)), coded = through_autoencoder(mel);
    Random random(mix_seed(seed, "crop", std::uint64_t(step)));
    std::vector<Tensor> waveforms, spectra, mels;
    for (std::int64_t clip = 0; clip < options_.batch; ++clip) {
      const std::int64_t i = clip * source_.channels + random.below(source_.channels);
      const std::int64_t first = random.below(mel.size(2) - length + 1);
      const bool coded_mel = random.chance(options_.autoencoder_share);
      waveforms.push_back(sound[i].narrow(0, first * hop, length * hop));
      spectra.push_back(spectrum[i].narrow(1, first, length));
      mels.push_back((coded_mel ? coded : mel)[i].narrow(1, first, length));
    }
    const Tensor clean = at::stack(mels);
    const Tensor noise = randn(clean.sizes().vec(), make_generator(mix_seed(seed, "jitter", std::uint64_t(step))));
    return {
        {"mel", clean + noise * options_.jitter}, {"spectrum", at::stack(spectra)}, {"waveform", at::stack(waveforms)}};
  }

  StepLoss loss(const Batch& batch, std::uint64_t, std::int64_t, const nn::RunContext& run) override {
    const Vocos::Prediction prediction = model_->predict(batch.at("mel"), run);
    const Tensor guess = model_->waveform(prediction);
    const Tensor& truth = batch.at("waveform");
    const auto [stft, mel] = spectral_loss(guess, truth, mel_);
    const PhaseLoss phase = phase_loss(prediction, batch.at("spectrum"), mel_.config());
    const Tensor magnitude = predicted_magnitude_loss(prediction, batch.at("spectrum"));
    const Tensor phases = phase.advance + phase.in_time + phase.in_band;
    return {options_.stft * stft + options_.mel * mel + options_.magnitude * magnitude + options_.phase * phases,
            {{"stft", stft.item<double>()},
             {"mel", mel.item<double>()},
             {"magnitude", magnitude.item<double>()},
             {"advance", phase.advance.item<double>()},
             {"in_time", phase.in_time.item<double>()},
             {"in_band", phase.in_band.item<double>()}}};
  }

  // As predicted, after passes of Griffin-Lim ("refined"), and from the autoencoder's mel with the model's own
  // ("coded").
  std::map<std::string, double> validate(const nn::RunContext& run) override {
    const Tensor sound = sounds("validation", seed_, 0, kValidationClips), mel = mel_.of_waveform(sound);
    const Vocos::Prediction prediction = model_->predict(mel, run);
    std::map<std::string, double> figures;
    add_figures(figures, "", sound, model_->waveform(prediction));
    add_figures(figures, "refined_", sound, model_->refined(mel, prediction, kRefinements));
    if (autoencoder_) add_figures(figures, "coded_", sound, model_->forward(through_autoencoder(mel), run));
    return figures;
  }

  void write_samples(const std::string& folder, std::int64_t step, const nn::RunContext& run) override {
    const Tensor sound = sounds("validation", seed_, 0, kSampleClips);
    const Tensor rebuilt = model_->forward(mel_.of_waveform(sound), run);
    const std::string path = concat(folder, "/step", step);
    if (writer_.image) writer_.image(path, compare_mels(mel_.of_waveform(sound), mel_.of_waveform(rebuilt)));
    if (!writer_.film) return;
    Clip clip;
    clip.sample_rate = mel_.config().sample_rate;
    clip.waveform =
        at::stack({sound, rebuilt}, /*dim=*/1).view({1, -1}).clamp(-1, 1);  // original, rebuilt, original, ...
    writer_.film(path, clip);
  }

  void export_model(const std::string& folder) const override { save_vocos(*model_, folder); }

 private:
  // The channels of clips, one after the other: [count * channels, S].
  Tensor sounds(const std::string& purpose, std::uint64_t seed, std::uint64_t first, std::int64_t count) const {
    return render_sounds(source_, seed, purpose, first, count).flatten(0, 1);
  }

  // mel: of all channels of some clips, [count * channels, bins, T] -> the same
  Tensor through_autoencoder(const Tensor& mel) const {
    if (!autoencoder_) return mel;
    const at::NoGradGuard no_grad;
    const nn::RunContext run{at::kBFloat16};
    const Tensor clips = mel.reshape({-1, autoencoder_->config().rows(), mel.size(2)});
    return autoencoder_->decode(autoencoder_->encode(clips, run).mean, run).reshape(mel.sizes());
  }

  void add_figures(std::map<std::string, double>& figures, const std::string& prefix, const Tensor& sound,
                   const Tensor& rebuilt) const {
    double shift = 0;
    for (std::int64_t i = 0; i < sound.size(0); ++i) {
      const std::vector<double> times = strike_times(source_, seed_, "validation", std::uint64_t(i / source_.channels));
      shift += attack_shift_ms(sound[i], rebuilt[i], times, source_.sample_rate) / double(sound.size(0));
    }
    figures[prefix + "mel_l1"] = (mel_.of_waveform(rebuilt) - mel_.of_waveform(sound)).abs().mean().item<double>();
    figures[prefix + "fine_error"] = fine_spectral_error(sound, rebuilt);
    figures[prefix + "attack_shift_ms"] = shift;
  }

  Options options_;
  std::unique_ptr<Vocos> model_;
  std::unique_ptr<const MelAutoencoder> autoencoder_;
  dsp::LogMel mel_;
  std::uint64_t seed_;
  SampleWriter writer_;
  SoundSource source_;
};

void check_options(const Options& options, const dsp::MelConfig& mel, const std::string& where) {
  PF_CHECK(!options.scenes.empty(), InvalidRequest, "recipe", where, ": scenes: at least one is needed");
  PF_CHECK(options.crop <= options.samples / mel.hop && options.crop * mel.hop > 1024, InvalidRequest, "recipe", where,
           ": crop: ", options.crop, " frames must be longer than 1024 samples and at most the ",
           options.samples / mel.hop, " frames of a sound");
}

}  // namespace

std::unique_ptr<Task> make_vocoder_task(const Recipe& recipe, const SampleWriter& writer) {
  const std::string where = recipe.path + ": options";
  nlohmann::json json = *recipe.options;
  auto config = take_mel_model_config<VocosConfig>(json, where);
  Options options;
  read_json(json, options.fields(), where);
  const auto seed = std::uint64_t(recipe.run.seed);
  auto model = options.start.empty() ? std::make_unique<Vocos>(config, mix_seed(seed, "weights"))
                                     : vocoders::load_vocos(options.start, at::kFloat);
  std::unique_ptr<const MelAutoencoder> autoencoder;
  if (!options.autoencoder.empty())
    autoencoder = autoencoders::load_mel_autoencoder(options.autoencoder, at::kBFloat16);
  check_options(options, model->config().mel, where);
  return std::make_unique<VocoderTask>(options, std::move(model), std::move(autoencoder), seed, writer);
}

}  // namespace phonofilm::train

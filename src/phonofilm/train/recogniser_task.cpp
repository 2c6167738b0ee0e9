#include "phonofilm/train/recogniser_task.h"

#include <ATen/ops/cross_entropy_loss.h>

#include <nlohmann/json.hpp>

#include "phonofilm/autoencoders/mel_autoencoder/mel_autoencoder.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/random.h"
#include "phonofilm/recognisers/word_errors.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/train/mel_model_options.h"
#include "phonofilm/train/recogniser_data.h"
#include "phonofilm/world/speech/lines.h"

namespace phonofilm::train {
namespace {

using autoencoders::MelAutoencoder;
using recognisers::WordRecogniser;
using recognisers::WordRecogniserConfig;

struct Options {
  SpeechSource speech;
  std::int64_t batch = 32;         // sounds per step
  std::string autoencoder;         // folder of a trained mel autoencoder; empty: sounds as they are
  double autoencoder_share = 0.3;  // of the sounds that went through it
  Fields fields() {
    return {{"batch", &batch, "sounds per step", 1.0, 4096.0},
            {"autoencoder", &autoencoder, "folder of a trained mel autoencoder"},
            {"autoencoder_share", &autoencoder_share, "share of sounds that went through it", 0.0, 1.0}};
  }
  Fields speech_fields() {
    return {{"seconds", &speech.seconds, "of a sound", 1.0, 10.0},
            {"free_words", &speech.free_words, "share of lines that are words at random", 0.0, 1.0},
            {"two_voices", &speech.two_voices, "share of sounds with two voices", 0.0, 1.0},
            {"background", &speech.background, "share of sounds with another scene's sound behind them", 0.0, 1.0},
            {"most_noise", &speech.most_noise, "largest standard deviation of white noise", 1e-4, 1.0}};
  }
};

constexpr std::int64_t kValidationFilms = 96, kSampleFilms = 24;

class RecogniserTask : public Task {
 public:
  RecogniserTask(const Options& options, const WordRecogniserConfig& config,
                 std::unique_ptr<const MelAutoencoder> autoencoder, std::uint64_t seed)
      : options_(options), model_(config, mix_seed(seed, "weights")), autoencoder_(std::move(autoencoder)),
        seed_(seed) {}

  std::string name() const override { return "recogniser"; }
  nn::Module& model() override { return model_; }

  Batch batch(std::uint64_t seed, std::int64_t step) const override {
    const at::NoGradGuard no_grad;
    const WordRecogniserConfig& config = model_.config();
    std::vector<Tensor> waveforms, labels;
    for (std::int64_t i = 0; i < options_.batch; ++i) {
      const auto index = std::uint64_t(step * options_.batch + i);
      const SpokenSound sound = spoken_sound(options_.speech, seed, "train", index);
      waveforms.push_back(sound.waveform);
      const std::int64_t frames = sound.waveform.size(0) / config.mel.hop;
      labels.push_back(word_labels(sound.words, config, (frames + config.stride - 1) / config.stride));
    }
    const Tensor mel = model_.front_end(at::stack(waveforms)), coded = through_autoencoder(mel);
    Random random(mix_seed(seed, "codec", std::uint64_t(step)));
    std::vector<Tensor> mels;
    for (std::int64_t i = 0; i < options_.batch; ++i) {
      mels.push_back((random.chance(options_.autoencoder_share) ? coded : mel)[i]);
    }
    return {{"mel", at::stack(mels)}, {"labels", at::stack(labels)}};
  }

  StepLoss loss(const Batch& batch, std::uint64_t, std::int64_t, const nn::RunContext& run) override {
    const Tensor logits = model_.forward(batch.at("mel"), run).flatten(0, 1), labels = batch.at("labels").flatten();
    const Tensor loss = at::cross_entropy_loss(logits, labels);
    const double right = (logits.argmax(1) == labels).to(at::kFloat).mean().item<double>();
    return {loss, {{"labels_right", right}}};
  }

  // Word error rates on rendered films.
  std::map<std::string, double> validate(const nn::RunContext& run) override {
    std::map<std::string, double> figures;
    for (const char* scene : {"talker", "talker_new_voices", "two_talkers"}) {
      const SpokenFilms films = spoken_films(scene, seed_, kValidationFilms);
      const Tensor mel = model_.front_end(films.waveforms);
      figures[std::string(scene) + "_word_error"] = error_rate(mel, films, run);
      if (autoencoder_)
        figures[std::string(scene) + "_coded_word_error"] = error_rate(through_autoencoder(mel), films, run);
    }
    return figures;
  }

  void write_samples(const std::string& folder, std::int64_t step, const nn::RunContext& run) override {
    const SpokenFilms films = spoken_films("talker", seed_, kSampleFilms);
    const auto heard = transcripts(model_.front_end(films.waveforms), run);
    std::string text;
    for (std::size_t i = 0; i < heard.size(); ++i) {
      text += concat("said: ", join(films.lines[i], " "), "\nheard: ", join(heard[i], " "), "\n\n");
    }
    write_file_atomically(concat(folder, "/step", step, ".txt"), text);
  }

  void export_model(const std::string& folder) const override { save_word_recogniser(model_, folder); }

 private:
  // mel: [B, bins, T] -> the same, as an autoencoder hears it that has it in all its channels.
  Tensor through_autoencoder(const Tensor& mel) const {
    if (!autoencoder_) return mel;
    const at::NoGradGuard no_grad;
    const nn::RunContext run{at::kBFloat16};
    const Tensor everywhere = mel.repeat({1, autoencoder_->config().channels, 1});
    return autoencoder_->decode(autoencoder_->encode(everywhere, run).mean, run).narrow(1, 0, mel.size(1));
  }

  std::vector<std::vector<std::string>> transcripts(const Tensor& mel, const nn::RunContext& run) const {
    const Tensor logits = model_.forward(mel, run);
    std::vector<std::vector<std::string>> lines;
    for (std::int64_t i = 0; i < logits.size(0); ++i) lines.push_back(words_of(transcript(logits[i], model_.config())));
    return lines;
  }

  double error_rate(const Tensor& mel, const SpokenFilms& films, const nn::RunContext& run) const {
    const auto heard = transcripts(mel, run);
    double errors = 0, words = 0;
    for (std::size_t i = 0; i < heard.size(); ++i) {
      words += double(films.lines[i].size());
      errors += recognisers::word_errors(films.lines[i], heard[i]).rate() * double(films.lines[i].size());
    }
    return errors / words;
  }

  Options options_;
  WordRecogniser model_;
  std::unique_ptr<const MelAutoencoder> autoencoder_;
  std::uint64_t seed_;
};

void check_front_ends(const dsp::MelConfig& own, const dsp::MelConfig& codec, const std::string& where) {
  dsp::MelConfig a = own, b = codec;
  PF_CHECK(write_json(a.fields()) == write_json(b.fields()), InvalidRequest, "recipe", where,
           ": the autoencoder has another front end than the recogniser");
}

}  // namespace

std::unique_ptr<Task> make_recogniser_task(const Recipe& recipe, const SampleWriter&) {
  const std::string where = recipe.path + ": options";
  PF_CHECK(world::speech_available(), InvalidRequest, "recipe", where, ": this program was built without speech");
  nlohmann::json json = *recipe.options;
  auto config = take_mel_model_config<WordRecogniserConfig>(json, where);
  Options options;
  if (json.contains("speech")) read_json(json["speech"], options.speech_fields(), where + ": speech");
  json.erase("speech");
  read_json(json, options.fields(), where);
  config.words = world::spoken_words();
  std::unique_ptr<const MelAutoencoder> autoencoder;
  if (!options.autoencoder.empty()) {
    autoencoder = autoencoders::load_mel_autoencoder(options.autoencoder, at::kBFloat16);
    check_front_ends(config.mel, autoencoder->config().mel, where);
  }
  return std::make_unique<RecogniserTask>(options, config, std::move(autoencoder), std::uint64_t(recipe.run.seed));
}

}  // namespace phonofilm::train

#include "phonofilm/train/speaker_task.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/speaker_encoders/redimnet/redimnet.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/train/speaker_loss.h"
#include "phonofilm/train/utterances.h"
#include "phonofilm/train/voice_describer.h"
#include "phonofilm/world/speech/speech.h"

namespace phonofilm::train {
namespace {

using speaker_encoders::ReDimNet;

struct Options {
  std::int64_t speakers = 24, utterances = 3;  // per step, and of each speaker
  double seconds = 1.5;                        // of an utterance
  double temperature = 0.1;
  double known = 0.25;  // how often a speaker is a voice of the world as it is
  double near = 0.5;    // how often another one is hard to tell from the one before it
  double describe = 1;  // weight of the describer's loss
  std::string start;    // folder of a trained encoder
  Fields fields() {
    return {{"start", &start, "folder of a trained encoder to start from"},
            {"speakers", &speakers, "per step", 2.0, 4096.0},
            {"utterances", &utterances, "of each speaker", 2.0, 64.0},
            {"seconds", &seconds, "of an utterance", 0.2, 30.0},
            {"temperature", &temperature, "of the contrastive loss", 0.01, 10.0},
            {"known", &known, "probability of an unchanged voice", 0.0, 1.0},
            {"near", &near, "probability that another voice is hard to tell from the one before it", 0.0, 1.0},
            {"describe", &describe, "weight of saying what a voice is made of", 0.0, 100.0}};
  }
};

constexpr std::int64_t kReferences = 3, kTrials = 6;  // utterances of each voice in validation

// The encoder and who describes voices by its embeddings: what is trained together.
class Describing : public nn::Module {
 public:
  explicit Describing(ReDimNet& encoder) : describer(encoder.config().embed_dim) {
    add_child("encoder", encoder), add_child("describer", describer);
  }

  VoiceDescriber describer;
};

class SpeakerTask : public Task {
 public:
  SpeakerTask(const Options& options, std::unique_ptr<ReDimNet> encoder, std::uint64_t seed)
      : options_(options), encoder_(std::move(encoder)), describing_(*encoder_), seed_(seed),
        voices_(world::training_voices()) {
    describing_.describer.initialise(mix_seed(seed, "describer"));
  }

  std::string name() const override { return "speaker_encoder"; }
  nn::Module& model() override { return describing_; }

  // "waveform" float32 [speakers * utterances, samples], "speaker" int64: who speaks, "label" of voice_labels.
  Batch batch(std::uint64_t seed, std::int64_t step) const override {
    Random random(mix_seed(seed, "speakers", std::uint64_t(step)));
    std::vector<Tensor> waveforms;
    std::vector<std::int64_t> speakers;
    std::vector<world::Voice> said_by;
    for (std::int64_t i = 0; i < options_.speakers; ++i) {
      // A voice that is drawn twice as it is stays one speaker.
      const bool known = random.chance(options_.known);
      const std::int64_t which = random.below(std::int64_t(voices_.size()));
      const world::Voice voice = known ? voices_[size_t(which)] : draw_unknown(said_by, random);
      for (std::int64_t u = 0; u < options_.utterances; ++u) {
        waveforms.push_back(draw_utterance(voice, samples(), random).waveform);
        speakers.push_back(known ? which : std::int64_t(voices_.size()) + i);
        said_by.push_back(voice);
      }
    }
    return {{"waveform", at::stack(waveforms)}, {"speaker", at::tensor(speakers, at::kLong)},
            {"label", voice_labels(said_by)}};
  }

  StepLoss loss(const Batch& batch, std::uint64_t, std::int64_t, const nn::RunContext& run) override {
    const Tensor embeddings = embed(batch.at("waveform"));
    const Tensor contrastive = contrastive_loss(embeddings, batch.at("speaker"), options_.temperature);
    const Tensor described = describing_.describer.loss(embeddings, batch.at("label"), run);
    return {contrastive + options_.describe * described,
            {{"contrastive", contrastive.item<double>()}, {"described", described.item<double>()}}};
  }

  std::map<std::string, double> validate(const nn::RunContext& run) override {
    const std::vector<world::Voice>& voices = world::voices();
    const auto count = std::int64_t(voices.size());
    const Tensor references = validation_embeddings("references", kReferences).view({count, kReferences, -1}).mean(1);
    const Tensor trials = validation_embeddings("trials", kTrials);
    std::vector<std::int64_t> labels, held_out;
    for (std::int64_t i = 0; i < count * kTrials; ++i) {
      labels.push_back(i / kTrials);
      if (voices[size_t(i / kTrials)].held_out) held_out.push_back(i);
    }
    const Tensor label = at::tensor(labels, at::kLong), is_new = at::tensor(held_out, at::kLong);
    const Tensor made_of = voice_labels(voices).index_select(0, label), new_trials = trials.index_select(0, is_new);
    return {{"accuracy", nearest_accuracy(trials, references, label)},
            {"accuracy new voices", nearest_accuracy(new_trials, references, label.index_select(0, is_new))},
            {"equal error rate", error_rate(trials, label, at::arange(count * kTrials, at::kLong))},
            {"equal error rate new voices", error_rate(trials, label, is_new)},
            {"description error", describing_.describer.error(trials, made_of, run)},
            {"description error new voices",
             describing_.describer.error(new_trials, made_of.index_select(0, is_new), run)}};
  }

  void write_samples(const std::string&, std::int64_t, const nn::RunContext&) override {}

  void export_model(const std::string& folder) const override {
    make_folder(folder);
    speaker_encoders::save_redimnet(*encoder_, folder + "/model.safetensors");
  }

 private:
  std::int64_t samples() const { return std::llround(options_.seconds * double(kUtteranceRate)); }

  Tensor embed(const Tensor& waveforms) const {
    return encoder_->embedding_of_features(encoder_->features(waveforms));
  }

  world::Voice draw_unknown(const std::vector<world::Voice>& before, Random& random) const {
    const bool near = random.chance(options_.near) && !before.empty();
    return near ? world::draw_neighbour(before.back(), random) : world::draw_voice(random);
  }

  // `each` utterances of every voice of the world, [voices * each, D].
  Tensor validation_embeddings(const char* purpose, std::int64_t each) const {
    std::vector<Tensor> embeddings;
    Random random(mix_seed(seed_, purpose));
    for (const world::Voice& voice : world::voices()) {
      std::vector<Tensor> waveforms;
      for (std::int64_t i = 0; i < each; ++i) waveforms.push_back(draw_utterance(voice, samples(), random).waveform);
      embeddings.push_back(embed(at::stack(waveforms)));
    }
    return at::cat(embeddings);
  }

  // Of all pairs of which one is among `chosen` and the other is another trial.
  static double error_rate(const Tensor& trials, const Tensor& label, const Tensor& chosen) {
    const Tensor direction = trials / trials.norm(2, /*dim=*/{1}, /*keepdim=*/true);
    const Tensor scores = at::matmul(direction.index_select(0, chosen), direction.t());
    const Tensor same = label.index_select(0, chosen).unsqueeze(1).eq(label.unsqueeze(0));
    const Tensor itself = chosen.unsqueeze(1).eq(at::arange(label.size(0), at::kLong).unsqueeze(0));
    return equal_error_rate(scores.masked_select(same.logical_and(itself.logical_not())),
                            scores.masked_select(same.logical_not()));
  }

  Options options_;
  std::unique_ptr<ReDimNet> encoder_;
  Describing describing_;
  std::uint64_t seed_;
  std::vector<world::Voice> voices_;
};

std::unique_ptr<ReDimNet> make_encoder(const speaker_encoders::ReDimNetConfig& config, const std::string& start,
                                       std::uint64_t seed) {
  auto encoder = std::make_unique<ReDimNet>(config);
  if (start.empty()) {
    encoder->initialise(seed);
  } else {
    const std::string file = start + "/model.safetensors";
    encoder->load(speaker_encoders::load_redimnet(file)->state_dict(), file);
  }
  return encoder;
}

}  // namespace

std::unique_ptr<Task> make_speaker_task(const Recipe& recipe, const SampleWriter&) {
  const std::string where = recipe.path + ": options";
  PF_CHECK(world::speech_available(), InvalidRequest, "recipe", recipe.path,
           ": this program was built without espeak-ng, which speaks what is to be learnt from");
  PF_CHECK(recipe.optimizer.weight_decay == 0, InvalidRequest, "recipe", recipe.path,
           ": weight_decay must be 0: the front end and the statistics of the norms are constants and would decay");
  nlohmann::json json = *recipe.options;
  PF_CHECK(json.contains("model"), InvalidRequest, "recipe", where, ": 'model' is missing, the shape of the network");
  const auto config = speaker_encoders::read_redimnet_config(json["model"], where + ": model");
  json.erase("model");
  Options options;
  read_json(json, options.fields(), where);
  const std::int64_t shards = recipe.run.shards;
  PF_CHECK(options.speakers % shards == 0 && options.speakers / shards >= 2, InvalidRequest, "recipe", where,
           ": speakers: ", options.speakers, " cannot be shared out over ", shards,
           " shards: each tells its own speakers apart and needs as many as the others, at least two");
  const auto seed = std::uint64_t(recipe.run.seed);
  return std::make_unique<SpeakerTask>(options, make_encoder(config, options.start, mix_seed(seed, "weights")), seed);
}

}  // namespace phonofilm::train

#include "phonofilm/train/joint_task.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/nn/lora.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/train/flow_matching.h"
#include "phonofilm/train/joint_data.h"
#include "phonofilm/train/joint_start.h"
#include "phonofilm/train/joint_validation.h"
#include "phonofilm/train/naming.h"
#include "phonofilm/train/nava_batch.h"
#include "phonofilm/train/utterances.h"
#include "phonofilm/weights/model_folder.h"

namespace phonofilm::train {
namespace {

using diffusion::JointLatent;
using nava::SmallBackbone;
using nava::SmallModelOptions;

std::string speaker_file(const JointTaskOptions& options) { return options.speaker_encoder + "/model.safetensors"; }

class JointTask : public Task {
 public:
  JointTask(const JointTaskOptions& options, const SmallModelOptions& model_options,
            std::unique_ptr<SmallBackbone> backbone, JointData data, std::uint64_t seed, SampleWriter writer)
      : options_(options), model_options_(model_options), backbone_(std::move(backbone)), data_(std::move(data)),
        seed_(seed), writer_(std::move(writer)) {
    model_options_.video_mean = data_.video().mean, model_options_.video_std = data_.video().std;
    model_options_.audio_mean = data_.audio().mean, model_options_.audio_std = data_.audio().std;
    if (options.lora_rank > 0) {
      lora_ = std::make_unique<nn::Lora>(*backbone_, options.lora_rank, options.lora_layers);
      lora_->initialise(mix_seed(seed_, "lora"));
    }
    if (options.listen > 0 || options.watch > 0) {
      const NamingOptions naming{options.listen, options.watch, options.name_after};
      naming_ = std::make_unique<Naming>(naming, backbone_->transformer().config(), trained(), data_.frame_patch(), data_.labels());
      naming_->initialise_namers(mix_seed(seed_, "naming"));
    }
  }

  std::string name() const override { return "joint"; }
  nn::Module& model() override {
    return naming_ ? static_cast<nn::Module&>(*naming_) : trained();
  }
  Batch batch(std::uint64_t seed, std::int64_t step) const override { return data_.draw(seed, step); }

  StepLoss loss(const Batch& batch, std::uint64_t seed, std::int64_t step, const nn::RunContext& run) override {
    const std::int64_t count = batch.at("tokens").size(0);
    Random random(mix_seed(seed, "noise level", std::uint64_t(step)));
    const bool alone = !mode_of(batch).has_video && options_.audio_only_noise_shift > 0;
    const LogitNormal logit_normal{options_.noise_mean, options_.noise_std,
                                   alone ? options_.audio_only_noise_shift : options_.noise_shift};
    const NoiseLevels levels =
        options_.noise == "nava" ? nava_table_.draw(count, random) : logit_normal.draw(count, random);
    const std::uint64_t noise_seed = mix_seed(seed, "noise", std::uint64_t(step));
    const HiddenTokens hidden(options_.name_after);
    StepLoss loss = step_loss(flow_of(batch, levels, noise_seed, run, hidden));
    if (naming_) naming_->add_to(loss, hidden, batch, run);
    return loss;
  }

  // validation_figures, and Naming::shares where there is naming.
  std::map<std::string, double> validate(const nn::RunContext& run) override {
    const Batch& right = data_.held_out_conditions();
    const HiddenTokens hidden(options_.name_after);
    const FlowLoss own = validation_loss(right, run, hidden);
    std::map<std::string, double> figures =
        validation_figures(data_, backbone_->text_encoder().tokenizer(), own,
                           [&](const Batch& conditions) { return validation_loss(conditions, run); });
    if (naming_) figures.merge(naming_->shares(hidden, data_.held_out(right), run));
    return figures;
  }

  void write_samples(const std::string& folder, std::int64_t step, const nn::RunContext& run) override {
    if (!writer_.film || options_.vocoder.empty()) return;
    const std::string model_folder = folder + "/model";
    export_model(model_folder);
    const auto generator = families::load_generator(model_folder, run.dtype);
    const std::vector<ClipText>& texts = data_.held_out_texts();
    for (size_t i = 0; i < std::min<size_t>(4, texts.size()); ++i) {
      const ClipText& text = texts[i];
      const std::string path = phonofilm::concat(folder, "/step", step, "_", i);
      writer_.film(path, generate(*generator, prompt_of(text, *generator), i, run));
    }
  }

  void export_model(const std::string& folder) const override {
    save_backbone(*backbone_, folder + "/backbone",
                  options_.export_as == "int8" ? nn::LinearStorage::int8 : nn::LinearStorage::as_others);
    if (lora_) nava::save_lora(*lora_, folder + "/backbone");
    SmallModelOptions options = model_options_;
    save_json(folder + "/model.json", write_json(options.fields()));
    copy_folder(options_.video_autoencoder, folder + "/video_autoencoder");
    copy_folder(options_.audio_autoencoder, folder + "/audio_autoencoder");
    if (!options_.vocoder.empty()) copy_folder(options_.vocoder, folder + "/vocoder");
    if (options_.speaker_encoder.empty()) return;
    make_folder(folder + "/speaker_encoder");
    write_file_atomically(folder + "/" + nava::kSmallSpeakerFile, read_file(speaker_file(options_)));
  }

 private:
  // The model's own weights, or what is trained in their place.
  nn::Module& trained() { return lora_ ? static_cast<nn::Module&>(*lora_) : *backbone_; }

  FlowLoss validation_loss(const Batch& conditions, const nn::RunContext& run,
                           const nn::BlockRunner& runner = nn::PlainRunner()) const {
    const std::int64_t count = conditions.at("tokens").size(0);
    const Tensor sigma = (at::arange(count, at::kFloat) + 0.5) / double(count);
    return flow_of(data_.held_out(conditions), {sigma, at::ones({count})}, mix_seed(seed_, "validation noise"), run,
                   runner);
  }

  FlowLoss flow_of(const Batch& batch, const NoiseLevels& levels, std::uint64_t noise_seed,
                   const nn::RunContext& run, const nn::BlockRunner& runner = nn::PlainRunner()) const {
    const JointMode mode = mode_of(batch);
    const JointLatent data{mode.has_video ? batch.at("video") : Tensor(), mode.has_audio ? batch.at("audio") : Tensor()};
    const at::Generator generator = make_generator(noise_seed);
    const JointLatent noise = diffusion::map([&](const Tensor& x) { return randn(x.sizes().vec(), generator); }, data);
    JointLatent noisy = add_noise(data, noise, levels.sigma);
    const diffusion::Held held = held_of(batch);
    diffusion::impose(data, held, noisy);
    const nava::PreparedContext context = backbone_->encode_text(batch.at("tokens"), run, voices_of(batch));
    nava::NavaInputs inputs;
    inputs.latent = noisy;
    inputs.timestep = levels.timestep();
    inputs.context = &context;
    inputs.mask_modality = mode.masked;
    inputs.held = held;
    JointLatent prediction = backbone_->transformer().forward(inputs, run, runner), to = data, from = noise;
    leave_out_held(held.video, prediction.video, from.video, to.video);
    leave_out_held(held.audio, prediction.audio, from.audio, to.audio);
    return flow_loss(prediction, to, from, levels, {options_.video_weight, options_.audio_weight, options_.moving});
  }

  // What is given has nothing to learn: its noise cannot be seen. (The published loss includes a given first frame.) A
  // modality that is given whole is left out, so that its head has no gradient.
  static void leave_out_held(const std::vector<diffusion::LatentSpan>& spans, Tensor& prediction, Tensor& noise,
                             Tensor& data) {
    if (spans.empty()) return;
    const std::int64_t length = prediction.size(2);
    if (diffusion::is_whole(spans, length)) {
      prediction = noise = data = Tensor();
      return;
    }
    Shape shape(size_t(prediction.dim()), 1);
    shape[2] = length;
    prediction = at::where(diffusion::held_mask(spans, length).view(shape), noise - data, prediction);
  }

  // With an utterance of every line's voice as reference, where the model reads such.
  families::Prompt prompt_of(const ClipText& text, const families::Generator& generator) const {
    families::Prompt prompt{.text = text.caption};
    if (!generator.info().takes_voices) return prompt;
    Random random(mix_seed(seed_, "sample voices"));
    for (const SaidLine& line : text.lines) {
      const Utterance reference = draw_utterance(world::voice_of(line.voice), 2 * kUtteranceRate, random);
      prompt.voices.push_back(reference.waveform.unsqueeze(0));
    }
    return prompt;
  }

  static Clip generate(const families::Generator& generator, const families::Prompt& prompt, std::uint64_t seed,
                       const nn::RunContext& run) {
    const families::ClipSpec spec = generator.clip_spec({});
    const auto conditioning = generator.encode(prompt, spec, run);
    const auto shape = generator.latent_shape(spec);
    const at::Generator noise = make_generator(seed);
    const JointLatent start{randn(shape.video, noise), randn(shape.audio, noise)};
    const families::Sampling& sampling = generator.info().sampling;
    const auto solver = diffusion::make_solver(sampling.solver, seed);
    const JointLatent latent = diffusion::sample(generator.velocity(*conditioning, sampling, run), start,
                                                 generator.sigmas(sampling), *solver, nullptr, nullptr);
    return generator.decode(latent, spec, run);
  }

  static void copy_folder(const std::string& from, const std::string& to) {
    make_folder(to);
    for (const char* name : {"/config.json", "/model.safetensors"}) {
      write_file_atomically(to + name, read_file(from + name));
    }
  }

  JointTaskOptions options_;
  SmallModelOptions model_options_;
  std::unique_ptr<SmallBackbone> backbone_;
  std::unique_ptr<nn::Lora> lora_;  // null where the weights themselves are trained
  JointData data_;
  std::uint64_t seed_;
  SampleWriter writer_;
  NavaNoiseTable nava_table_;
  std::unique_ptr<Naming> naming_;  // null where nobody names
};

nlohmann::json take_section(nlohmann::json& json, const char* name) {
  const nlohmann::json section = json.contains(name) ? json[name] : nlohmann::json::object();
  json.erase(name);
  return section;
}

std::unique_ptr<SmallBackbone> make_backbone(const Recipe& recipe, const nlohmann::json& text_json,
                                             nlohmann::json transformer_json, const JointTaskOptions& options,
                                             const std::optional<VoiceBank>& bank) {
  text_encoders::WordEncoderConfig text;
  text.words = world::caption_words({options.scene});
  read_json(text_json, text.fields(), recipe.path + ": options: text_encoder");
  transformer_json["text_len"] = text.max_tokens;
  transformer_json["text_dim"] = text.width;
  if (bank) transformer_json["spk_dim"] = bank->width();
  const nava::NavaConfig transformer = nava::read_nava_config(transformer_json, recipe.path + ": options: transformer");
  PF_CHECK(transformer.add_spk_emb == bank.has_value(), InvalidRequest, "recipe", recipe.path,
           ": 'speaker_encoder' names where voices come from, 'add_spk_emb' of the transformer that it reads them; "
           "give both or neither");
  auto backbone = std::make_unique<SmallBackbone>(text, transformer);
  backbone->initialise(mix_seed(std::uint64_t(recipe.run.seed), "weights"));
  PF_CHECK(options.lora_rank == 0 || !options.start.empty(), InvalidRequest, "recipe", recipe.path,
           ": 'lora_rank' asks for changes of trained weights; 'start' must name their folder");
  if (!options.start.empty()) take_over(*nava::load_backbone(options.start, at::kFloat), *backbone, options.start);
  return backbone;
}

std::optional<VoiceBank> make_bank(const JointTaskOptions& options, std::uint64_t seed, const Observer& observer) {
  if (options.speaker_encoder.empty()) return std::nullopt;
  const VoiceBankOptions bank{speaker_file(options), options.utterances, options.made_utterances, seed};
  return load_or_make_voices(options.cache + "/voices.safetensors", bank, observer);
}

}  // namespace

std::unique_ptr<Task> make_joint_task(const Recipe& recipe, const SampleWriter& writer, const Observer& observer) {
  nlohmann::json json = *recipe.options;
  const nlohmann::json text = take_section(json, "text_encoder"), transformer = take_section(json, "transformer");
  SmallModelOptions model_options;
  read_json(take_section(json, "model"), model_options.fields(), recipe.path + ": options: model");
  JointTaskOptions options;
  read_json(json, options.fields(), recipe.path + ": options");
  PF_CHECK(options.frames.size() == options.length_weights.size() && !options.frames.empty(), InvalidRequest, "recipe",
           recipe.path, ": 'frames' and 'length_weights' need as many values as each other");
  if (!options.vocoder.empty()) weights::open_model_folder(options.vocoder, "vocos");  // needed late: missed now
  nn::RunContext run;
  run.dtype = recipe.run.dtype == "bfloat16" ? at::kBFloat16 : at::kFloat;
  const auto seed = std::uint64_t(recipe.run.seed);
  std::optional<VoiceBank> bank = make_bank(options, seed, observer);
  auto backbone = make_backbone(recipe, text, transformer, options, bank);
  JointData data(options, seed, *backbone, std::move(bank), run, observer);
  return std::make_unique<JointTask>(options, model_options, std::move(backbone), std::move(data), seed, writer);
}

}  // namespace phonofilm::train

#include "phonofilm/train/joint_task.h"

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/train/flow_matching.h"
#include "phonofilm/train/joint_options.h"
#include "phonofilm/train/latent_cache.h"

namespace phonofilm::train {
namespace {

using diffusion::JointLatent;
using nava::SmallBackbone;
using nava::SmallModelOptions;

// Latents of one length with the words of their captions.
struct Bucket {
  LatentSet latents;
  Tensor tokens;  // int64 [N, max_tokens]
};

class JointTask : public Task {
 public:
  JointTask(const JointTaskOptions& options, const SmallModelOptions& model_options,
            std::unique_ptr<SmallBackbone> backbone, std::uint64_t seed, SampleWriter writer)
      : options_(options), model_options_(model_options), backbone_(std::move(backbone)), seed_(seed), writer_(std::move(writer)) {}

  // Renders and encodes the data, or finds it in the cache.
  void prepare(const nn::RunContext& run, const Observer& observer) {
    const nava::SmallCodecs codecs = nava::load_codecs(options_.video_autoencoder, options_.audio_autoencoder, "", run.dtype);
    frame_patch_ = codecs.video->config().frame_patch;
    const double total = std::accumulate(options_.length_weights.begin(), options_.length_weights.end(), 0.0);
    for (size_t i = 0; i < options_.frames.size(); ++i) {
      const auto clips = std::int64_t(std::ceil(double(options_.clips) * options_.length_weights[i] / total));
      buckets_.push_back(make_bucket(codecs, run, observer, "train", clips, options_.frames[i]));
    }
    validation_ = make_bucket(codecs, run, observer, "validation", options_.validation_clips, options_.frames[0]);
    measure_statistics(buckets_[0].latents.video, options_.video_scale, model_options_.video_mean, model_options_.video_std);
    measure_statistics(buckets_[0].latents.audio, options_.audio_scale, model_options_.audio_mean, model_options_.audio_std);
  }

  std::string name() const override { return "joint"; }
  nn::Module& model() override { return *backbone_; }

  Batch batch(std::uint64_t seed, std::int64_t step) const override {
    Random random(mix_seed(seed, "batch", std::uint64_t(step)));
    const Bucket& bucket = pick_bucket(random);
    const JointMode mode = draw_mode(options_, random);
    Tensor index = at::empty({options_.batch}, at::kLong), drop = at::zeros({options_.batch}, at::kBool);
    for (std::int64_t i = 0; i < options_.batch; ++i) {
      index[i] = random.below(bucket.tokens.size(0));
      drop[i] = random.chance(options_.caption_drop);
    }
    Batch batch{{"tokens", bucket.tokens.index_select(0, index).masked_fill(drop.unsqueeze(1), 0)},
                {"mode", at::full({options_.batch}, mode.code(), at::kLong)}};
    hold(batch, draw_held(options_, mode, length_of(bucket), random), length_of(bucket));
    if (mode.has_video) batch["video"] = take(bucket.latents.video, index, model_options_.video_mean, model_options_.video_std);
    if (mode.has_audio) batch["audio"] = take(bucket.latents.audio, index, model_options_.audio_mean, model_options_.audio_std);
    return batch;
  }

  StepLoss loss(const Batch& batch, std::uint64_t seed, std::int64_t step, const nn::RunContext& run) override {
    const std::int64_t count = batch.at("tokens").size(0);
    Random random(mix_seed(seed, "noise level", std::uint64_t(step)));
    const LogitNormal logit_normal{options_.noise_mean, options_.noise_std, options_.noise_shift};
    const NoiseLevels levels = options_.noise == "nava" ? nava_table_.draw(count, random) : logit_normal.draw(count, random);
    const FlowLoss flow = flow_of(batch, levels, mix_seed(seed, "noise", std::uint64_t(step)), run);
    StepLoss loss{flow.total, {}};
    if (flow.video.defined()) loss.parts["video"] = flow.video.mean().item<double>();
    if (flow.audio.defined()) loss.parts["audio"] = flow.audio.mean().item<double>();
    return loss;
  }

  // Losses at even noise levels, with the right captions, and with wrong ones, with which a model that reads its text is
  // worse: those of the next clip ("... wrong text"), and where a caption tells of two balls of two materials ("... two
  // materials"), its own with the materials exchanged ("... exchanged"), which only a model that binds words to balls minds.
  std::map<std::string, double> validate(const nn::RunContext& run) override {
    const FlowLoss own = validation_loss(validation_.tokens, run);
    const FlowLoss other = validation_loss(validation_.tokens.roll(1, 0), run);
    std::map<std::string, double> figures;
    report(figures, "", own, {});
    report(figures, " wrong text", other, {});
    const Tensor exchanged = exchange_materials(validation_.tokens);
    const Tensor two = exchanged.ne(validation_.tokens).any(1).nonzero().flatten();
    if (two.numel() > 0) {
      report(figures, " two materials", own, two);
      report(figures, " exchanged", validation_loss(exchanged, run), two);
    }
    return figures;
  }

  void write_samples(const std::string& folder, std::int64_t step, const nn::RunContext& run) override {
    if (!writer_.film || options_.vocoder.empty()) return;
    const std::string model_folder = folder + "/model";
    export_model(model_folder);
    const auto generator = families::load_generator(model_folder, run.dtype);
    for (std::int64_t i = 0; i < 4; ++i) {
      const std::string& caption = validation_.latents.captions[size_t(i)];
      writer_.film(phonofilm::concat(folder, "/step", step, "_", i), generate(*generator, caption, std::uint64_t(i), run));
    }
  }

  void export_model(const std::string& folder) const override {
    save_backbone(*backbone_, folder + "/backbone");
    SmallModelOptions options = model_options_;
    save_json(folder + "/model.json", write_json(options.fields()));
    copy_folder(options_.video_autoencoder, folder + "/video_autoencoder");
    copy_folder(options_.audio_autoencoder, folder + "/audio_autoencoder");
    if (!options_.vocoder.empty()) copy_folder(options_.vocoder, folder + "/vocoder");
  }

 private:
  Bucket make_bucket(const nava::SmallCodecs& codecs, const nn::RunContext& run, const Observer& observer,
                     const std::string& purpose, std::int64_t clips, std::int64_t frames) const {
    const std::string codec_files = file_fingerprint(options_.video_autoencoder + "/model.safetensors") +
                                    file_fingerprint(options_.audio_autoencoder + "/model.safetensors");
    const std::string path = phonofilm::concat(options_.cache, "/", purpose, frames, ".safetensors");
    Bucket bucket;
    bucket.latents = load_or_make_latents(path, {options_.scene, purpose, seed_, clips, frames, options_.size, codec_files},
                                          codecs, run, observer);
    bucket.tokens = backbone_->text_encoder().tokenize(bucket.latents.captions);
    return bucket;
  }

  FlowLoss validation_loss(const Tensor& tokens, const nn::RunContext& run) const {
    const std::int64_t count = tokens.size(0);
    const Tensor index = at::arange(count, at::kLong);
    const Batch batch{{"tokens", tokens}, {"mode", at::full({count}, JointMode{}.code(), at::kLong)},
                      {"video", take(validation_.latents.video, index, model_options_.video_mean, model_options_.video_std)},
                      {"audio", take(validation_.latents.audio, index, model_options_.audio_mean, model_options_.audio_std)}};
    const Tensor sigma = (index.to(at::kFloat) + 0.5) / double(count);
    return flow_of(batch, {sigma, at::ones({count})}, mix_seed(seed_, "validation noise"), run);
  }

  // Means over all samples, or over those of an index.
  static void report(std::map<std::string, double>& figures, const std::string& name, const FlowLoss& loss, const Tensor& index) {
    const auto mean = [&](const Tensor& x) { return (index.defined() ? x.index_select(0, index) : x).mean().item<double>(); };
    figures["video" + name] = mean(loss.video);
    figures["audio" + name] = mean(loss.audio);
  }

  // Captions that name two materials with the two exchanged, all others as they are. tokens: int64 [N, max_tokens]
  Tensor exchange_materials(const Tensor& tokens) const {
    Tensor exchanged = tokens.clone();
    std::vector<std::pair<std::int64_t, Tensor>> materials;  // of one caption: id and where it stands
    for (std::int64_t row = 0; row < tokens.size(0); ++row) {
      materials.clear();
      for (const std::string& name : world::materials()) {
        const std::int64_t id = backbone_->text_encoder().tokenizer().encode(name, 1).ids.at(0);
        const Tensor places = tokens[row].eq(id);
        if (places.any().item<bool>()) materials.emplace_back(id, places);
      }
      if (materials.size() != 2) continue;
      exchanged[row].masked_fill_(materials[0].second, materials[1].first).masked_fill_(materials[1].second, materials[0].first);
    }
    return exchanged;
  }

  ClipLength length_of(const Bucket& bucket) const {
    return {bucket.latents.video.size(2), frame_patch_, bucket.latents.audio.size(2)};
  }

  // What is held, as masks that are split with the batch; none where nothing is.
  void hold(Batch& batch, const diffusion::Held& held, const ClipLength& length) const {
    const auto rows = [&](const std::vector<diffusion::LatentSpan>& spans, std::int64_t latents) {
      return diffusion::held_mask(spans, latents).expand({options_.batch, latents});
    };
    if (!held.video.empty()) batch["held_video"] = rows(held.video, length.frames);
    if (!held.audio.empty()) batch["held_audio"] = rows(held.audio, length.steps);
  }

  static diffusion::Held held_of(const Batch& batch) {
    const auto spans = [&](const char* name) {
      return batch.contains(name) ? diffusion::spans_of(batch.at(name)[0]) : std::vector<diffusion::LatentSpan>{};
    };
    return {spans("held_video"), spans("held_audio")};
  }

  const Bucket& pick_bucket(Random& random) const {
    double at = random.uniform() * std::accumulate(options_.length_weights.begin(), options_.length_weights.end(), 0.0);
    for (size_t i = 0; i + 1 < buckets_.size(); ++i) {
      at -= options_.length_weights[i];
      if (at < 0) return buckets_[i];
    }
    return buckets_.back();
  }

  // Per channel, what to subtract from raw latents and to divide by, so that what is diffused has the deviation `scale`.
  static void measure_statistics(const Tensor& latents, double scale, std::vector<double>& mean, std::vector<double>& std) {
    const Tensor channels = latents.to(at::kFloat).transpose(0, 1).flatten(1);  // [C, all]
    const Tensor m = channels.mean(1).to(at::kDouble), s = channels.std(1).to(at::kDouble) / scale;
    mean.assign(m.data_ptr<double>(), m.data_ptr<double>() + m.numel());
    std.assign(s.data_ptr<double>(), s.data_ptr<double>() + s.numel());
  }

  static Tensor take(const Tensor& latents, const Tensor& index, const std::vector<double>& mean, const std::vector<double>& std) {
    return nava::normalise(latents.index_select(0, index).to(at::kFloat), mean, std);
  }

  FlowLoss flow_of(const Batch& batch, const NoiseLevels& levels, std::uint64_t noise_seed, const nn::RunContext& run) const {
    const JointMode mode = JointMode::from_code(batch.at("mode")[0].item<std::int64_t>());
    const JointLatent data{mode.has_video ? batch.at("video") : Tensor(), mode.has_audio ? batch.at("audio") : Tensor()};
    const at::Generator generator = make_generator(noise_seed);
    const JointLatent noise = diffusion::map([&](const Tensor& x) { return randn(x.sizes().vec(), generator); }, data);
    JointLatent noisy = add_noise(data, noise, levels.sigma);
    const diffusion::Held held = held_of(batch);
    diffusion::impose(data, held, noisy);
    const nava::PreparedContext context = backbone_->encode_text(batch.at("tokens"), run);
    nava::NavaInputs inputs;
    inputs.latent = noisy;
    inputs.timestep = levels.timestep();
    inputs.context = &context;
    inputs.mask_modality = mode.masked;
    inputs.held = held;
    JointLatent prediction = backbone_->transformer().forward(inputs, run);
    if (!held.video.empty()) prediction.video = without_held(prediction.video, noise.video - data.video, held.video);
    if (!held.audio.empty()) prediction.audio = without_held(prediction.audio, noise.audio - data.audio, held.audio);
    return flow_loss(prediction, data, noise, levels.weight, {options_.video_weight, options_.audio_weight});
  }

  // What is given has nothing to learn: its noise cannot be seen. (The published loss includes a given first frame.)
  static Tensor without_held(const Tensor& prediction, const Tensor& target, const std::vector<diffusion::LatentSpan>& spans) {
    Shape shape(size_t(prediction.dim()), 1);
    shape[2] = prediction.size(2);
    return at::where(diffusion::held_mask(spans, prediction.size(2)).view(shape), target, prediction);
  }

  static Clip generate(const families::Generator& generator, const std::string& caption, std::uint64_t seed, const nn::RunContext& run) {
    const families::ClipSpec spec = generator.clip_spec({});
    const auto conditioning = generator.encode({.text = caption}, spec, run);
    const auto shape = generator.latent_shape(spec);
    const at::Generator noise = make_generator(seed);
    const JointLatent start{randn(shape.video, noise), randn(shape.audio, noise)};
    const families::Sampling& sampling = generator.info().sampling;
    const auto solver = diffusion::make_solver(sampling.solver);
    const JointLatent latent = diffusion::sample(generator.velocity(*conditioning, sampling, run), start,
                                                 generator.sigmas(sampling), *solver, nullptr, nullptr);
    return generator.decode(latent, spec, run);
  }

  static void copy_folder(const std::string& from, const std::string& to) {
    make_folder(to);
    for (const char* name : {"/config.json", "/model.safetensors"}) write_file_atomically(to + name, read_file(from + name));
  }

  JointTaskOptions options_;
  SmallModelOptions model_options_;
  std::unique_ptr<SmallBackbone> backbone_;
  std::uint64_t seed_;
  SampleWriter writer_;
  NavaNoiseTable nava_table_;
  std::int64_t frame_patch_ = 4;  // of the video autoencoder
  std::vector<Bucket> buckets_;
  Bucket validation_;
};

nlohmann::json take_section(nlohmann::json& json, const char* name) {
  const nlohmann::json section = json.contains(name) ? json[name] : nlohmann::json::object();
  json.erase(name);
  return section;
}

// What a trained backbone has learnt. Parameters that it lacks stay as they were drawn.
void take_over(const SmallBackbone& trained, SmallBackbone& backbone, const std::string& folder) {
  PF_CHECK(trained.text_encoder().config().words == backbone.text_encoder().config().words, CheckpointError, "recipe", folder,
           ": was trained on captions of other words than this program's world has");
  std::map<std::string, Tensor> state = backbone.state_dict();
  for (const auto& [name, value] : trained.named_parameters()) state[name] = value;
  backbone.load(std::move(state), folder);
}

std::unique_ptr<SmallBackbone> make_backbone(const Recipe& recipe, const nlohmann::json& text_json, nlohmann::json transformer_json,
                                             const JointTaskOptions& options) {
  text_encoders::WordEncoderConfig text;
  text.words = world::caption_words();
  read_json(text_json, text.fields(), recipe.path + ": options: text_encoder");
  transformer_json["text_len"] = text.max_tokens;
  transformer_json["text_dim"] = text.width;
  const nava::NavaConfig transformer = nava::read_nava_config(transformer_json, recipe.path + ": options: transformer");
  auto backbone = std::make_unique<SmallBackbone>(text, transformer);
  backbone->initialise(mix_seed(std::uint64_t(recipe.run.seed), "weights"));
  if (!options.start.empty()) take_over(*nava::load_backbone(options.start, at::kFloat), *backbone, options.start);
  return backbone;
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
  auto task = std::make_unique<JointTask>(options, model_options, make_backbone(recipe, text, transformer, options),
                                          std::uint64_t(recipe.run.seed), writer);
  nn::RunContext run;
  run.dtype = recipe.run.dtype == "bfloat16" ? at::kBFloat16 : at::kFloat;
  task->prepare(run, observer);
  return task;
}

}  // namespace phonofilm::train

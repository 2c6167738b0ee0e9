#include "phonofilm/train/nava_task.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/families/nava/checkpoint.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/train/flow_matching.h"
#include "phonofilm/train/nava_batch.h"
#include "phonofilm/train/nava_data.h"
#include "phonofilm/train/nava_prepare.h"
#include "phonofilm/train/nava_start.h"
#include "phonofilm/train/recompute_runner.h"
#include "phonofilm/weights/safetensors.h"

namespace phonofilm::train {
namespace {

namespace fs = std::filesystem;
using diffusion::JointLatent;
using nava::NavaTransformer;

constexpr std::array kValidationSigmas{0.125, 0.375, 0.625, 0.875};

// The publisher rounds latents and noise to bfloat16 before it mixes them in float32, and the target with them.
JointLatent rounded(const JointLatent& latent, const nn::RunContext& run) {
  return diffusion::map([&](const Tensor& x) { return x.to(run.dtype); }, latent);
}

JointLatent noise_like(const JointLatent& data, std::uint64_t seed) {
  const at::Generator generator = make_generator(seed);
  return diffusion::map([&](const Tensor& x) { return randn(x.sizes().vec(), generator); }, data);
}

Tensor without_first_frame(const Tensor& video) { return video.narrow(2, 1, video.size(2) - 1); }

// A film's picture counts by the square of its weight, a still picture by the weight itself: so the published code has
// it.
LossScales scales_of(const NavaTaskOptions& options, NavaModality modality) {
  const bool still = modality == NavaModality::text_to_image;
  return {still ? options.video_weight : options.video_weight * options.video_weight, options.audio_weight};
}

class NavaTask : public Task {
 public:
  NavaTask(const NavaTaskOptions& options, std::unique_ptr<NavaTransformer> backbone, NavaData data, std::uint64_t seed,
           std::vector<std::string> notices)
      : options_(options),
        backbone_(std::move(backbone)),
        data_(std::move(data)),
        seed_(seed),
        notices_(std::move(notices)),
        table_(options.noise_shift) {
    if (options.recompute) {
      runner_ = std::make_unique<RecomputeRunner>();
    } else {
      runner_ = std::make_unique<nn::PlainRunner>();
    }
  }

  std::string name() const override { return "nava"; }
  nn::Module& model() override { return *backbone_; }
  std::vector<std::string> notices() const override { return notices_; }

  Batch batch(std::uint64_t seed, std::int64_t step) const override {
    Random random(mix_seed(seed, "batch", std::uint64_t(step)));
    const NavaDraw draw = data_.draw(options_.batch, random);
    const NavaMode mode = draw_nava_mode(draw.modality, options_, random);
    return batch_of(draw.files, mode, options_, random);
  }

  StepLoss loss(const Batch& batch, std::uint64_t seed, std::int64_t step, const nn::RunContext& run) override {
    Random random(mix_seed(seed, "noise level", std::uint64_t(step)));
    const NoiseLevels levels = table_.draw(batch.at("mode").size(0), random);
    return step_loss(flow_of(batch, levels, mix_seed(seed, "noise", std::uint64_t(step)), run));
  }

  // Plain squared errors of the held-out clips of each modality, with all conditions, at fixed noise levels and with
  // fixed noise.
  std::map<std::string, double> validate(const nn::RunContext& run) override {
    std::map<std::string, double> figures;
    for (const auto& [modality, files] : data_.held_out()) {
      for (const std::string& file : files) {
        const double share = 1 / double(files.size() * kValidationSigmas.size());
        for (const auto& [part, value] : validation_loss(file, modality, run))
          figures[name_of(modality) + " " + part] += value * share;
      }
    }
    return figures;
  }

  // None: `phonofilm generate` makes films of the exported folder.
  void write_samples(const std::string&, std::int64_t, const nn::RunContext&) override {}

  // The backbone in the published layout, and links to the frozen parts beside it, so that the folder is a whole model.
  void export_model(const std::string& folder) const override {
    make_folder(folder);
    weights::save_safetensors(folder + "/" + nava::published_variants().front().file,
                              backbone_->state_dict(nava::kBackbonePrefix));
    save_json(folder + "/" + nava::kConfigFile, nava::write_nava_config(backbone_->config()));
    for (const char* part : {"Wan2.2-TI2V-5B", "params"}) link_part(part, folder);
  }

 private:
  Batch batch_of(const std::vector<std::string>& files, const NavaMode& mode, const NavaTaskOptions& options,
                 Random& random) const {
    std::vector<EncodedClip> clips;
    for (const std::string& file : files) clips.push_back(open_encoded_clip(file, backbone_->config()));
    return make_nava_batch(clips, mode, options, backbone_->config(), random);
  }

  std::map<std::string, double> validation_loss(const std::string& file, NavaModality modality,
                                                const nn::RunContext& run) const {
    NavaTaskOptions all = options_;
    all.caption_drop = 0;
    all.spk_emb_prob = 1;
    Random unused(0);
    const Batch batch = batch_of({file}, {modality}, all, unused);
    std::map<std::string, double> sums;
    for (const double sigma : kValidationSigmas) {
      const NoiseLevels level{at::full({1}, sigma), at::ones({1})};
      const FlowLoss flow = flow_of(batch, level, mix_seed(seed_, "validation noise"), run);
      if (flow.video.defined()) sums["video"] += flow.video.item<double>();
      if (flow.audio.defined()) sums["audio"] += flow.audio.item<double>();
    }
    return sums;
  }

  FlowLoss flow_of(const Batch& batch, const NoiseLevels& levels, std::uint64_t noise_seed,
                   const nn::RunContext& run) const {
    const NavaMode mode = NavaMode::from_code(batch.at("mode")[0].item<std::int64_t>());
    JointLatent data;
    if (has_picture(mode.modality)) data.video = batch.at("video");
    if (has_sound(mode.modality)) data.audio = batch.at("audio");
    JointLatent noise = rounded(noise_like(data, noise_seed), run);
    data = rounded(data, run);
    JointLatent noisy = add_noise(data, noise, levels.sigma);
    if (mode.image) noisy.video.narrow(2, 0, 1).copy_(data.video.narrow(2, 0, 1));
    const nava::PreparedContext context = backbone_->prepare_context(batch.at("rows"), voices_of(batch), run);
    nava::NavaInputs inputs;
    inputs.latent = noisy;
    inputs.timestep = levels.timestep();
    inputs.context = &context;
    inputs.mask_modality = mode.masked;
    inputs.held = diffusion::first_frames(mode.image ? 1 : 0);
    JointLatent prediction = backbone_->forward(inputs, run, *runner_);
    if (mode.image && !options_.image_loss) {
      for (JointLatent* latent : {&prediction, &data, &noise}) latent->video = without_first_frame(latent->video);
    }
    return flow_loss(prediction, data, noise, levels, scales_of(options_, mode.modality));
  }

  void link_part(const char* part, const std::string& folder) const {
    const fs::path source = fs::path(options_.model) / part, link = fs::path(folder) / part;
    if (!fs::exists(source) || fs::exists(fs::symlink_status(link))) return;
    std::error_code failure;
    fs::create_directory_symlink(fs::canonical(source), link, failure);
    PF_CHECK(!failure, ResourceError, "train", link.string(), ": cannot be made a link to ", source.string(), ": ",
             failure.message());
  }

  NavaTaskOptions options_;
  std::unique_ptr<NavaTransformer> backbone_;
  NavaData data_;
  std::uint64_t seed_;
  std::vector<std::string> notices_;
  NavaNoiseTable table_;
  std::unique_ptr<nn::BlockRunner> runner_;
};

}  // namespace

std::unique_ptr<Task> make_nava_task(const Recipe& recipe, const TaskTools& tools, const Observer& observer) {
  const NavaRecipe own = read_nava_recipe(*recipe.options, recipe.path + ": options");
  const auto seed = std::uint64_t(recipe.run.seed);
  const NavaPreparation how{nava::read_backbone_config(own.options.model), tools.read_clip, tools.open_tokenizer,
                            observer};
  check_nava_start(own.options, how.backbone);
  Dropped dropped;
  const std::vector<NavaClip> clips = prepare_clips(own, how, dropped);
  NavaData data(own, clips, dropped.notices());
  return std::make_unique<NavaTask>(own.options, make_nava_backbone(own.options, how.backbone, seed), std::move(data),
                                    seed, dropped.notices());
}

}  // namespace phonofilm::train

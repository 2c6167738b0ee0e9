#include "phonofilm/vocoders/bigvgan/bigvgan.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::vocoders {

using nn::RunContext;

namespace {

constexpr std::int64_t kOuterKernel = 7;  // of the first and the last convolution

BigVganConfig checked(const BigVganConfig& config) {
  config.validate("bigvgan");
  return config;
}

void check(bool holds, std::string_view where, std::string_view rule) {
  PF_CHECK(holds, InvalidRequest, "config", where, ": ", rule);
}

void require(const nlohmann::json& published, const char* key, const nlohmann::json& value, std::string_view where) {
  const bool fits = !published.contains(key) || published[key] == value;
  PF_CHECK(fits, InvalidRequest, "config", where, ": ", key, " must be ", value.dump(), ", got ", published[key].dump());
}

}  // namespace

Fields BigVganConfig::fields() {
  return {{"num_mels", &num_mels, "mel bands", 1.0, 1024.0},
          {"upsample_initial_channel", &upsample_initial_channel, "channels at the mel's rate", 1.0, 65536.0},
          {"upsample_rates", &upsample_rates, "samples that a stage makes of one", 1.0, 1024.0},
          {"upsample_kernel_sizes", &upsample_kernel_sizes, "taps of each stage's transposed convolution", 1.0, 1024.0},
          {"resblock_kernel_sizes", &resblock_kernel_sizes, "taps of the parallel blocks after a stage", 1.0, 1024.0},
          {"resblock_dilations", &resblock_dilations, "dilations inside every block", 1.0, 1024.0}};
}

std::int64_t BigVganConfig::hop() const {
  std::int64_t samples = 1;
  for (const std::int64_t rate : upsample_rates) samples *= rate;
  return samples;
}

void BigVganConfig::validate(std::string_view where) const {
  const std::size_t stages = upsample_rates.size();
  check(stages >= 1 && stages <= 16 && upsample_kernel_sizes.size() == stages, where,
        "upsample_rates and upsample_kernel_sizes must be equally many, 1 to 16");
  std::int64_t longest = std::int64_t(1) << 16;  // samples per mel frame; the product of the rates must not overflow
  for (std::size_t i = 0; i < stages; ++i) {
    check(upsample_rates[i] >= 1 && upsample_rates[i] <= longest, where, "upsample_rates must multiply to at most 65536");
    longest /= upsample_rates[i];
    const std::int64_t surplus = upsample_kernel_sizes[i] - upsample_rates[i];
    check(surplus >= 0 && surplus % 2 == 0, where,
          "an upsampling kernel must exceed its rate by an even number");
  }
  check(upsample_initial_channel % (std::int64_t(1) << stages) == 0, where,
        "upsample_initial_channel must be divisible by 2 once for each stage");
  check(!resblock_kernel_sizes.empty() && !resblock_dilations.empty(), where, "there must be a residual block");
  for (const std::int64_t kernel : resblock_kernel_sizes) {
    check(kernel % 2 == 1, where, "resblock_kernel_sizes must be odd");
  }
}

BigVganConfig read_bigvgan_config(const nlohmann::json& published, std::string_view where) {
  check(published.is_object(), where, "must be a JSON object");
  require(published, "resblock", "1", where);
  require(published, "activation", "snakebeta", where);
  require(published, "snake_logscale", true, where);
  BigVganConfig config;
  nlohmann::json network = nlohmann::json::object();
  for (const Field& field : config.fields()) {
    if (published.contains(field.name)) network[field.name] = published[field.name];
  }
  if (published.contains("resblock_dilation_sizes")) {
    const nlohmann::json& lists = published["resblock_dilation_sizes"];
    check(lists.is_array() && !lists.empty(), where, "resblock_dilation_sizes must be a list of lists");
    for (const nlohmann::json& list : lists) {
      check(list == lists[0], where, "resblock_dilation_sizes must be the same for every kernel");
    }
    network["resblock_dilations"] = lists[0];
  }
  read_json(network, config.fields(), where);
  config.validate(where);
  return config;
}

AmpBlock::AmpBlock(nn::Module& parent, const std::string& name, std::int64_t channels, std::int64_t kernel,
                   const std::vector<std::int64_t>& dilations, WeightNormedLayers& all)
    : Module(parent, name) {
  const auto conv = [&](const char* list, std::size_t index, std::int64_t dilation) {
    return std::make_unique<WeightNormConv1d>(*this, concat(list, index), channels, channels, kernel, dilation, all);
  };
  for (std::size_t i = 0; i < dilations.size(); ++i) {
    convs1_.push_back(conv("convs1.", i, dilations[i]));
    convs2_.push_back(conv("convs2.", i, /*dilation=*/1));
  }
  for (std::size_t i = 0; i < 2 * dilations.size(); ++i) {
    activations_.push_back(std::make_unique<AntiAliasedSnake>(*this, concat("activations.", i), channels));
  }
}

Tensor AmpBlock::forward(Tensor x, const RunContext& run) const {
  for (std::size_t i = 0; i < convs1_.size(); ++i) {
    const Tensor branch = convs1_[i]->forward(activations_[2 * i]->forward(x), run);
    x = x + convs2_[i]->forward(activations_[2 * i + 1]->forward(branch), run);
  }
  return x;
}

BigVgan::BigVgan(const BigVganConfig& config)
    : config_(checked(config)),
      pre_(*this, "conv_pre", config_.num_mels, width_after(0), kOuterKernel, /*dilation=*/1, layers_),
      stages_(make_stages()),
      activation_post_(*this, "activation_post", width_after(stages_.size())),
      post_(*this, "conv_post", width_after(stages_.size()), 1, kOuterKernel, /*dilation=*/1, layers_) {}

std::vector<BigVgan::Stage> BigVgan::make_stages() {
  const auto& kernels = config_.resblock_kernel_sizes;
  std::vector<Stage> stages(config_.upsample_rates.size());
  for (std::size_t i = 0; i < stages.size(); ++i) {
    stages[i].up = std::make_unique<WeightNormConvTranspose1d>(
        *this, concat("ups.", i, ".0"), width_after(i), width_after(i + 1), config_.upsample_kernel_sizes[i],
        config_.upsample_rates[i], layers_);
    for (std::size_t j = 0; j < kernels.size(); ++j) {
      stages[i].blocks.push_back(std::make_unique<AmpBlock>(*this, concat("resblocks.", i * kernels.size() + j),
                                                            width_after(i + 1), kernels[j],
                                                            config_.resblock_dilations, layers_));
    }
  }
  return stages;
}

void BigVgan::load(const std::map<std::string, Tensor>& tensors, const std::string& file, const std::string& prefix,
                   at::ScalarType dtype) {
  Module::load(with_weight_norm_names(tensors), file, prefix, at::kFloat);
  for (WeightNormed* layer : layers_) layer->fold(dtype);
}

Tensor BigVgan::forward(const Tensor& mel, const RunContext& run) const {
  expect_shape(mel, {kAny, config_.num_mels, kAny}, "bigvgan: mel");
  PF_CHECK(mel.size(2) >= 1, ShapeError, "bigvgan", "the mel has no frame");
  Tensor x = pre_.forward(mel, run);
  for (const Stage& stage : stages_) {
    x = stage.up->forward(x, run);
    Tensor sum = stage.blocks.front()->forward(x, run);
    for (std::size_t j = 1; j < stage.blocks.size(); ++j) sum = sum + stage.blocks[j]->forward(x, run);
    x = sum / double(stage.blocks.size());
  }
  return at::tanh(post_.forward(activation_post_.forward(x), run));
}

}  // namespace phonofilm::vocoders

#include "phonofilm/speaker_encoders/redimnet/redimnet.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/weights/safetensors.h"
#include "phonofilm/weights/stored_config.h"
#include "phonofilm/weights/tensor_file.h"

namespace phonofilm::speaker_encoders {
namespace {

constexpr std::int64_t kBottleneck = 128;
constexpr double kLeastVariance = 1e-7;
constexpr const char* kConfigKey = "model_config";
constexpr const char* kStatePrefix = "state_dict.";
const nn::RunContext kFloat32{};

ReDimNetConfig checked(const ReDimNetConfig& config) {
  config.validate("redimnet");
  return config;
}

void check_waveform(const Tensor& waveform, const char* where) {
  expect_shape(waveform, {kAny, kAny}, where);
  PF_CHECK(at::isFloatingType(waveform.scalar_type()), ShapeError, where,
           "samples between -1 and 1 of a floating type are needed, got ", c10::toString(waveform.scalar_type()));
  const std::int64_t margin = redimnet::kFft / 2;
  PF_CHECK(waveform.size(0) >= 1, ShapeError, where, "the waveform has no channel: ", shape_text(waveform.sizes()));
  PF_CHECK(waveform.size(1) > margin, ShapeError, where, "a waveform of more than ", margin,
           " samples at 16 kHz is needed, got ", shape_text(waveform.sizes()));
  const bool finite = at::isfinite(waveform).all().item<bool>();
  PF_CHECK(finite, InvalidRequest, where, "the waveform holds a sample that is not a finite number");
}

void check_features(const Tensor& features, std::int64_t mels, const char* where) {
  expect_shape(features, {kAny, mels, kAny}, where);
  PF_CHECK(features.size(2) >= 1, ShapeError, where, "there is no frame: ", shape_text(features.sizes()));
}

bool in_state_dict(const std::map<std::string, Tensor>& tensors) {
  const auto belongs = [](const auto& entry) { return entry.first.starts_with(kStatePrefix); };
  return std::any_of(tensors.begin(), tensors.end(), belongs);
}

}  // namespace

AttentiveStatistics::AttentiveStatistics(nn::Module& parent, const std::string& name, std::int64_t width)
    : Module(parent, name),
      narrow_(*this, "linear1", width, kBottleneck, {.kernel = 1}),
      widen_(*this, "linear2", kBottleneck, width, {.kernel = 1}) {}

Tensor AttentiveStatistics::forward(const Tensor& frames) const {
  const Tensor scores = widen_.forward(at::tanh(narrow_.forward(frames, kFloat32)), kFloat32);
  const Tensor attention = at::softmax(scores, 2);  // [B, D, T]
  const Tensor mean = (attention * frames).sum(2);
  const Tensor variance = (attention * frames.square()).sum(2) - mean.square();
  return at::cat({mean, variance.clamp_min(kLeastVariance).sqrt()}, 1);
}

ReDimNet::ReDimNet(const ReDimNetConfig& config)
    : config_(checked(config)),
      front_end_(*this, "spec.torchfbank", config_.mels, config_.hop_length),
      backbone_(*this, "backbone", config_),
      pool_(*this, "pool", config_.width()),
      norm_(*this, "bn", 2 * config_.width()),
      linear_(*this, "linear", 2 * config_.width(), config_.embed_dim) {}

void ReDimNet::load(std::map<std::string, Tensor> tensors, const std::string& file, const std::string& prefix) {
  for (const Declaration& declared : declarations()) {
    constexpr std::string_view kVariance = "running_var";
    if (!declared.name.ends_with(kVariance)) continue;
    const std::string norm = declared.name.substr(0, declared.name.size() - kVariance.size());
    tensors.erase(prefix + norm + "num_batches_tracked");
  }
  Module::load(std::move(tensors), file, prefix, at::kFloat);
}

Tensor ReDimNet::features(const Tensor& waveform) const {
  check_waveform(waveform, "redimnet.features: waveform");
  return front_end_.forward(waveform.to(at::kFloat));
}

std::vector<Tensor> ReDimNet::maps(const Tensor& features) const {
  check_features(features, config_.mels, "redimnet.maps: features");
  return backbone_.maps(features);
}

Tensor ReDimNet::frames(const Tensor& features) const {
  check_features(features, config_.mels, "redimnet.frames: features");
  return backbone_.forward(features);
}

Tensor ReDimNet::pooled(const Tensor& frames) const {
  expect_shape(frames, {kAny, config_.width(), kAny}, "redimnet.pooled: frames");
  return pool_.forward(frames);
}

Tensor ReDimNet::embedding_of_pooled(const Tensor& pooled) const {
  expect_shape(pooled, {kAny, 2 * config_.width()}, "redimnet.embedding_of_pooled: pooled");
  return linear_.forward(norm_.forward(pooled), kFloat32);
}

Tensor ReDimNet::embedding_of_features(const Tensor& features) const {
  return embedding_of_pooled(pooled(frames(features)));
}

Tensor ReDimNet::embedding(const Tensor& waveform) const {
  check_waveform(waveform, "redimnet.embedding: waveform");
  PF_CHECK(waveform.size(0) <= kMostChannels, ShapeError, "redimnet.embedding",
           "a waveform [channels, samples] of at most ", kMostChannels, " channels is needed, got ",
           shape_text(waveform.sizes()), " (transposed?)");
  const Tensor heard = waveform.narrow(1, 0, std::min(waveform.size(1), kLongest)).to(at::kFloat);
  return embedding_of_features(features(heard.mean(0, /*keepdim=*/true)))[0];
}

std::unique_ptr<ReDimNet> load_redimnet(const std::string& path) {
  const auto bytes = weights::FileBytes::map(path);
  weights::TensorFile file = weights::open_tensors(bytes);
  const nlohmann::json published = weights::read_stored_config(bytes, file.metadata, kConfigKey);
  auto model = std::make_unique<ReDimNet>(read_redimnet_config(published, concat(path, ": ", kConfigKey)));
  const std::string prefix = in_state_dict(file.tensors) ? kStatePrefix : "";
  model->load(std::move(file.tensors), path, prefix);
  return model;
}

void save_redimnet(const ReDimNet& model, const std::string& path) {
  weights::TensorMap stored;
  for (const auto& [name, value] : model.state_dict()) {
    const bool halved = value.dim() > 1 && !name.starts_with("spec.");
    stored[name] = halved ? value.to(at::kBFloat16) : value;
  }
  weights::save_safetensors(path, stored, {{kConfigKey, write_redimnet_config(model.config()).dump()}});
}

}  // namespace phonofilm::speaker_encoders

#include "phonofilm/train/train_state.h"

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/weights/safetensors.h"

namespace phonofilm::train {

void save_state(const std::string& path, const TrainState& state, const std::string& fingerprint) {
  weights::TensorMap tensors = state.optimizer->state();
  for (size_t i = 0; i < state.parameters.size(); ++i) {
    const auto& [name, value] = state.parameters[i];
    tensors["model." + name] = value.detach();
    if (state.ema.kept()) tensors["ema." + name] = state.ema.averages()[i];
  }
  weights::save_safetensors(path, tensors, {{"format", "phonofilm training checkpoint 1"},
                                            {"recipe", fingerprint},
                                            {"step", std::to_string(state.step)},
                                            {"skipped", std::to_string(state.skipped)}});
}

namespace {

std::int64_t number(const weights::SafetensorsFile& file, const std::string& key) {
  try {
    return std::stoll(file.metadata().at(key));
  } catch (const std::exception&) {
    throw CheckpointError("resume", concat(file.path(), ": metadata '", key, "' is missing or not a number"));
  }
}

void restore(Tensor target, const weights::SafetensorsFile& file, const std::string& name) {
  const Tensor& saved = file.at(name);
  PF_CHECK(saved.sizes() == target.sizes(), CheckpointError, "resume", file.path(), ": tensor \"", name, "\": expected ",
           shape_text(target.sizes()), ", got ", shape_text(saved.sizes()));
  target.copy_(saved);
}

}  // namespace

void load_state(const std::string& path, TrainState& state, const std::string& fingerprint) {
  const auto file = weights::SafetensorsFile::open(path);
  const auto recipe = file.metadata().find("recipe");
  PF_CHECK(recipe != file.metadata().end(), CheckpointError, "resume", path, ": not a training checkpoint");
  PF_CHECK(recipe->second == fingerprint, InvalidRequest, "resume", path,
           ": was made by another recipe; use another output folder\n  there: ", recipe->second, "\n  now:   ", fingerprint);
  for (size_t i = 0; i < state.parameters.size(); ++i) {
    restore(state.parameters[i].second.detach(), file, "model." + state.parameters[i].first);
    if (state.ema.kept()) restore(state.ema.averages()[i], file, "ema." + state.parameters[i].first);
  }
  state.optimizer->load_state(file.tensors());
  state.step = number(file, "step");
  state.skipped = number(file, "skipped");
}

}  // namespace phonofilm::train

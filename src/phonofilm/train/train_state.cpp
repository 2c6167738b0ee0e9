#include "phonofilm/train/train_state.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/text.h"
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

// "/steps 10, now 20", and so on. `there` comes from a file, `now` is our own.
std::string differences(const std::string& there, const std::string& now) {
  using nlohmann::json;
  const json old = json::parse(there, nullptr, /*allow_exceptions=*/false), current = json::parse(now);
  if (old.is_discarded()) return "it is not readable";
  std::vector<std::string> told;
  for (const json& change : json::diff(old, current)) {
    const json::json_pointer place(change["path"].get<std::string>());
    const auto at = [&](const json& side) { return side.contains(place) ? side[place].dump() : "nothing"; };
    told.push_back(concat(place.to_string(), " ", at(old), ", now ", at(current)));
  }
  return join(told, "; ");
}

void expect_recipe(const weights::SafetensorsFile& file, const std::string& fingerprint) {
  const auto recipe = file.metadata().find("recipe");
  PF_CHECK(recipe != file.metadata().end(), CheckpointError, "resume", file.path(), ": not a training checkpoint");
  if (recipe->second == fingerprint) return;
  throw InvalidRequest("resume", concat(file.path(), ": was made by another recipe; use another output folder (",
                                        differences(recipe->second, fingerprint), ")"));
}

}  // namespace

void check_recipe(const std::string& path, const std::string& fingerprint) {
  expect_recipe(weights::SafetensorsFile::open(path), fingerprint);
}

void load_state(const std::string& path, TrainState& state, const std::string& fingerprint) {
  const auto file = weights::SafetensorsFile::open(path);
  expect_recipe(file, fingerprint);
  for (size_t i = 0; i < state.parameters.size(); ++i) {
    restore(state.parameters[i].second.detach(), file, "model." + state.parameters[i].first);
    if (state.ema.kept()) restore(state.ema.averages()[i], file, "ema." + state.parameters[i].first);
  }
  state.optimizer->load_state(file.tensors());
  state.step = number(file, "step");
  state.skipped = number(file, "skipped");
}

}  // namespace phonofilm::train

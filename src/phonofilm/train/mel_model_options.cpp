#include "phonofilm/train/mel_model_options.h"

#include <nlohmann/json.hpp>

namespace phonofilm::train {

void take_mel_model_options(nlohmann::json& options, const Fields& model, const Fields& mel, const std::string& where) {
  if (options.contains("model")) read_json(options["model"], model, where + ": model");
  if (options.contains("mel")) read_json(options["mel"], mel, where + ": mel");
  options.erase("model");
  options.erase("mel");
}

}  // namespace phonofilm::train

// What recipes for networks of mels have in common: the network's options below "model", its front end's below "mel".
#pragma once

#include <nlohmann/json.hpp>

#include "phonofilm/dsp/mel.h"

namespace phonofilm::train {

// Takes both sections out of `options`, so that what remains is the task's own. Throws InvalidRequest for unknown keys.
template <class Config>
Config take_mel_model_config(nlohmann::json& options, const std::string& where) {
  Config config;
  if (options.contains("model")) read_json(options["model"], config.fields(), where + ": model");
  if (options.contains("mel")) read_json(options["mel"], config.mel.fields(), where + ": mel");
  options.erase("model");
  options.erase("mel");
  return config;
}

}  // namespace phonofilm::train

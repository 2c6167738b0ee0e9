// What recipes for networks of mels have in common: the network's options below "model", its front end's below "mel".
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "phonofilm/dsp/mel.h"

namespace phonofilm::train {

// Takes both sections out of `options`, so that what remains is the task's own. Throws InvalidRequest for unknown keys.
void take_mel_model_options(nlohmann::json& options, const Fields& model, const Fields& mel, const std::string& where);

template <class Config>
Config take_mel_model_config(nlohmann::json& options, const std::string& where) {
  Config config;
  take_mel_model_options(options, config.fields(), config.mel.fields(), where);
  return config;
}

}  // namespace phonofilm::train

// Networks that read or write mels, on disk: config.json holds the network's own options and, below "mel", its front end.
#pragma once

#include <nlohmann/json.hpp>
#include <type_traits>

#include "phonofilm/base/error.h"
#include "phonofilm/dsp/mel.h"
#include "phonofilm/weights/model_folder.h"

namespace phonofilm::dsp {

template <class Model>
using ConfigOf = std::decay_t<decltype(std::declval<const Model&>().config())>;

// `type` names the model in config.json: "vocos".
template <class Model>
void save_mel_model(const Model& model, const std::string& type, const std::string& folder) {
  ConfigOf<Model> config = model.config();
  nlohmann::json json = write_json(config.fields());
  json["mel"] = write_json(config.mel.fields());
  weights::save_model_folder(folder, type, json, model.state_dict());
}

// Throws CheckpointError if files are missing or damaged, the folder holds another type of model or options out of range.
template <class Model>
std::unique_ptr<Model> load_mel_model(const std::string& type, const std::string& folder, at::ScalarType dtype) {
  const weights::ModelFolder files = weights::open_model_folder(folder, type);
  const std::string where = folder + "/config.json";
  try {
    nlohmann::json json = *files.config;
    ConfigOf<Model> config;
    if (json.contains("mel")) read_json(json["mel"], config.mel.fields(), where + ": mel");
    json.erase("mel");
    read_json(json, config.fields(), where);
    auto model = std::make_unique<Model>(config);
    model->load(files.weights.tensors(), files.path, "", dtype);
    return model;
  } catch (const InvalidRequest& error) {
    throw CheckpointError("load", concat(where, " does not describe a ", type, ": ", error.what()));
  }
}

}  // namespace phonofilm::dsp

#include "phonofilm/dsp/mel_model.h"

#include <nlohmann/json.hpp>

namespace phonofilm::dsp {

void save_mel_model(const MelModelFields& fields, const weights::TensorMap& tensors, const std::string& type,
                    const std::string& folder) {
  nlohmann::json json = write_json(fields.own);
  json["mel"] = write_json(fields.mel);
  weights::save_model_folder(folder, type, json, tensors);
}

weights::ModelFolder open_mel_model(const MelModelFields& fields, const std::string& type, const std::string& folder) {
  weights::ModelFolder files = weights::open_model_folder(folder, type);
  const std::string where = folder + "/config.json";
  nlohmann::json json = *files.config;
  if (json.contains("mel")) read_json(json["mel"], fields.mel, where + ": mel");
  json.erase("mel");
  read_json(json, fields.own, where);
  return files;
}

}  // namespace phonofilm::dsp

// Networks that read or write mels, on disk: config.json holds the network's own options and, below "mel", its front
// end.
#pragma once

#include <memory>
#include <type_traits>

#include "phonofilm/dsp/mel.h"
#include "phonofilm/weights/model_folder.h"

namespace phonofilm::dsp {

// Options of a network and of its front end.
struct MelModelFields {
  Fields own, mel;
};

// `type` names the model in config.json: "vocos".
void save_mel_model(const MelModelFields& fields, const weights::TensorMap& tensors, const std::string& type,
                    const std::string& folder);
// Reads the options. Throws CheckpointError if files are missing or damaged or the folder holds another type of model,
// InvalidRequest for unknown options and values out of range.
weights::ModelFolder open_mel_model(const MelModelFields& fields, const std::string& type, const std::string& folder);

template <class Model>
using ConfigOf = std::decay_t<decltype(std::declval<const Model&>().config())>;

template <class Model>
void save_mel_model(const Model& model, const std::string& type, const std::string& folder) {
  ConfigOf<Model> config = model.config();
  save_mel_model({config.fields(), config.mel.fields()}, model.state_dict(), type, folder);
}

// Throws CheckpointError for whatever is wrong with the folder.
template <class Model>
std::unique_ptr<Model> load_mel_model(const std::string& type, const std::string& folder, at::ScalarType dtype) {
  return weights::load_described(folder, type, [&] {
    ConfigOf<Model> config;
    const weights::ModelFolder files = open_mel_model({config.fields(), config.mel.fields()}, type, folder);
    auto model = std::make_unique<Model>(config);
    model->load(files.weights.tensors(), files.path, "", dtype);
    return model;
  });
}

}  // namespace phonofilm::dsp

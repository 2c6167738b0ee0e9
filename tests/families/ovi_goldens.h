// The tiny random-weight Ovi of testdata/goldens/ovi-tiny (see its README) and its recorded inputs, for tests.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>

#include "phonofilm/base/files.h"
#include "phonofilm/families/ovi/transformer.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"

namespace phonofilm::test {

inline std::string ovi_golden(const std::string& name) { return testdata("goldens/ovi-tiny/" + name); }

inline ovi::OviConfig tiny_ovi_config() {
  return ovi::read_ovi_config(load_json(ovi_golden("Ovi/video.json")), load_json(ovi_golden("Ovi/audio.json")), "ovi-tiny");
}

inline std::unique_ptr<ovi::OviTransformer> load_tiny_ovi() {
  auto model = std::make_unique<ovi::OviTransformer>(tiny_ovi_config());
  const auto file = weights::SafetensorsFile::open(ovi_golden("Ovi/model.safetensors"));
  model->load(file.tensors(), file.path());
  return model;
}

// Text encoder rows [n, text_dim] -> [1, text_len, text_dim] with zeros behind them.
inline Tensor padded_rows(const Tensor& rows, const ovi::OviConfig& config) {
  return at::constant_pad_nd(rows, {0, 0, 0, config.video.text_len - rows.size(0)}).unsqueeze(0);
}

// Recorded latents have no batch, and sound has its channels last.
inline Tensor ovi_video(const Tensor& recorded) { return recorded.unsqueeze(0); }
inline Tensor ovi_audio(const Tensor& recorded) { return recorded.t().unsqueeze(0); }

}  // namespace phonofilm::test

// The tiny random-weight NAVA of testdata/goldens/nava-tiny (see its README) and its recorded inputs, for tests.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "phonofilm/families/nava/transformer.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"

namespace phonofilm::test {

inline std::string nava_golden(const std::string& name) { return testdata("goldens/nava-tiny/" + name); }

inline nava::NavaConfig tiny_nava_config() {
  const std::string path = nava_golden("config.json");
  return nava::read_nava_config(load_json(path), path);
}

// Weights are float32 and mapped: do not write to them.
inline std::unique_ptr<nava::NavaTransformer> load_tiny_nava() {
  auto model = std::make_unique<nava::NavaTransformer>(tiny_nava_config());
  const auto file = weights::SafetensorsFile::open(nava_golden("NAVA.safetensors"));
  model->load(file.tensors(), file.path(), "backbone.");
  return model;
}

// Rows of the valid text tokens [n, text_dim], padded with zeros to [1, text_len, text_dim].
inline Tensor padded_context(const Tensor& rows, const nava::NavaConfig& config) {
  return at::constant_pad_nd(rows, {0, 0, 0, config.text_len - rows.size(0)}, 0).unsqueeze(0);
}

// The files hold [C, F, H, W] and [T, C]; the model takes [1, C, F, H, W] and [1, C, T].
inline Tensor as_video(const Tensor& video) { return video.unsqueeze(0); }
inline Tensor as_audio(const Tensor& audio) { return audio.t().unsqueeze(0).contiguous(); }

inline Tensor overwrite_first_frame(const Tensor& video, const Tensor& frame) {
  return at::cat({frame.unsqueeze(0), video.narrow(2, 1, video.size(2) - 1)}, 2);
}

inline std::vector<std::int64_t> as_positions(const Tensor& positions, std::int64_t count) {
  std::vector<std::int64_t> result;
  for (std::int64_t i = 0; i < count; ++i) result.push_back(positions[i].item<std::int64_t>());
  return result;
}

}  // namespace phonofilm::test

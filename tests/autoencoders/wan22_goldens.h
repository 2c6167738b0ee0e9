// The tiny random-weight Wan 2.2 autoencoder of testdata/goldens/ovi-tiny (see its README) and its recordings, for tests.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "phonofilm/autoencoders/wan22_vae/wan22_vae.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"

namespace phonofilm::test {

inline std::string ovi_golden(const std::string& name) { return testdata("goldens/ovi-tiny/" + name); }

inline autoencoders::Wan22VaeConfig tiny_wan22_config() {
  const std::string path = ovi_golden("Wan2.2-TI2V-5B/vae.json");
  return autoencoders::read_wan22_vae_config(load_json(path), path);
}

// The recordings were made with weights that were not rounded.
inline std::unique_ptr<autoencoders::Wan22Vae> load_tiny_wan22(at::ScalarType dtype = at::kFloat) {
  return autoencoders::load_wan22_vae(ovi_golden("Wan2.2-TI2V-5B/Wan2.2_VAE.pth"), tiny_wan22_config(), dtype,
                                      autoencoders::Wan22Rounding::none);
}

inline weights::SafetensorsFile wan22_recording(const std::string& name = "golden_vae.safetensors") {
  return weights::SafetensorsFile::open(ovi_golden(name));
}

}  // namespace phonofilm::test

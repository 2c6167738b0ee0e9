#include "phonofilm/families/ovi/parts.h"

#include "phonofilm/families/ovi/networks.h"
#include "phonofilm/weights/tensor_file.h"

namespace phonofilm::ovi {

std::unique_ptr<autoencoders::MmaudioVae> load_audio_vae(const OviFolder& folder, at::ScalarType dtype) {
  auto vae = std::make_unique<autoencoders::MmaudioVae>(read_audio_vae_config(folder.root));
  vae->load(weights::open_tensors(folder.audio_vae).tensors, folder.audio_vae, "", dtype);
  return vae;
}

std::unique_ptr<vocoders::BigVgan> load_vocoder(const OviFolder& folder, at::ScalarType dtype) {
  auto vocoder = std::make_unique<vocoders::BigVgan>(read_vocoder_config(folder.root));
  vocoder->load(weights::open_tensors(folder.vocoder).tensors, folder.vocoder, "generator.", dtype);
  return vocoder;
}

}  // namespace phonofilm::ovi

#include "phonofilm/families/ovi/parts.h"

#include "phonofilm/families/ovi/networks.h"
#include "phonofilm/weights/tensor_file.h"

namespace phonofilm::ovi {

std::unique_ptr<text_encoders::Umt5Encoder> load_text_encoder(const OviFolder& folder) {
  auto encoder = std::make_unique<text_encoders::Umt5Encoder>(read_text_config(folder.root));
  encoder->load(weights::open_tensors(folder.text_encoder).tensors, folder.text_encoder, "", nn::kStoredDtype);
  return encoder;
}

std::unique_ptr<autoencoders::Wan22Vae> load_video_vae(const OviFolder& folder, at::ScalarType dtype) {
  return autoencoders::load_wan22_vae(folder.video_vae, read_video_vae_config(folder.root), dtype);
}

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

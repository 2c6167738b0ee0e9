// A model folder with random weights and tiny dimensions, for tests of everything around a model.
#pragma once

#include <string>

#include "phonofilm/base/files.h"
#include "phonofilm/families/nava/small_model.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "support/support.h"

namespace phonofilm::test {

inline void write_tiny_model(const std::string& folder) {
  text_encoders::WordEncoderConfig text;
  text.words = {",", "a", "ball", "bounces", "falls", "red"};
  text.width = 16, text.heads = 2, text.layers = 1, text.max_tokens = 8;
  nava::NavaConfig transformer;
  transformer.dim = 24, transformer.ffn_dim = 32, transformer.freq_dim = 16, transformer.num_heads = 2;
  transformer.num_double_layers = transformer.num_single_layers = 1;
  transformer.vid_in_dim = transformer.vid_out_dim = 3;
  transformer.audio_in_dim = transformer.audio_out_dim = 4;
  transformer.text_len = text.max_tokens, transformer.text_dim = text.width;
  transformer.add_spk_emb = false;
  transformer.audio_embed_kernel = 1, transformer.audio_embed_hidden = 16;
  nava::SmallBackbone backbone(text, transformer);
  backbone.initialise(1);
  nava::save_backbone(backbone, folder + "/backbone");

  autoencoders::VideoAutoencoderConfig video;
  video.pixel_patch = 4, video.outer_width = video.inner_width = 8, video.latent_channels = 3;
  autoencoders::save_video_autoencoder(autoencoders::VideoAutoencoder(video, 2), folder + "/video_autoencoder");
  autoencoders::MelAutoencoderConfig audio;
  audio.width = 8, audio.blocks = 1, audio.latent_channels = 4;
  autoencoders::save_mel_autoencoder(autoencoders::MelAutoencoder(audio, 3), folder + "/audio_autoencoder");
  vocoders::VocosConfig vocoder;
  vocoder.width = 8, vocoder.hidden = 8, vocoder.blocks = 1;
  vocoders::save_vocos(vocoders::Vocos(vocoder, 4), folder + "/vocoder");
  write_file_atomically(folder + "/model.json", R"({"variant": "tiny", "size": 32, "seconds": 0.4, "min_seconds": 0.2,
      "max_seconds": 1, "steps": 3, "solver": "euler", "video_mean": [0, 0, 0], "video_std": [1, 1, 1],
      "audio_mean": [0, 0, 0, 0], "audio_std": [1, 1, 1, 1]})");
}

// It, in a folder of its own, and loaded.
struct TinyModel {
  TemporaryFolder folder;
  std::unique_ptr<families::Generator> generator;
  TinyModel() {
    write_tiny_model(folder.path().string());
    load();
  }
  void load() { generator = families::load_generator(folder.path().string(), at::kFloat); }
};

// One whose pictures listen: the head of a fresh model is zero, which would leave the picture what the noise was.
struct OpenModel : TinyModel {
  OpenModel() {
    const auto backbone = nava::load_backbone(folder.file("backbone"), at::kFloat);
    for (auto& [name, parameter] : backbone->named_parameters()) {
      if (name == "transformer.head.head.weight") parameter.copy_(randn(parameter.sizes().vec(), make_generator(9)));
    }
    nava::save_backbone(*backbone, folder.file("backbone"));
    load();
  }
};

// A film of its size with pictures and sound that are never twice the same.
inline Clip random_clip(std::uint64_t seed, std::int64_t frames = 9, std::int64_t samples = 12 * 512) {
  const at::Generator g = make_generator(seed);
  return {(rand_uniform({frames, 32, 32, 3}, g) * 255).to(at::kByte), 24, rand_uniform({1, samples}, g) - 0.5, 16000};
}

}  // namespace phonofilm::test

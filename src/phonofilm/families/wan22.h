// What families built on Wan 2.2 take from its published folder Wan2.2-TI2V-5B: the text encoder with its tokenizer,
// and the video autoencoder. Both come and go with each film, so that they are never in memory together.
//
// JSON files beside the weights (t5.json, vae.json) change shapes; the published folder has none, and the published
// shapes are the defaults.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "phonofilm/autoencoders/wan22_vae/wan22_vae.h"
#include "phonofilm/families/folder_report.h"
#include "phonofilm/families/generator.h"
#include "phonofilm/families/network.h"
#include "phonofilm/families/synthesis.h"
#include "phonofilm/families/text_tools.h"
#include "phonofilm/text_encoders/umt5/umt5_encoder.h"

namespace phonofilm::wan22 {

// Below the checkpoint folder.
inline constexpr const char* kTextEncoderFile = "Wan2.2-TI2V-5B/models_t5_umt5-xxl-enc-bf16.pth";
inline constexpr const char* kTokenizerFile = "Wan2.2-TI2V-5B/google/umt5-xxl/spiece.model";
inline constexpr const char* kVideoVaeFile = "Wan2.2-TI2V-5B/Wan2.2_VAE.pth";
inline constexpr const char* kTextConfigFile = "Wan2.2-TI2V-5B/t5.json";
inline constexpr const char* kVaeConfigFile = "Wan2.2-TI2V-5B/vae.json";

// From the JSON file of `root` if it is there, else published sizes. Throw InvalidRequest, naming the file, for one
// that is damaged or describes another kind of network.
text_encoders::Umt5Config read_text_config(const std::string& root);
autoencoders::Wan22VaeConfig read_video_vae_config(const std::string& root);

// Sizes for random weights. The autoencoder's three halvings, the latent's channels and (at half scale) the vocabulary
// are those of the published models. Heads keep their published width of 64 at half scale, for which attention kernels
// are made.
text_encoders::Umt5Config text_config_at(families::Scale scale);
autoencoders::Wan22VaeConfig video_vae_config_at(families::Scale scale);
// Pieces of a tokenizer whose sentinels have rows too: 256000 of the published 256384.
inline std::int64_t tokenizer_pieces(const text_encoders::Umt5Config& config) { return config.vocab - 384; }

families::Network text_network(const text_encoders::Umt5Config& config);
families::Network video_vae_network(const autoencoders::Wan22VaeConfig& config);

// Text encoder, tokenizer and video autoencoder as `phonofilm inspect` tells of them.
std::vector<families::PartReport> inspect_parts(const std::string& root);

// Throw CheckpointError for files that are missing, damaged or of other shapes. The text encoder's weights stay as they
// are in the file; dtype: of the autoencoder's convolutions.
std::unique_ptr<text_encoders::Umt5Encoder> load_text_encoder(const std::string& root);
std::unique_ptr<autoencoders::Wan22Vae> load_video_vae(const std::string& root, at::ScalarType dtype);

// The tokenizer of `root`, for texts of at most `longest` tokens. Throws InvalidRequest in a program without its text
// library.
families::TokenizeFn open_tokenizer(const families::OpenTokenizerFn& open, const std::string& root,
                                    std::int64_t longest);

// Rows of the text encoder for each list of token ids, zeros behind the real tokens: each [1, longest, text_dim].
std::vector<Tensor> encode_tokens(const std::string& root, const std::vector<std::vector<std::int64_t>>& ids,
                                  std::int64_t longest, const nn::RunContext& run, const Observer& observer);
// Operations of encoding `texts` texts of `tokens` tokens.
double encode_flop(const text_encoders::Umt5Config& config, std::int64_t texts, std::int64_t tokens);

// latent [1, C, F, H, W] -> uint8 [frames, 16 H, 16 W, 3], one latent frame at a time, in tiles if the hooks say so:
// beside the pictures themselves, memory does not grow with the film's length. Throws Cancelled where the observer
// stops it.
Tensor decode_picture(const std::string& root, const Tensor& latent, const nn::RunContext& run,
                      const families::DecodeHooks& hooks);

}  // namespace phonofilm::wan22

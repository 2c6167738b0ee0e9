#include "phonofilm/families/wan22.h"

#include <nlohmann/json.hpp>

#include "phonofilm/autoencoders/wan22_vae/tiled_decode.h"
#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/pixel_range.h"
#include "phonofilm/weights/tensor_file.h"

namespace phonofilm::wan22 {

using autoencoders::Wan22Vae;
using autoencoders::Wan22VaeConfig;
using families::PartReport;
using text_encoders::Umt5Config;
using text_encoders::Umt5Encoder;

namespace {

// In its repository the files lie without the folder that downloads put them in.
PartReport announced(const std::string& name, const std::string& file) {
  const std::string inside = file.substr(file.find('/') + 1);
  return {
      .name = name, .file = file, .source = "huggingface.co/Wan-AI/Wan2.2-TI2V-5B, " + inside, .licence = "Apache-2.0"};
}

}  // namespace

Umt5Config read_text_config(const std::string& root) {
  const std::string path = root + "/" + kTextConfigFile;
  return text_encoders::read_umt5_config(families::optional_json(path), path);
}

Wan22VaeConfig read_video_vae_config(const std::string& root) {
  const std::string path = root + "/" + kVaeConfigFile;
  return autoencoders::read_wan22_vae_config(families::optional_json(path), path);
}

Umt5Config text_config_at(families::Scale scale) {
  Umt5Config c;
  if (scale == families::Scale::half) {
    c.dim = c.dim_attn = 2048;
    c.dim_ffn = 5120;
    c.num_heads = 32;
    c.num_layers = 12;
  } else if (scale == families::Scale::toy) {
    c.vocab = 1024;
    c.dim = 40;
    c.dim_attn = 48;
    c.dim_ffn = 64;
    c.num_heads = 4;
    c.num_layers = 3;
  }
  return c;
}

Wan22VaeConfig video_vae_config_at(families::Scale scale) {
  Wan22VaeConfig c;
  if (scale == families::Scale::half) {
    c.dim = 80;
    c.dec_dim = 128;
    c.num_res_blocks = 1;
  } else if (scale == families::Scale::toy) {
    c.dim = 8;
    c.dec_dim = 12;
  }
  return c;
}

families::Network text_network(const Umt5Config& config) {
  return {kTextEncoderFile, "", at::kBFloat16, std::make_unique<Umt5Encoder>(config)};
}

families::Network video_vae_network(const Wan22VaeConfig& config) {
  return {kVideoVaeFile, "", at::kFloat, std::make_unique<Wan22Vae>(config)};
}

// Networks are made inside, so that a damaged JSON file becomes a problem of its part.
std::vector<PartReport> inspect_parts(const std::string& root) {
  return {
      families::inspect_weights(
          announced("text encoder", kTextEncoderFile), root,
          [&](const weights::TensorMap& t) { return text_network(read_text_config(root)).misfits(t); }),
      families::inspect_file(announced("tokenizer", kTokenizerFile), root),
      families::inspect_weights(announced("video autoencoder", kVideoVaeFile), root, [&](const weights::TensorMap& t) {
        return video_vae_network(read_video_vae_config(root)).misfits(t);
      })};
}

std::unique_ptr<Umt5Encoder> load_text_encoder(const std::string& root) {
  const std::string path = root + "/" + kTextEncoderFile;
  auto encoder = std::make_unique<Umt5Encoder>(read_text_config(root));
  encoder->load(weights::open_tensors(path).tensors, path, "", nn::kStoredDtype);
  return encoder;
}

std::unique_ptr<Wan22Vae> load_video_vae(const std::string& root, at::ScalarType dtype) {
  return autoencoders::load_wan22_vae(root + "/" + kVideoVaeFile, read_video_vae_config(root), dtype);
}

families::TokenizeFn open_tokenizer(const families::OpenTokenizerFn& open, const std::string& root,
                                    std::int64_t longest) {
  PF_CHECK(open, InvalidRequest, "generate", "this program was built without its text library (SentencePiece)");
  return open(root + "/" + kTokenizerFile, longest);
}

std::vector<Tensor> encode_tokens(const std::string& root, const std::vector<std::vector<std::int64_t>>& ids,
                                  std::int64_t longest, const nn::RunContext& run, const Observer& observer) {
  const auto encoder = load_text_encoder(root);
  const nn::PlainRunner plain;
  const nn::ObservedRunner runner(plain, "encode", encoder->config().num_layers, observer);
  const Tensor rows =
      encoder->forward(text_encoders::pad_tokens(ids), run, runner);  // [texts, longest of them, text_dim]
  return at::constant_pad_nd(rows, {0, 0, 0, longest - rows.size(1)}).split(1);
}

double encode_flop(const Umt5Config& c, std::int64_t texts, std::int64_t tokens) {
  const double linear = 4 * double(c.dim) * double(c.dim_attn) + 3 * double(c.dim) * double(c.dim_ffn);
  const double attention = 2 * double(tokens) * double(c.dim_attn);
  return double(texts * tokens) * double(c.num_layers) * 2 * (linear + attention);
}

Tensor decode_picture(const std::string& root, const Tensor& latent, const nn::RunContext& run,
                      const families::DecodeHooks& hooks) {
  const std::int64_t frames = latent.size(2), rows = latent.size(3), columns = latent.size(4);
  const autoencoders::PictureTiles whole{rows, columns, rows, columns};
  const auto vae = load_video_vae(root, run.dtype);
  autoencoders::TiledDecodeStream stream(*vae, run, hooks.tiles.value_or(whole), rows, columns);
  std::vector<Tensor> pictures;
  for (std::int64_t f = 0; f < frames; ++f) {
    pictures.push_back(to_pixels(stream.push(latent.narrow(2, f, 1))[0]).permute({1, 2, 3, 0}).contiguous());
    if (hooks.on_frames) hooks.on_frames(pictures.back());
    const bool go_on = hooks.observer({"decode", f + 1, frames});
    if (!go_on) throw Cancelled("decode", "stopped while decoding the picture");
  }
  return at::cat(pictures);
}

}  // namespace phonofilm::wan22

// Wan 2.2's video autoencoder (Wan Team 2025, arXiv 2503.20314; the one of Wan2.2-TI2V-5B, NAVA and Ovi): 4n + 1
// pictures become n + 1 latent frames of a sixteenth of the height and width. It is causal: no latent frame sees a
// later picture, so a film of any length passes through it in pieces, within bounded memory.
//
//   const auto vae = load_wan22_vae("Wan2.2_VAE.pth", {}, at::kBFloat16);
//   DecodeStream stream(*vae, {.dtype = at::kBFloat16});
//   for (std::int64_t i = 0; i < latent.size(2); ++i) write_frames(stream.push(latent.narrow(2, i, 1)));
//
// Numerics. The publisher rounds the weights to bfloat16 and computes in float32. With RunContext::dtype float32 so
// does this implementation if its weights were rounded; with bfloat16 the convolutions, and what flows between them,
// are bfloat16 (norm statistics and latent statistics stay float32). Latents and videos are float32 in both modes.
//
// Thread safety: const after loading; each stream belongs to one thread at a time.
#pragma once

#include <memory>
#include <string>

#include "phonofilm/autoencoders/wan22_vae/config.h"
#include "phonofilm/nn/module.h"
#include "phonofilm/nn/run_context.h"

namespace phonofilm::autoencoders {

class Wan22Vae : public nn::Module {
 public:
  explicit Wan22Vae(const Wan22VaeConfig& config = {});  // registers parameters, allocates none
  ~Wan22Vae() override;
  const Wan22VaeConfig& config() const { return config_; }

  // Converts the parameters to `dtype` and lays them out in the memory order that convolutions read. Without it
  // everything works, but each call converts and rearranges weights whose dtype is not RunContext::dtype.
  void prepare(at::ScalarType dtype);

  // video: [B, 3, 4n + 1, 16h, 16w] in [-1, 1] (a single frame is an image) -> normalised latent mean
  // [B, 48, n + 1, h, w]. Throws ShapeError for other sizes. Differentiable.
  Tensor encode(const Tensor& video, const nn::RunContext& run) const;
  // latent: [B, 48, n + 1, h, w], normalised -> video [B, 3, 4n + 1, 16h, 16w], clamped to [-1, 1]. Differentiable.
  Tensor decode(const Tensor& latent, const nn::RunContext& run) const;

 private:
  friend class EncodeStream;
  friend class DecodeStream;
  struct Networks;
  Wan22VaeConfig config_;
  std::unique_ptr<Networks> networks_;
};

// Whether weights keep the precision they are stored in or are rounded to bfloat16 first, as the publisher's code does.
enum class Wan22Rounding { none, to_bfloat16 };

// Reads the published file (Wan2.2_VAE.pth) or a safetensors file with the same names, ready to run in `dtype`.
// Throws CheckpointError if it is missing or damaged or does not fit the config.
std::unique_ptr<Wan22Vae> load_wan22_vae(const std::string& path, const Wan22VaeConfig& config, at::ScalarType dtype,
                                         Wan22Rounding rounding = Wan22Rounding::to_bfloat16);

// Encodes a film piece by piece. The model must outlive the stream.
class EncodeStream {
 public:
  EncodeStream(const Wan22Vae& vae, const nn::RunContext& run);
  ~EncodeStream();
  // The next pictures, [B, 3, F, 16h, 16w]: 4n + 1 of them in the first call, 4n in later ones -> n + 1 or n latent
  // frames [B, 48, n', h, w]. Memory grows with the pictures of one call, not with those of the film. Throws
  // ShapeError.
  Tensor push(const Tensor& video);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Decodes a film piece by piece. The model must outlive the stream.
class DecodeStream {
 public:
  DecodeStream(const Wan22Vae& vae, const nn::RunContext& run);
  ~DecodeStream();
  // The next latent frames, [B, 48, n, h, w] -> [B, 3, 4n, 16h, 16w], three pictures less in the first call. Memory
  // grows with the frames of one call, not with those of the film; one at a time is the least. Throws ShapeError.
  Tensor push(const Tensor& latent);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace phonofilm::autoencoders

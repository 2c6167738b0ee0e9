// What enters and leaves a joint diffusion transformer of Wan's line: latents to tokens, timesteps to modulation, text
// to context rows, tokens to velocities. Leaf modules, in the order in which a forward pass meets them.
//
// Classes that derive from Module have a name of their own in the checkpoint; the others register their layers
// with the parent, because the published names have no level for them.
#pragma once

#include "phonofilm/nn/layers.h"

namespace phonofilm::dit {

// A convolution whose stride is its kernel, computed as a product over patches (see patchify in token_layout.h).
class VideoEmbedding : public nn::Module {
 public:
  // patch: latent frames, rows and columns per token.
  VideoEmbedding(nn::Module& parent, const std::string& name, std::int64_t channels,
                 const std::vector<std::int64_t>& patch, std::int64_t width);
  Tensor forward(const Tensor& patches, const nn::RunContext& run) const;  // [B, L, C * ph * pw] -> [B, L, D]

 private:
  Tensor &weight_, &bias_;  // [D, C, pt, ph, pw], [D]
};

// Convolution, SiLU, then a gated convolutional MLP; one token per latent frame.
class AudioEmbedding {
 public:
  struct Options {
    std::int64_t channels = 0, width = 0;
    std::int64_t hidden = 0;  // 0: 8/3 of width, rounded up to a multiple of 256
    std::int64_t kernel = 7;  // odd
    std::int64_t hidden_width() const { return hidden > 0 ? hidden : (8 * width / 3 + 255) / 256 * 256; }
  };
  AudioEmbedding(nn::Module& parent, const std::string& name, const Options& options);
  Tensor forward(const Tensor& audio, const nn::RunContext& run) const;  // [B, C, T] -> [B, T, D]

 private:
  nn::Conv1d input_, gate_, up_, down_;
};

// Timestep rows as blocks use them: `e` feeds the heads, `e0` the six modulation vectors of every block.
struct TimeRows {
  Tensor e;   // [B, R, D] float32
  Tensor e0;  // [B, R, 6, D] float32
};

// "time_embedding" and "time_projection". Runs in float32 whatever the RunContext says: it is a handful of rows,
// and timesteps up to 1000 in bfloat16 would only be good to 4.
class TimeEmbedding {
 public:
  TimeEmbedding(nn::Module& parent, std::int64_t freq_dim, std::int64_t width);
  TimeRows forward(const Tensor& timesteps) const;  // [B, R] of 0..1000

 private:
  std::int64_t freq_dim_;
  nn::Linear input_, output_, projection_;
};

// One row per distinct timestep of a sample. Row 0: its own; row 1, where frames are held clean: 0. timestep: [B].
Tensor timestep_rows(const Tensor& timestep, bool with_clean_row);

// "text_embedding": rows of the text encoder to context rows. Padding rows go through it as well and are attended.
class TextEmbedding {
 public:
  TextEmbedding(nn::Module& parent, std::int64_t text_dim, std::int64_t width, nn::Init init);
  Tensor forward(const Tensor& rows, const nn::RunContext& run) const;  // [B, text_len, text_dim] -> [B, text_len, D]

 private:
  nn::Linear input_, output_;
};

// A modulated norm and a projection to velocity rows.
class Head : public nn::Module {
 public:
  Head(nn::Module& parent, const std::string& name, std::int64_t width, std::int64_t out, nn::Init init);
  // x: [B, L, D]; e: TimeRows::e -> [B, L, out] float32
  Tensor forward(const Tensor& x, const Tensor& e, const Tensor& row_of_token, const nn::RunContext& run) const;

 private:
  nn::Linear head_;
  Tensor& modulation_;  // [1, 2, D]: shift, scale
};

}  // namespace phonofilm::dit

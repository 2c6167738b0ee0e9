#include "phonofilm/dit/token_layout.h"

#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::dit {
namespace {

std::int64_t patches(std::int64_t size, std::int64_t patch) { return (size + patch - 1) / patch; }

// Angles p * scale * theta^(-k / pairs) of positions p = 0 .. count - 1, as cosine and sine [count, pairs].
nn::RopeTable axis_table(std::int64_t count, std::int64_t pairs, double theta, double scale) {
  const Tensor k = at::arange(pairs, at::kDouble);
  const Tensor frequency = (k * (-std::log(theta) / double(pairs))).exp();
  return nn::rope_table(at::outer(at::arange(count, at::kDouble) * scale, frequency));
}

// Axis tables [F, .], [h, .], [w, .] spread over the grid and joined: [F * h * w, K / 2].
Tensor spread(const Tensor& time, const Tensor& height, const Tensor& width, const TokenLayout& l) {
  const auto over_grid = [&](const Tensor& table, Shape shape) {
    shape.push_back(table.size(1));
    return table.view(shape).expand({l.frames, l.rows, l.columns, table.size(1)});
  };
  const Tensor grid = at::cat({over_grid(time, {l.frames, 1, 1}), over_grid(height, {1, l.rows, 1}),
                               over_grid(width, {1, 1, l.columns})}, -1);
  return grid.flatten(0, 2);
}

nn::RopeTable video_rope(const TokenLayout& l, const LayoutOptions& options) {
  constexpr double kSpaceTheta = 10000;
  const auto& pairs = options.rope_pairs;
  const auto time = axis_table(l.frames, pairs[0], options.theta_time, options.video_scale);
  const auto height = axis_table(l.rows, pairs[1], kSpaceTheta, 1);
  const auto width = axis_table(l.columns, pairs[2], kSpaceTheta, 1);
  return {spread(time.cos, height.cos, width.cos, l), spread(time.sin, height.sin, width.sin, l)};
}

// Audio has a time but no place: its height and width pairs keep angle 0.
nn::RopeTable audio_rope(std::int64_t tokens, const LayoutOptions& options) {
  const auto& pairs = options.rope_pairs;
  const auto time = axis_table(tokens, pairs[0], options.theta_time, options.audio_scale);
  const std::int64_t still = pairs[1] + pairs[2];
  return {at::constant_pad_nd(time.cos, {0, still}, 1), at::constant_pad_nd(time.sin, {0, still}, 0)};
}

// Row 1 for each of the `tokens_each` tokens of a latent that is held; undefined where nothing is.
Tensor mark_held(const std::vector<diffusion::LatentSpan>& spans, std::int64_t latents, std::int64_t tokens_each) {
  if (spans.empty()) return {};
  return diffusion::held_mask(spans, latents).to(at::kInt).repeat_interleave(tokens_each);
}

void to_device(TokenStream& stream, at::Device device) {
  if (stream.rope.cos.defined()) stream.rope = {stream.rope.cos.to(device), stream.rope.sin.to(device)};
  if (stream.row_of_token.defined()) stream.row_of_token = stream.row_of_token.to(device);
}

void lay_out_video(TokenLayout& layout, const Tensor& video, const LayoutOptions& options) {
  layout.frames = video.size(2);
  layout.latent_rows = video.size(3);
  layout.latent_columns = video.size(4);
  layout.rows = patches(layout.latent_rows, options.patch[0]);
  layout.columns = patches(layout.latent_columns, options.patch[1]);
  layout.video.tokens = layout.frames * layout.rows * layout.columns;
  layout.video.rope = video_rope(layout, options);
  layout.video.row_of_token = mark_held(layout.held.video, layout.frames, layout.rows * layout.columns);
}

TokenStream join(const TokenStream& video, const TokenStream& audio) {
  if (video.tokens == 0) return audio;
  if (audio.tokens == 0) return video;
  const auto rows = [](const TokenStream& s) {
    return s.row_of_token.defined() ? s.row_of_token : at::zeros({s.tokens}, at::kInt);
  };
  const bool held = video.row_of_token.defined() || audio.row_of_token.defined();
  return {video.tokens + audio.tokens, nn::concat(video.rope, audio.rope),
          held ? at::cat({rows(video), rows(audio)}) : Tensor()};
}

}  // namespace

std::array<std::int64_t, 3> wan_rope_pairs(std::int64_t head_dim) {
  const std::int64_t space = head_dim / 6;
  return {head_dim / 2 - 2 * space, space, space};
}

TokenLayout make_layout(const diffusion::JointLatent& latent, const diffusion::Held& held, const LayoutOptions& options) {
  PF_CHECK((latent.has_video() || held.video.empty()) && (latent.has_audio() || held.audio.empty()), InvalidRequest,
           "token layout", "a modality that is absent cannot be held");
  TokenLayout layout;
  layout.held = held;
  if (latent.has_video()) lay_out_video(layout, latent.video, options);
  if (latent.has_audio()) {
    layout.audio.tokens = latent.audio.size(2);
    layout.audio.rope = audio_rope(layout.audio.tokens, options);
    layout.audio.row_of_token = mark_held(held.audio, layout.audio.tokens, /*tokens_each=*/1);
  }
  layout.joint = join(layout.video, layout.audio);
  const at::Device device = latent.has_video() ? latent.video.device() : latent.audio.device();
  for (TokenStream* stream : {&layout.video, &layout.audio, &layout.joint}) to_device(*stream, device);
  return layout;
}

bool fits(const TokenLayout& l, const diffusion::JointLatent& latent, const diffusion::Held& held) {
  const bool picture = latent.has_video() ? latent.video.sizes().slice(2) == at::IntArrayRef({l.frames, l.latent_rows, l.latent_columns})
                                          : l.video.tokens == 0;
  const bool sound = l.audio.tokens == (latent.has_audio() ? latent.audio.size(2) : 0);
  return picture && sound && l.held == held;
}

Tensor patchify(const Tensor& video, const TokenLayout& l, const LayoutOptions& options) {
  const std::int64_t ph = options.patch[0], pw = options.patch[1];
  const std::int64_t below = l.rows * ph - l.latent_rows, right = l.columns * pw - l.latent_columns;
  const Tensor whole = below + right > 0 ? at::constant_pad_nd(video, {0, right, 0, below}) : video;
  return whole.reshape({video.size(0), video.size(1), l.frames, l.rows, ph, l.columns, pw})
      .permute({0, 2, 3, 5, 1, 4, 6})
      .reshape({video.size(0), l.video.tokens, video.size(1) * ph * pw});
}

Tensor unpatchify(const Tensor& tokens, const TokenLayout& l, const LayoutOptions& options) {
  const std::int64_t ph = options.patch[0], pw = options.patch[1], channels = tokens.size(2) / (ph * pw);
  const Tensor whole = tokens.reshape({tokens.size(0), l.frames, l.rows, l.columns, ph, pw, channels})
                           .permute({0, 6, 1, 2, 4, 3, 5})
                           .reshape({tokens.size(0), channels, l.frames, l.rows * ph, l.columns * pw});
  return whole.narrow(3, 0, l.latent_rows).narrow(4, 0, l.latent_columns);
}

}  // namespace phonofilm::dit

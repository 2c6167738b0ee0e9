#include "phonofilm/families/nava/blocks.h"

#include "phonofilm/nn/modulation.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::nava {
namespace {

using dit::kGate1, dit::kGate2, dit::kScale1, dit::kScale2, dit::kShift1, dit::kShift2;

nn::Init cross_output_init(const NavaConfig& config) {
  return config.zero_init_cross_attention ? nn::init::zeros() : nn::init::xavier_uniform();
}

Heads concat(const Heads& first, const Heads& second) {
  return {at::cat({first.q, second.q}, 2), at::cat({first.k, second.k}, 2), at::cat({first.v, second.v}, 2)};
}

}  // namespace

BlockStream::BlockStream(nn::Module& block, nn::Module& self_attn, nn::Module& cross_attn, const NavaConfig& c,
                         const std::string& suffix, const BlockStream* lender)
    : self_(self_attn, c.attention(), suffix),
      cross_(cross_attn, c.attention(), suffix, cross_output_init(c)),
      own_norm3_(lender ? nullptr : std::make_unique<nn::LayerNorm>(block, "norm3" + suffix, c.dim, c.eps)),
      own_ffn_(lender ? nullptr : std::make_unique<FeedForward>(block, "ffn" + suffix, c.dim, c.ffn_dim)),
      norm3_(lender ? lender->norm3_ : *own_norm3_),
      ffn_(lender ? lender->ffn_ : *own_ffn_),
      modulation_(block, "modulation" + suffix, c.dim) {}

Heads BlockStream::heads(const Tensor& x, const std::vector<Tensor>& m, const TokenStream& tokens,
                         const nn::RunContext& run) const {
  return self_.heads(nn::modulated_norm(x, m[kShift1], m[kScale1], tokens.row_of_token, run.dtype), tokens.rope, run);
}

Tensor BlockStream::finish(const Tensor& before, const Tensor& attended, const std::vector<Tensor>& m,
                           const TokenStream& tokens, const TextKeys& text, const nn::RunContext& run) const {
  const Tensor& row = tokens.row_of_token;
  Tensor x = nn::gated_residual(before, self_.output(attended, run), m[kGate1], row);
  x = x + cross_.attend_text(norm3_.forward(x), text, run);
  const Tensor y = ffn_.forward(nn::modulated_norm(x, m[kShift2], m[kScale2], row, run.dtype), run);
  return nn::gated_residual(x, y, m[kGate2], row);
}

DoubleBlock::DoubleBlock(nn::Module& parent, const std::string& name, const NavaConfig& c)
    : AlignmentBlock(parent, name),
      video_(*this, self_attn_, cross_attn_, c, "", nullptr),
      audio_(*this, self_attn_, cross_attn_, c, "_audio", c.no_split_norm_ffn ? &video_ : nullptr) {}

DoubleBlock::Text DoubleBlock::text_keys(const Tensor& context, const nn::RunContext& run) const {
  return {video_.text_keys(context, run), audio_.text_keys(context, run)};
}

nn::BlockState DoubleBlock::forward(const nn::BlockState& state, const Text& text, const BlockInputs& in,
                                    const nn::RunContext& run) const {
  const Tensor &video = state[0], &audio = state[1];
  const TokenStream &at_video = in.layout.video, &at_audio = in.layout.audio;
  std::vector<Tensor> video_modulation, audio_modulation;
  Heads video_heads, audio_heads;
  if (video.defined()) {
    video_modulation = video_.modulation(in.e0);
    video_heads = video_.heads(video, video_modulation, at_video, run);
  }
  if (audio.defined()) {
    audio_modulation = audio_.modulation(in.e0);
    audio_heads = audio_.heads(audio, audio_modulation, at_audio, run);
  }
  Tensor video_attended, audio_attended;
  if (video.defined() && audio.defined() && !in.mask_modality) {
    const Tensor attended = attend(concat(video_heads, audio_heads), run);
    video_attended = attended.narrow(2, 0, at_video.tokens);
    audio_attended = attended.narrow(2, at_video.tokens, at_audio.tokens);
  } else {
    if (video.defined()) video_attended = attend(video_heads, run);
    if (audio.defined()) audio_attended = attend(audio_heads, run);
  }
  nn::BlockState after(2);
  if (video.defined()) after[0] = video_.finish(video, video_attended, video_modulation, at_video, text.video, run);
  if (audio.defined()) after[1] = audio_.finish(audio, audio_attended, audio_modulation, at_audio, text.audio, run);
  return after;
}

TwinBlock::TwinBlock(nn::Module& parent, const std::string& name, const NavaConfig& c)
    : AlignmentBlock(parent, name),
      video_(*this, "video", {c.attention(), c.ffn_dim, cross_output_init(c)}),
      audio_(*this, "audio", {c.attention(), c.ffn_dim, cross_output_init(c)}) {}

TwinBlock::Text TwinBlock::text_keys(const Tensor& context, const nn::RunContext& run) const {
  return {video_.text_keys(context, run), audio_.text_keys(context, run)};
}

// Both towers attend to themselves first; each then hears the other as it is at that moment.
nn::BlockState TwinBlock::forward(const nn::BlockState& state, const Text& text, const BlockInputs& in,
                                  const nn::RunContext& run) const {
  const TokenStream &at_video = in.layout.video, &at_audio = in.layout.audio;
  const auto video_modulation = video_.modulation(in.e0), audio_modulation = audio_.modulation(in.e0);
  nn::BlockState attended(2), after(2);
  if (state[0].defined()) attended[0] = video_.attend_self(state[0], video_modulation, at_video, run);
  if (state[1].defined()) attended[1] = audio_.attend_self(state[1], audio_modulation, at_audio, run);
  dit::OtherTower picture{{}, &at_video.rope}, sound{{}, &at_audio.rope};
  if (!in.mask_modality) picture.tokens = attended[0], sound.tokens = attended[1];
  if (state[0].defined()) after[0] = video_.finish(attended[0], video_modulation, at_video, text.video, sound, run);
  if (state[1].defined()) after[1] = audio_.finish(attended[1], audio_modulation, at_audio, text.audio, picture, run);
  return after;
}

std::unique_ptr<AlignmentBlock> make_alignment_block(nn::Module& parent, const std::string& name, const NavaConfig& c) {
  if (c.double_block == "twin") return std::make_unique<TwinBlock>(parent, name, c);
  return std::make_unique<DoubleBlock>(parent, name, c);
}

SingleBlock::SingleBlock(nn::Module& parent, const std::string& name, const NavaConfig& c)
    : Module(parent, name), stream_(*this, self_attn_, cross_attn_, c, "", nullptr) {}

TextKeys SingleBlock::text_keys(const Tensor& context, const nn::RunContext& run) const {
  return stream_.text_keys(context, run);
}

nn::BlockState SingleBlock::forward(const nn::BlockState& state, const TextKeys& text, const BlockInputs& in,
                                    const nn::RunContext& run) const {
  const TokenStream& joint = in.layout.joint;
  const auto modulation = stream_.modulation(in.e0);
  const Heads heads = stream_.heads(state[0], modulation, joint, run);
  const bool apart = in.mask_modality && in.layout.video.tokens > 0 && in.layout.audio.tokens > 0;
  const Tensor attended = apart ? attend_apart(heads, in.layout.video.tokens, run) : attend(heads, run);
  return {stream_.finish(state[0], attended, modulation, joint, text, run)};
}

}  // namespace phonofilm::nava

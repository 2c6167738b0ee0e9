// NAVA's two kinds of block. Both do, for every token: modulated norm, self-attention over video and audio together,
// gated residual; norm, cross-attention to text, residual; modulated norm, feed-forward, gated residual.
//   DoubleBlock ("hierarchical alignment layer"): video and audio have weights of their own and meet in attention.
//   SingleBlock ("unified fusion layer"): one set of weights for all tokens.
// And one that can stand in a DoubleBlock's place, to compare architectures with all else equal:
//   TwinBlock: a block of Ovi's two towers, which hear each other by cross-attention.
#pragma once

#include <memory>

#include "phonofilm/dit/attention.h"
#include "phonofilm/dit/block_parts.h"
#include "phonofilm/dit/token_layout.h"
#include "phonofilm/dit/tower_block.h"
#include "phonofilm/families/nava/config.h"
#include "phonofilm/nn/block_runner.h"

namespace phonofilm::nava {

using dit::FeedForward;
using dit::Heads;
using dit::TextKeys;
using dit::TokenLayout;
using dit::TokenStream;

// The layers that one stream of tokens passes through in a block.
class BlockStream {
 public:
  // `lender`: the stream whose norm3 and FFN this one uses, or nullptr for its own.
  BlockStream(nn::Module& block, nn::Module& self_attn, nn::Module& cross_attn, const NavaConfig& config,
              const std::string& suffix, const BlockStream* lender);

  TextKeys text_keys(const Tensor& context, const nn::RunContext& run) const { return cross_.text_keys(context, run); }
  std::vector<Tensor> modulation(const Tensor& e0) const { return modulation_.forward(e0); }
  // What goes into self-attention. x: [B, L, D] float32.
  Heads heads(const Tensor& x, const std::vector<Tensor>& modulation, const TokenStream& tokens,
              const nn::RunContext& run) const;
  // All that follows self-attention. attended: [B, N, L, K] -> the stream after the block.
  Tensor finish(const Tensor& x, const Tensor& attended, const std::vector<Tensor>& modulation,
                const TokenStream& tokens, const TextKeys& text, const nn::RunContext& run) const;

 private:
  dit::Projections self_, cross_;
  std::unique_ptr<nn::LayerNorm> own_norm3_;
  std::unique_ptr<FeedForward> own_ffn_;
  const nn::LayerNorm& norm3_;
  const FeedForward& ffn_;
  dit::ModulationTable modulation_;
};

// What all blocks of a forward pass share.
struct BlockInputs {
  TokenLayout layout;
  Tensor e0;                   // [B, R, 6, D]
  bool mask_modality = false;  // no attention between video and audio
};

// A block with weights of their own for video and audio.
class AlignmentBlock : public nn::Module {
 public:
  using Module::Module;
  struct Text {
    TextKeys video, audio;
  };
  virtual Text text_keys(const Tensor& context, const nn::RunContext& run) const = 0;
  // state: {video tokens, audio tokens}, either may be undefined.
  virtual nn::BlockState forward(const nn::BlockState& state, const Text& text, const BlockInputs& in,
                                 const nn::RunContext& run) const = 0;
};

class DoubleBlock : public AlignmentBlock {
 public:
  DoubleBlock(nn::Module& parent, const std::string& name, const NavaConfig& config);
  Text text_keys(const Tensor& context, const nn::RunContext& run) const override;
  nn::BlockState forward(const nn::BlockState& state, const Text& text, const BlockInputs& in,
                         const nn::RunContext& run) const override;

 private:
  nn::Module self_attn_{*this, "self_attn"}, cross_attn_{*this, "cross_attn"};
  BlockStream video_, audio_;
};

class TwinBlock : public AlignmentBlock {
 public:
  TwinBlock(nn::Module& parent, const std::string& name, const NavaConfig& config);
  Text text_keys(const Tensor& context, const nn::RunContext& run) const override;
  nn::BlockState forward(const nn::BlockState& state, const Text& text, const BlockInputs& in,
                         const nn::RunContext& run) const override;

 private:
  dit::TowerBlock video_, audio_;
};

// The kind that the configuration asks for.
std::unique_ptr<AlignmentBlock> make_alignment_block(nn::Module& parent, const std::string& name, const NavaConfig& config);

class SingleBlock : public nn::Module {
 public:
  SingleBlock(nn::Module& parent, const std::string& name, const NavaConfig& config);
  TextKeys text_keys(const Tensor& context, const nn::RunContext& run) const;
  // state: {joint tokens}
  nn::BlockState forward(const nn::BlockState& state, const TextKeys& text, const BlockInputs& in,
                         const nn::RunContext& run) const;

 private:
  nn::Module self_attn_{*this, "self_attn"}, cross_attn_{*this, "cross_attn"};
  BlockStream stream_;
};

}  // namespace phonofilm::nava

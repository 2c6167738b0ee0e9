#include "phonofilm/families/nava/transformer.h"

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::nava {
namespace {

NavaConfig validated(const NavaConfig& config) {
  config.validate("NavaTransformer");
  return config;
}

nn::Init text_init(const NavaConfig& c) {
  return c.xavier_text_embedding ? nn::init::xavier_uniform() : nn::init::normal(0.02);
}

Tensor concat_tokens(const nn::BlockState& streams) {
  if (!streams[0].defined()) return streams[1];
  if (!streams[1].defined()) return streams[0];
  return at::cat({streams[0], streams[1]}, 1);
}

// One embedding per position; the rule is explained at Voices.
Tensor match_voices(const Voices& voices) {
  const auto positions = std::int64_t(voices.positions.size()), count = voices.embeddings.size(0);
  if (count == 1) return voices.embeddings.expand({positions, -1});
  PF_CHECK(count >= positions, InvalidRequest, "voices", count, " speaker embeddings for ", positions,
           " spans of speech: give one per span, or one for all (zeros where a span has no reference)");
  return voices.embeddings.narrow(0, 0, positions);
}

}  // namespace

PreparedContext PreparedContext::samples(std::int64_t first, std::int64_t count) const {
  const auto part = [&](const TextKeys& keys) {
    return TextKeys{keys.k.narrow(0, first, count), keys.v.narrow(0, first, count)};
  };
  PreparedContext some;
  some.context = context.narrow(0, first, count);
  for (const AlignmentBlock::Text& keys : doubles) some.doubles.push_back({part(keys.video), part(keys.audio)});
  for (const TextKeys& keys : singles) some.singles.push_back(part(keys));
  return some;
}

NavaTransformer::NavaTransformer(const NavaConfig& config)
    : config_(validated(config)),
      patch_embedding_(*this, "patch_embedding", config_.vid_in_dim, config_.patch_size, config_.dim),
      patch_embedding_audio_(*this, "patch_embedding_audio", config_.audio_embedding()),
      text_embedding_(*this, config_.text_dim, config_.dim, text_init(config_)),
      time_embedding_(*this, config_.freq_dim, config_.dim) {
  const NavaConfig& c = config_;
  if (c.has_position_grid()) position_embedding_ = std::make_unique<PositionEmbedding>(*this, "position_embedding", c);
  if (c.add_spk_emb) speaker_embedding_ = std::make_unique<SpeakerEmbedding>(*this, "speaker_embedding", c);
  for (std::int64_t i = 0; i < c.num_double_layers; ++i) {
    double_blocks_.push_back(make_alignment_block(*this, concat("double_blocks.", i), c));
  }
  for (std::int64_t i = 0; i < c.num_single_layers; ++i) {
    single_blocks_.push_back(std::make_unique<SingleBlock>(*this, concat("single_blocks.", i), c));
  }
  const std::int64_t patch = c.patch_size[0] * c.patch_size[1] * c.patch_size[2];
  head_ = std::make_unique<dit::Head>(*this, "head", c.dim, patch * c.vid_out_dim, nn::init::zeros());
  head_audio_ = std::make_unique<dit::Head>(*this, "head_audio", c.dim, c.audio_out_dim,
                                       c.zero_init_audio_head ? nn::init::zeros() : nn::init::xavier_uniform());
}

const SpeakerEmbedding& NavaTransformer::speaker_embedding() const {
  PF_CHECK(speaker_embedding_, InvalidRequest, "voices", "this model takes no reference voices (add_spk_emb is false)");
  return *speaker_embedding_;
}

Tensor NavaTransformer::insert_voices(const Tensor& context, const std::vector<Voices>& voices) const {
  std::vector<std::int64_t> rows;
  std::vector<Tensor> embeddings;
  for (size_t sample = 0; sample < voices.size(); ++sample) {
    const Voices& v = voices[sample];
    if (!v.embeddings.defined() || v.positions.empty()) continue;
    expect_shape(v.embeddings, {kAny, config_.spk_dim}, "nava: speaker embeddings");
    for (const std::int64_t position : v.positions) {
      PF_CHECK(position >= 0 && position < config_.text_len, InvalidRequest, "voices", "position ", position,
               " lies outside the ", config_.text_len, " context rows");
      rows.push_back(std::int64_t(sample) * config_.text_len + position);
    }
    embeddings.push_back(match_voices(v));
  }
  if (rows.empty()) return context;
  const Tensor tokens = speaker_embedding().forward(at::cat(embeddings).to(context.device()));
  const Tensor index = at::tensor(rows, at::kLong).to(context.device());
  const Tensor flat = context.flatten(0, 1), values = tokens.to(context.scalar_type());
  return (config_.bind_voices ? flat.index_add(0, index, values) : flat.index_copy(0, index, values)).view_as(context);
}

PreparedContext NavaTransformer::prepare_context(const Tensor& rows, const std::vector<Voices>& voices,
                                                 const nn::RunContext& run, const nn::BlockRunner& runner) const {
  expect_shape(rows, {kAny, config_.text_len, config_.text_dim}, "nava: context rows");
  PF_CHECK(voices.empty() || std::int64_t(voices.size()) == rows.size(0), ShapeError, "voices", "expected voices for ",
           rows.size(0), " samples, got ", voices.size());
  PreparedContext prepared;
  prepared.context = insert_voices(text_embedding_.forward(rows, run), voices);
  std::int64_t index = 0;
  const auto run_block = [&](const std::function<void(const Tensor&)>& keep) {
    const auto block = [&](const nn::BlockState& state) {
      keep(state[0]);
      return state;
    };
    runner.run(index++, block, {prepared.context});
  };
  for (const auto& block : double_blocks_) {
    run_block([&](const Tensor& context) { prepared.doubles.push_back(block->text_keys(context, run)); });
  }
  for (const auto& block : single_blocks_) {
    run_block([&](const Tensor& context) { prepared.singles.push_back(block->text_keys(context, run)); });
  }
  return prepared;
}

nn::BlockModules NavaTransformer::blocks() {
  nn::BlockModules modules;
  for (const auto& block : double_blocks_) modules.push_back({block.get()});
  for (const auto& block : single_blocks_) modules.push_back({block.get()});
  return modules;
}

void NavaTransformer::check(const NavaInputs& in) const {
  const Tensor &video = in.latent.video, &audio = in.latent.audio;
  PF_CHECK(video.defined() || audio.defined(), ShapeError, "nava", "neither a video nor an audio latent given");
  PF_CHECK(in.context != nullptr, ShapeError, "nava", "no context given: call prepare_context first");
  const std::int64_t batch = in.context->context.size(0);
  expect_shape(in.timestep, {batch}, "nava: timestep");
  if (video.defined()) expect_shape(video, {batch, config_.vid_in_dim, kAny, kAny, kAny}, "nava: video latent");
  if (audio.defined()) expect_shape(audio, {batch, config_.audio_in_dim, kAny}, "nava: audio latent");
  PF_CHECK(in.skip_block < config_.layers(), ShapeError, "nava", "skip_block ",
           in.skip_block, " lies behind the last block");
  PF_CHECK(!in.layout || dit::fits(*in.layout, in.latent, in.held), ShapeError, "nava",
           "the layout that is given is that of another clip");
}

nn::BlockState NavaTransformer::embed(const diffusion::JointLatent& latent, const TokenLayout& layout,
                                      const nn::RunContext& run) const {
  nn::BlockState tokens(2);
  if (latent.has_video()) {
    tokens[0] = patch_embedding_.forward(dit::patchify(latent.video, layout, config_.layout()), run).to(at::kFloat);
    if (position_embedding_) tokens[0] = tokens[0] + position_embedding_->forward(layout);
  }
  if (latent.has_audio()) tokens[1] = patch_embedding_audio_.forward(latent.audio, run).to(at::kFloat).contiguous();
  return tokens;
}

// A runner may call a block again in the backward pass, so block functions own what they need.
Tensor NavaTransformer::run_blocks(nn::BlockState state, const NavaInputs& inputs,
                                   std::shared_ptr<const BlockInputs> in, const nn::RunContext& run,
                                   const nn::BlockRunner& runner) const {
  const PreparedContext& context = *inputs.context;
  std::int64_t index = 0;
  const auto pass = [&](const auto& block) {
    if (index != inputs.skip_block) state = runner.run(index, block, state);
    ++index;
  };
  for (size_t i = 0; i < double_blocks_.size(); ++i) {
    const auto block = [&layer = *double_blocks_[i], text = context.doubles[i], in, run](const nn::BlockState& tokens) {
      return layer.forward(tokens, text, *in, run);
    };
    pass(block);
  }
  state = {concat_tokens(state)};
  for (size_t i = 0; i < single_blocks_.size(); ++i) {
    const auto block = [&layer = *single_blocks_[i], text = context.singles[i], in, run](const nn::BlockState& tokens) {
      return layer.forward(tokens, text, *in, run);
    };
    pass(block);
  }
  return state[0];
}

diffusion::JointLatent NavaTransformer::forward(const NavaInputs& inputs, const nn::RunContext& run,
                                                const nn::BlockRunner& runner) const {
  check(inputs);
  const TokenLayout layout = inputs.layout ? *inputs.layout : this->layout(inputs.latent, inputs.held);
  const dit::TimeRows time = time_embedding_.forward(dit::timestep_rows(inputs.timestep, layout.held.any()));
  const auto in = std::make_shared<const BlockInputs>(BlockInputs{layout, time.e0, inputs.mask_modality || !config_.exchange});
  const Tensor tokens = run_blocks(embed(inputs.latent, layout, run), inputs, in, run, runner);

  diffusion::JointLatent velocity;
  const TokenStream &video = layout.video, &audio = layout.audio;
  if (inputs.latent.has_video()) {
    const Tensor rows = head_->forward(tokens.narrow(1, 0, video.tokens), time.e, video.row_of_token, run);
    velocity.video = dit::unpatchify(rows, layout, config_.layout());
  }
  if (inputs.latent.has_audio()) {
    const Tensor sound = tokens.narrow(1, video.tokens, audio.tokens);
    velocity.audio = head_audio_->forward(sound, time.e, audio.row_of_token, run).transpose(1, 2);
  }
  return velocity;
}

}  // namespace phonofilm::nava

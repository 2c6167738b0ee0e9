#include "phonofilm/families/ovi/transformer.h"

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::ovi {

using diffusion::JointLatent;

namespace {

OviConfig validated(const OviConfig& config) {
  config.validate("OviTransformer");
  return config;
}

// The samples that pass through block `index`, int64 [n]; undefined: all of them.
Tensor samples_of(const OviInputs& in, std::int64_t index) {
  std::vector<std::int64_t> kept;
  for (size_t i = 0; i < in.skip_block.size(); ++i) {
    if (in.skip_block[i] != index) kept.push_back(std::int64_t(i));
  }
  return kept.size() == in.skip_block.size() ? Tensor() : at::tensor(kept, at::kLong).to(in.timestep.device());
}

std::vector<std::int64_t> all_blocks(size_t depth) {
  std::vector<std::int64_t> blocks;
  for (size_t i = 0; i < depth; ++i) blocks.push_back(std::int64_t(i));
  return blocks;
}

// Those that at least one sample passes through.
std::vector<std::int64_t> blocks_to_run(const OviInputs& in, size_t depth) {
  std::vector<std::int64_t> blocks = all_blocks(depth);
  std::erase_if(blocks, [&](std::int64_t i) {
    const Tensor samples = samples_of(in, i);
    return samples.defined() && samples.numel() == 0;
  });
  return blocks;
}

Tensor select(const Tensor& x, const Tensor& samples) { return x.defined() ? x.index_select(0, samples) : x; }

TextKeys select(const TextKeys& text, const Tensor& samples) { return {select(text.k, samples), select(text.v, samples)}; }

}  // namespace

struct OviTransformer::Pass {
  dit::TokenLayout layout;
  dit::TimeRows video_time, audio_time;
  PreparedContext context;
  nn::RunContext run;

  // The same pass for some samples of the batch, as far as block `index` needs it.
  Pass of(const Tensor& samples, size_t index) const {
    Pass part{layout, {}, {}, {}, run};
    part.video_time.e0 = select(video_time.e0, samples);
    part.audio_time.e0 = select(audio_time.e0, samples);
    part.context.video.resize(index + 1);
    part.context.audio.resize(index + 1);
    if (!context.video.empty()) part.context.video[index] = select(context.video[index], samples);
    if (!context.audio.empty()) part.context.audio[index] = select(context.audio[index], samples);
    return part;
  }
};

OviTransformer::OviTransformer(const OviConfig& config) : config_(validated(config)) {}

PreparedContext OviTransformer::prepare_context(const Tensor& video_rows, const Tensor& audio_rows,
                                                const nn::RunContext& run, const nn::BlockRunner& runner) const {
  const Shape expected{kAny, config_.video.text_len, config_.video.text_dim};
  nn::BlockState texts(2);
  if (video_rows.defined()) {
    expect_shape(video_rows, expected, "ovi: context rows of the video tower");
    texts[0] = video_model_.embed_text(video_rows, run);
  }
  if (audio_rows.defined()) {
    expect_shape(audio_rows, expected, "ovi: context rows of the audio tower");
    texts[1] = audio_model_.embed_text(audio_rows, run);
  }
  PreparedContext prepared;
  if (texts[0].defined()) prepared.video.resize(video_model_.depth());
  if (texts[1].defined()) prepared.audio.resize(audio_model_.depth());
  runner.announce(all_blocks(video_model_.depth()));
  for (size_t i = 0; i < video_model_.depth(); ++i) {
    const auto block = [&](const nn::BlockState& context) {
      if (context[0].defined()) prepared.video[i] = video_model_.block(i).text_keys(context[0], run);
      if (context[1].defined()) prepared.audio[i] = audio_model_.block(i).text_keys(context[1], run);
      return context;
    };
    runner.run(std::int64_t(i), block, texts);
  }
  return prepared;
}

nn::BlockModules OviTransformer::blocks() {
  nn::BlockModules modules;
  for (size_t i = 0; i < video_model_.depth(); ++i) modules.push_back({&video_model_.block(i), &audio_model_.block(i)});
  return modules;
}

void OviTransformer::check(const OviInputs& in) const {
  const Tensor &video = in.latent.video, &audio = in.latent.audio;
  PF_CHECK(video.defined() || audio.defined(), ShapeError, "ovi", "neither a video nor an audio latent given");
  PF_CHECK(in.timestep.defined() && in.timestep.dim() == 1, ShapeError, "ovi", "timestep: expected [B]");
  const std::int64_t batch = in.timestep.size(0);
  const bool has_context = in.context != nullptr && (!video.defined() || !in.context->video.empty()) &&
                           (!audio.defined() || !in.context->audio.empty());
  PF_CHECK(has_context, ShapeError, "ovi", "no context for a modality that is given: call prepare_context first");
  PF_CHECK(in.skip_block.empty() || std::int64_t(in.skip_block.size()) == batch, ShapeError, "ovi", "skip_block: expected ",
           batch, " numbers, one per sample, got ", in.skip_block.size());
  if (video.defined()) expect_shape(video, {batch, config_.video.in_dim, kAny, kAny, kAny}, "ovi: video latent");
  if (audio.defined()) expect_shape(audio, {batch, config_.audio.in_dim, kAny}, "ovi: audio latent");
  PF_CHECK(!in.layout || dit::fits(*in.layout, in.latent, in.held), ShapeError, "ovi",
           "the layout that is given is that of another clip");
}

nn::BlockState OviTransformer::embed(const OviInputs& in, const dit::TokenLayout& layout, const nn::RunContext& run) const {
  nn::BlockState tokens(2);
  if (in.latent.has_video()) {
    const Tensor patches = dit::patchify(in.latent.video, layout, config_.layout());
    tokens[0] = video_model_.embed(patches, run).to(at::kFloat);
  }
  if (in.latent.has_audio()) tokens[1] = audio_model_.embed(in.latent.audio, run).to(at::kFloat).contiguous();
  return tokens;
}

// Both towers attend to themselves first; each then hears the other as it is at that moment.
nn::BlockState OviTransformer::run_block(size_t index, const nn::BlockState& state, const Pass& p) const {
  const TowerBlock &video = video_model_.block(index), &audio = audio_model_.block(index);
  const TokenStream &at_video = p.layout.video, &at_audio = p.layout.audio;
  std::vector<Tensor> video_modulation, audio_modulation;
  dit::OtherTower picture{{}, &at_video.rope}, sound{{}, &at_audio.rope};
  if (state[1].defined()) {
    audio_modulation = audio.modulation(p.audio_time.e0);
    sound.tokens = audio.attend_self(state[1], audio_modulation, at_audio, p.run);
  }
  if (state[0].defined()) {
    video_modulation = video.modulation(p.video_time.e0);
    picture.tokens = video.attend_self(state[0], video_modulation, at_video, p.run);
  }
  nn::BlockState after(2);
  if (state[0].defined()) {
    after[0] = video.finish(picture.tokens, video_modulation, at_video, p.context.video[index], sound, p.run);
  }
  if (state[1].defined()) {
    after[1] = audio.finish(sound.tokens, audio_modulation, at_audio, p.context.audio[index], picture, p.run);
  }
  return after;
}

JointLatent OviTransformer::forward(const OviInputs& in, const nn::RunContext& run, const nn::BlockRunner& runner) const {
  check(in);
  const auto pass = std::make_shared<Pass>();
  pass->layout = in.layout ? *in.layout : layout(in.latent, in.held);
  pass->context = *in.context;
  pass->run = run;
  const bool clean = pass->layout.held.any();
  if (in.latent.has_video()) pass->video_time = video_model_.time_embedding().forward(dit::timestep_rows(in.timestep, clean));
  if (in.latent.has_audio()) pass->audio_time = audio_model_.time_embedding().forward(dit::timestep_rows(in.timestep, clean));

  nn::BlockState state = embed(in, pass->layout, run);
  const std::vector<std::int64_t> blocks = blocks_to_run(in, video_model_.depth());
  runner.announce(blocks);
  for (const std::int64_t index : blocks) {
    const size_t i = size_t(index);
    const Tensor samples = samples_of(in, index);
    // A runner may call a block again in the backward pass, so block functions own what they need.
    const auto block = [this, i, samples, pass](const nn::BlockState& tokens) {
      if (!samples.defined()) return run_block(i, tokens, *pass);
      nn::BlockState after = run_block(i, {select(tokens[0], samples), select(tokens[1], samples)}, pass->of(samples, i));
      for (size_t s = 0; s < after.size(); ++s) {
        if (after[s].defined()) after[s] = tokens[s].index_copy(0, samples, after[s]);
      }
      return after;
    };
    state = runner.run(index, block, state);
  }

  JointLatent velocity;
  const dit::TokenLayout& layout = pass->layout;
  if (in.latent.has_video()) {
    const Tensor rows = video_model_.head(state[0], pass->video_time.e, layout.video.row_of_token, run);
    velocity.video = dit::unpatchify(rows, layout, config_.layout());
  }
  if (in.latent.has_audio()) {
    velocity.audio = audio_model_.head(state[1], pass->audio_time.e, layout.audio.row_of_token, run).transpose(1, 2);
  }
  return velocity;
}

}  // namespace phonofilm::ovi

// What must hold of the transformer whatever its weights are.
#include "families/nava_goldens.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/text.h"
#include "phonofilm/tensor/random.h"

using namespace phonofilm;
using namespace phonofilm::nava;
using namespace phonofilm::test;
using diffusion::JointLatent;

namespace {

const nn::RunContext kFloat32{};

// A small model with every option that published checkpoints do not use.
NavaConfig small_config() {
  NavaConfig c;
  c.dim = 48;
  c.num_heads = 2;
  c.ffn_dim = 64;
  c.freq_dim = 32;
  c.num_double_layers = c.num_single_layers = 2;
  c.vid_in_dim = c.vid_out_dim = 6;
  c.audio_in_dim = c.audio_out_dim = 8;
  c.text_len = 5;
  c.text_dim = 12;
  c.no_split_norm_ffn = c.add_spk_emb = false;
  c.temporal_rope_scaling_factor = 1.0;
  c.rope_video_scale = 5.2083;
  c.rope_theta_time = 400;
  c.rope_pairs = {6, 3, 3};
  c.audio_embed_kernel = 3;
  c.audio_embed_hidden = 64;
  c.position_grid = {2, 3};
  return c;
}

struct Batch {
  JointLatent latent;
  Tensor timestep, rows;
};

Batch random_batch(const NavaConfig& c, std::int64_t size, std::uint64_t seed) {
  const at::Generator g = make_generator(seed);
  return {{randn({size, c.vid_in_dim, 3, 4, 6}, g), randn({size, c.audio_in_dim, 7}, g)},
          rand_uniform({size}, g) * 1000, randn({size, c.text_len, c.text_dim}, g)};
}

// The published initialisation zeroes the video head, which would hide everything behind it.
std::unique_ptr<NavaTransformer> random_model(const NavaConfig& config) {
  auto model = std::make_unique<NavaTransformer>(config);
  model->initialise(7);
  const at::Generator g = make_generator(8);
  for (auto& [name, tensor] : model->named_parameters()) {
    if (name == "head.head.weight") tensor.copy_(0.1 * randn(tensor.sizes().vec(), g));
  }
  return model;
}

JointLatent velocity(const NavaTransformer& model, const Batch& batch, NavaInputs inputs = {}) {
  const PreparedContext context = model.prepare_context(batch.rows, {}, kFloat32);
  if (!inputs.latent.has_video() && !inputs.latent.has_audio()) inputs.latent = batch.latent;
  inputs.timestep = batch.timestep;
  inputs.context = &context;
  return model.forward(inputs, kFloat32);
}

}  // namespace

TEST_CASE("a block that is skipped has no part in the velocity, and only those that are there can be") {
  const NavaConfig config = small_config();
  const Batch batch = random_batch(config, 2, 4);
  for (std::int64_t skipped = 0; skipped < config.layers(); ++skipped) {
    INFO("block ", skipped);
    const auto model = random_model(config);
    const JointLatent whole = velocity(*model, batch), without = velocity(*model, batch, {.skip_block = skipped});
    CHECK((whole.video - without.video).abs().max().item<double>() > 1e-3);
    const std::int64_t doubles = config.num_double_layers;
    const std::string block = skipped < doubles ? concat("double_blocks.", skipped, ".")
                                                : concat("single_blocks.", skipped - doubles, ".");
    for (auto& [name, tensor] : model->named_parameters()) {
      if (name.rfind(block, 0) == 0) tensor.add_(1);
    }
    CHECK((velocity(*model, batch).video - whole.video).abs().max().item<double>() > 1e-3);
    expect_close(velocity(*model, batch, {.skip_block = skipped}).video, without.video, 0);
  }
  CHECK_THROWS_AS(velocity(*random_model(config), batch, {.skip_block = config.layers()}), ShapeError);
}

TEST_CASE("masked attention equals a pass of each modality alone") {
  for (const char* blocks : {"shared", "split", "twin"}) {
    INFO(blocks);
    NavaConfig config = small_config();
    config.no_split_norm_ffn = blocks == std::string("shared");
    if (blocks == std::string("twin")) config.double_block = "twin";
    const auto model = random_model(config);
    const Batch batch = random_batch(config, 2, 3);
    const JointLatent masked = velocity(*model, batch, {.mask_modality = true, .held = diffusion::first_frames(1)});
    const JointLatent video = velocity(*model, batch, {.latent = {batch.latent.video, {}}, .held = diffusion::first_frames(1)});
    const JointLatent audio = velocity(*model, batch, {.latent = {{}, batch.latent.audio}});
    CHECK_FALSE(video.has_audio());
    CHECK_FALSE(audio.has_video());
    expect_close(masked.video, video.video, 1e-5);
    expect_close(masked.audio, audio.audio, 1e-5);
    CHECK(relative_error(velocity(*model, batch).audio, audio.audio) > 1e-3);
  }
}

TEST_CASE("samples of a batch do not see each other") {
  const auto model = random_model(small_config());
  const Batch batch = random_batch(model->config(), 3, 4);
  const Tensor order = at::tensor({2, 0, 1}, at::kLong);
  const auto permute = [&](const Tensor& x) { return x.index_select(0, order); };
  const JointLatent straight = velocity(*model, batch, {.held = diffusion::first_frames(1)});
  const Batch shuffled{diffusion::map(permute, batch.latent), permute(batch.timestep), permute(batch.rows)};
  const JointLatent permuted = velocity(*model, shuffled, {.held = diffusion::first_frames(1)});
  expect_close(permuted.video, permute(straight.video), 1e-5);
  expect_close(permuted.audio, permute(straight.audio), 1e-5);
}

TEST_CASE("a clean first frame equals timestep 0 for its tokens, and only for them") {
  const auto model = random_model(small_config());
  Batch batch = random_batch(model->config(), 2, 5);
  const JointLatent plain = velocity(*model, batch), held = velocity(*model, batch, {.held = diffusion::first_frames(1)});
  CHECK(relative_error(held.video, plain.video) > 1e-3);
  batch.timestep.zero_();
  expect_close(velocity(*model, batch, {.held = diffusion::first_frames(1)}).video, velocity(*model, batch).video, 1e-5);
  expect_close(velocity(*model, batch, {.held = diffusion::first_frames(3)}).video, velocity(*model, batch).video, 1e-5);
}

TEST_CASE("held sound equals timestep 0 for its tokens, and the rest notices") {
  const auto model = random_model(small_config());
  Batch batch = random_batch(model->config(), 2, 16);
  const diffusion::Held some{{}, {{2, 3}}}, all{{{0, 3}}, {{0, 7}}};
  const JointLatent plain = velocity(*model, batch), held = velocity(*model, batch, {.held = some});
  CHECK(relative_error(held.audio, plain.audio) > 1e-3);
  CHECK(relative_error(held.video, plain.video) > 1e-5);
  const JointLatent clean = velocity(*model, batch, {.held = all});
  CHECK(relative_error(clean.audio, plain.audio) > 1e-3);
  batch.timestep.zero_();
  expect_close(clean.audio, velocity(*model, batch).audio, 1e-5);
  expect_close(clean.video, velocity(*model, batch).video, 1e-5);
  CHECK_THROWS_AS(velocity(*model, batch, {.latent = {batch.latent.video, {}}, .held = some}), InvalidRequest);
}

TEST_CASE("video and audio share one clock") {
  // At equal scales, frame f and audio token f stand at the same angle of the time pairs.
  NavaConfig config = small_config();
  config.rope_video_scale = config.temporal_rope_scaling_factor = 0.7;
  const JointLatent latent{at::zeros({1, 6, 5, 2, 2}), at::zeros({1, 8, 5})};
  const TokenLayout layout = dit::make_layout(latent, diffusion::first_frames(2), config.layout());
  CHECK(at::equal(layout.video.rope.cos.narrow(1, 0, 6), layout.audio.rope.cos.narrow(1, 0, 6)));
  CHECK(at::equal(layout.video.rope.sin.narrow(1, 0, 6), layout.audio.rope.sin.narrow(1, 0, 6)));
  CHECK(layout.audio.rope.sin.narrow(1, 6, 6).abs().sum().item<double>() == 0);
  CHECK(layout.joint.tokens == 10);
  CHECK(layout.joint.row_of_token.sum().item<std::int64_t>() == 2);
  CHECK_FALSE(layout.audio.row_of_token.defined());
}

TEST_CASE("patches come back where they were, odd sizes included") {
  NavaConfig config = small_config();
  const Tensor video = randn({2, 6, 3, 5, 7}, make_generator(9));
  const TokenLayout layout = dit::make_layout({video, {}}, {}, config.layout());
  const Tensor patches = dit::patchify(video, layout, config.layout());  // channel slowest
  const Tensor channel_fastest = patches.view({2, layout.video.tokens, 6, 4}).transpose(2, 3).flatten(2);
  CHECK(at::equal(dit::unpatchify(channel_fastest, layout, config.layout()), video));
}

TEST_CASE("zero heads start with zero velocity, zero cross-attention starts without text") {
  NavaConfig config = small_config();
  config.zero_init_audio_head = config.zero_init_cross_attention = true;
  NavaTransformer silent(config);
  silent.initialise(1);
  Batch batch = random_batch(config, 1, 6);
  const JointLatent v = velocity(silent, batch);
  CHECK(v.video.abs().max().item<double>() == 0);
  CHECK(v.audio.abs().max().item<double>() == 0);

  const auto model = random_model(config);
  const Tensor before = velocity(*model, batch).video;
  batch.rows = batch.rows + 1;
  CHECK(at::equal(before, velocity(*model, batch).video));
}

TEST_CASE("without exchange neither modality notices the other") {
  for (const char* kind : {"joint", "twin"}) {
    NavaConfig config = small_config();
    config.double_block = kind;
    const Batch batch = random_batch(config, 2, 13);
    Batch other = batch;
    other.latent.audio = other.latent.audio + 1;
    const auto open = random_model(config);
    CHECK(relative_error(velocity(*open, other).video, velocity(*open, batch).video) > 1e-3);
    config.exchange = false;
    const auto closed = random_model(config);
    CHECK(at::equal(velocity(*closed, other).video, velocity(*closed, batch).video));
    CHECK(relative_error(velocity(*closed, other).audio, velocity(*closed, batch).audio) > 1e-3);
  }
}

TEST_CASE("bound voices know their lines, the published insertion does not") {
  for (const bool bound : {false, true}) {
    NavaConfig config = small_config();
    config.add_spk_emb = true;
    config.spk_dim = 10;
    config.bind_voices = bound;
    const auto model = random_model(config);
    const Batch batch = random_batch(config, 1, 14);
    const Tensor voices = randn({2, 10}, make_generator(15));
    const auto film = [&](const Tensor& embeddings) {
      const PreparedContext context = model->prepare_context(batch.rows, {Voices{embeddings, {1, 3}}}, kFloat32);
      return model->forward({.latent = batch.latent, .timestep = batch.timestep, .context = &context}, kFloat32).audio;
    };
    const double change = relative_error(film(voices.flip(0)), film(voices));
    CHECK((bound ? change > 1e-3 : change < 1e-5));
    CHECK(relative_error(film(voices * at::tensor({1.0, 0.0}).unsqueeze(1)), film(voices)) > 1e-3);
  }
}

TEST_CASE("every parameter has a gradient, in float32 and in bfloat16") {
  for (const auto& [kind, dtype] : {std::pair("joint", at::kFloat), {"joint", at::kBFloat16}, {"twin", at::kFloat}}) {
    NavaConfig config = small_config();
    config.double_block = kind;
    const auto model = random_model(config);
    model->require_grad(true);
    const Batch batch = random_batch(config, 2, 10);
    const nn::RunContext run{.dtype = dtype, .attention = nn::AttentionBackend::explicit_};
    const PreparedContext context = model->prepare_context(batch.rows, {}, run);
    const JointLatent v = model->forward(
        {.latent = batch.latent, .timestep = batch.timestep, .context = &context, .held = diffusion::first_frames(1)}, run);
    CHECK((v.video.scalar_type() == at::kFloat));
    (v.video.square().mean() + v.audio.square().mean()).backward();
    for (const auto& [name, parameter] : model->named_parameters()) {
      INFO(name);
      REQUIRE(parameter.grad().defined());
      CHECK((parameter.grad().scalar_type() == at::kFloat));
      CHECK(parameter.grad().abs().max().item<double>() > 0);
    }
  }
}

TEST_CASE("a position grid is resized to another picture") {
  const auto model = random_model(small_config());
  const at::Generator g = make_generator(11);
  Batch batch = random_batch(model->config(), 1, 12);
  batch.latent.video = randn({1, 6, 2, 8, 4}, g);
  const JointLatent v = velocity(*model, batch);
  CHECK(v.video.sizes() == batch.latent.video.sizes());
  CHECK(at::isfinite(v.video).all().item<bool>());
}

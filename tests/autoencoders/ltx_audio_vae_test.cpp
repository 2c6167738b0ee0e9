// The LTX audio autoencoder against recordings of the published code (testdata/goldens/ltx-audio-tiny).
#include "phonofilm/autoencoders/ltx_audio_vae/ltx_audio_vae.h"

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "phonofilm/autoencoders/ltx_audio_vae/networks.h"
#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"

using namespace phonofilm;
using autoencoders::LtxAudioVae;
using autoencoders::LtxAudioVaeConfig;

namespace {

constexpr double kTolerance = 1e-5;  // of the recording's README; float32 against float64 is 5e-7 to 7e-7

std::string golden(const std::string& name) { return test::testdata("goldens/ltx-audio-tiny/" + name); }
const std::string kWeights = "ltx-2.3-audio_vae.safetensors";

std::unique_ptr<LtxAudioVae> load_tiny() { return autoencoders::load_ltx_audio_vae(golden(kWeights)); }
weights::SafetensorsFile recording() { return weights::SafetensorsFile::open(golden("golden_ltx_audio.safetensors")); }
nlohmann::json published() { return load_json(golden("config.json"))["audio_vae"]; }

void expect_recorded(const Tensor& actual, const weights::SafetensorsFile& file, const std::string& name) {
  CHECK((actual.scalar_type() == at::kFloat));
  test::expect_close(actual, file.at(name), kTolerance, name);
  MESSAGE(name, ": relative error ", test::relative_error(actual, file.at(name)));
}

// The published layout, written down from the specification.
struct Layout {
  weights::TensorMap tensors;  // without memory
  std::int64_t values = 0;

  void add(const std::string& name, const Shape& shape) {
    tensors["audio_vae." + name] = at::empty(shape, at::TensorOptions(at::kMeta).dtype(at::kBFloat16));
    values += c10::multiply_integers(shape);
  }
  void conv(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel = 3) {
    add(name + ".conv.weight", {out, in, kernel, kernel});
    add(name + ".conv.bias", {out});
  }
  void block(const std::string& name, std::int64_t in, std::int64_t out) {
    conv(name + ".conv1", in, out);
    conv(name + ".conv2", out, out);
    if (in != out) conv(name + ".nin_shortcut", in, out, /*kernel=*/1);
  }
  void outside(const std::string& name, std::int64_t in, std::int64_t first, std::int64_t last, std::int64_t out) {
    conv(name + ".conv_in", in, first);
    conv(name + ".conv_out", last, out);
    block(name + ".mid.block_1", 512, 512);
    block(name + ".mid.block_2", 512, 512);
  }
};

Layout published_layout() {
  Layout layout;
  layout.outside("encoder", 2, 128, 512, 16);
  layout.outside("decoder", 8, 512, 128, 2);
  const std::int64_t width[] = {128, 256, 512};
  for (int level = 0; level < 3; ++level) {
    const std::string down = "encoder.down." + std::to_string(level), up = "decoder.up." + std::to_string(level);
    const std::int64_t own = width[level];
    const std::int64_t narrower = width[std::max(level - 1, 0)], wider = width[std::min(level + 1, 2)];
    for (int i = 0; i < 2; ++i) layout.block(down + ".block." + std::to_string(i), i == 0 ? narrower : own, own);
    for (int i = 0; i < 3; ++i) layout.block(up + ".block." + std::to_string(i), i == 0 ? wider : own, own);
    if (level < 2) layout.conv(down + ".downsample", own, own);
    if (level > 0) layout.conv(up + ".upsample.conv", own, own);
  }
  layout.add("per_channel_statistics.mean-of-means", {128});
  layout.add("per_channel_statistics.std-of-means", {128});
  return layout;
}

Tensor energy(const Tensor& x) { return x.to(at::kDouble).square().sum(); }

// The slope of f at x along a direction: by its gradient, and by a difference.
void expect_slope(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, double step,
                  const std::string& what) {
  const Tensor direction = randn(x.sizes().vec(), make_generator(21));
  Tensor leaf = x.clone().requires_grad_();
  f(leaf).backward();
  const double gradient = (leaf.grad() * direction).sum().item<double>();
  const double difference = (f(x + direction * step) - f(x - direction * step)).item<double>() / (2 * step);
  CHECK_MESSAGE(gradient == doctest::Approx(difference).epsilon(0.02), what, ": ", gradient, " against ", difference);
}

}  // namespace

TEST_CASE("ltx audio vae: the published code's mel, latent and tokens, from its file") {
  const c10::InferenceMode guard;
  const auto file = recording();
  const auto vae = load_tiny();
  for (const std::string part : {"encode_a", "encode_b"}) {
    const Tensor waveform = file.at(part + ".waveform"), mel = autoencoders::ltx_log_mel(waveform, vae->front_end());
    expect_recorded(mel, file, part + ".mel");
    CHECK(mel.min().item<double>() == doctest::Approx(std::log(1e-5)));  // the floor is met
    const Tensor tokens = vae->encode(waveform);
    expect_recorded(tokens, file, part + ".tokens");
    expect_recorded(tokens.unflatten(2, {8, 16}).transpose(1, 2), file, part + ".latent");
    CHECK(tokens.size(1) == vae->config().tokens(waveform.size(2)));
  }
}

TEST_CASE("ltx audio vae: the published code's activations on the way down") {
  const c10::InferenceMode guard;
  const auto file = recording();
  const auto vae = load_tiny();
  const Tensor begun = vae->encoder().begin(file.at("encode_a.mel"));
  expect_recorded(begun, file, "encode_a.mid.conv_in");
  expect_recorded(vae->encoder().descend(begun), file, "encode_a.mid.down");
}

TEST_CASE("ltx audio vae: the published code's mel of tokens, from its file") {
  const c10::InferenceMode guard;
  const auto file = recording();
  const auto vae = load_tiny();
  for (const std::string part : {"decode_a", "decode_one"}) {
    const Tensor mel = vae->decode(file.at(part + ".tokens"));
    expect_recorded(mel, file, part + ".mel");
    CHECK(mel.size(2) == vae->config().decoded_frames(file.at(part + ".tokens").size(1)));
  }
}

TEST_CASE("ltx audio vae: names, shapes and size of the published model, without its memory") {
  const Layout layout = published_layout();
  REQUIRE(layout.tensors.size() == 44 + 56 + 2);
  LtxAudioVae model;
  CHECK(model.parameter_count() == layout.values);
  CHECK(model.named_parameters().size() == layout.tensors.size());
  const std::vector<std::string> problems = model.misfits(layout.tensors, "audio_vae.");
  CHECK_MESSAGE(problems.empty(), problems.size(), " misfits, first: ", problems.empty() ? "" : problems[0]);
}

TEST_CASE("ltx audio vae: lengths") {
  const LtxAudioVaeConfig config;
  CHECK(config.samples_per_token() == 640);
  CHECK(config.token_width() == 128);
  CHECK(config.mel_frames(7680) == 49);
  CHECK(config.tokens(640 * 25) == 26);
  CHECK(config.tokens(639) == 1);
  CHECK(config.decoded_frames(152) == 605);
  CHECK(config.tokens_for_seconds(5) == 125);
  for (const auto& [pictures, tokens] : {std::pair{121, 127}, {145, 152}, {217, 227}, {241, 252}}) {
    CHECK(config.tokens_for_seconds(pictures / 24.0) == tokens);
  }
  CHECK_THROWS_AS(config.tokens_for_seconds(0), InvalidRequest);
  CHECK_THROWS_AS(config.tokens_for_seconds(NAN), InvalidRequest);
}

TEST_CASE("ltx audio vae: no token sees a later sample than its own frames do") {
  const c10::InferenceMode guard;
  const auto vae = load_tiny();
  const Tensor mel = randn({1, 2, 33, 64}, make_generator(5)), tokens = vae->encode_mel(mel);
  REQUIRE(tokens.size(1) == 9);
  const Tensor changed = at::cat({mel.narrow(2, 0, 17), mel.narrow(2, 17, 16) + 1}, 2);
  CHECK(at::equal(vae->encode_mel(changed).narrow(1, 0, 5), tokens.narrow(1, 0, 5)));  // token t ends with frame 4 t
  CHECK(test::relative_error(vae->encode_mel(changed), tokens) > 1e-3);
  const Tensor decoded = vae->decode(tokens);
  const Tensor shorter = vae->decode(tokens.narrow(1, 0, 5));
  test::expect_close(decoded.narrow(2, 0, shorter.size(2)), shorter, 1e-5);
}

TEST_CASE("ltx audio vae: batches are samples side by side; mono is heard on both sides") {
  const c10::InferenceMode guard;
  const auto vae = load_tiny();
  const Tensor waves = randn({2, 2, 2000}, make_generator(6)) * 0.1, tokens = vae->encode(waves);
  REQUIRE(tokens.sizes() == at::IntArrayRef({2, 4, 128}));
  test::expect_close(vae->encode(waves.narrow(0, 1, 1)), tokens.narrow(0, 1, 1), 1e-5);
  test::expect_close(vae->decode(tokens).narrow(0, 1, 1), vae->decode(tokens.narrow(0, 1, 1)), 1e-5);
  const Tensor mono = waves.narrow(1, 0, 1), stereo = autoencoders::ltx_stereo(mono);
  REQUIRE(stereo.sizes() == waves.sizes());
  CHECK(at::equal(stereo.select(1, 0), stereo.select(1, 1)));
  CHECK(autoencoders::ltx_stereo(waves).is_same(waves));
  test::expect_close(vae->encode(stereo), vae->encode(at::cat({mono, mono}, 1)), 1e-6);
  CHECK_THROWS_WITH_AS(autoencoders::ltx_stereo(at::zeros({1, 6, 99})), doctest::Contains("mix them down"), ShapeError);
}

TEST_CASE("ltx audio vae: gradients are slopes, and reach every weight but the statistics") {
  const auto vae = load_tiny();
  const Tensor tokens = randn({1, 3, 128}, make_generator(8)), wave = randn({1, 2, 1500}, make_generator(9)) * 0.1;
  expect_slope([&](const Tensor& x) { return energy(vae->encode(x)); }, wave, 3e-4, "encode");
  expect_slope([&](const Tensor& x) { return energy(vae->decode(x)); }, tokens, 1e-3, "decode");
  Tensor silent = at::zeros({1, 2, 1500}).requires_grad_();
  vae->encode(silent).sum().backward();
  CHECK(at::isfinite(silent.grad()).all().item<bool>());

  vae->require_grad(true);
  (energy(vae->encode(wave)) + energy(vae->decode(tokens))).backward();
  for (const auto& [name, parameter] : vae->named_parameters()) {
    const bool constant = name.starts_with("per_channel_statistics.");
    CHECK_MESSAGE(parameter.grad().defined() == !constant, name);
    if (!constant && parameter.grad().defined()) CHECK_MESSAGE(at::isfinite(parameter.grad()).all().item<bool>(), name);
  }
}

TEST_CASE("ltx audio vae: wrong shapes are refused at the door") {
  const auto vae = load_tiny();
  CHECK_THROWS_WITH_AS(vae->encode(at::zeros({1, 1, 2000})), doctest::Contains("encode: waveform"), ShapeError);
  CHECK_THROWS_AS(vae->encode(at::zeros({2, 2000})), ShapeError);
  CHECK_THROWS_WITH_AS(vae->encode(at::zeros({1, 2, 512})), doctest::Contains("more than 512 samples"), ShapeError);
  CHECK_THROWS_AS(vae->encode(at::zeros({0, 2, 2000})), ShapeError);
  CHECK(vae->encode(at::zeros({1, 2, 513})).size(1) == 1);
  CHECK_THROWS_AS(vae->encode_mel(at::zeros({1, 2, 8, 80})), ShapeError);
  CHECK_THROWS_AS(vae->encode_mel(at::zeros({1, 2, 0, 64})), ShapeError);
  CHECK_THROWS_WITH_AS(vae->decode(at::zeros({1, 5, 64})), doctest::Contains("decode: tokens"), ShapeError);
  CHECK_THROWS_AS(vae->decode(at::zeros({1, 0, 128})), ShapeError);
}

TEST_CASE("ltx audio vae: a file with a missing, a surplus and a mis-shaped tensor is refused, naming all three") {
  const auto file = weights::SafetensorsFile::open(golden(kWeights));
  weights::TensorMap tensors = file.tensors();
  tensors.erase("audio_vae.encoder.conv_in.conv.bias");
  tensors["audio_vae.decoder.mid.attn_1.q.weight"] = at::zeros({64});
  tensors["audio_vae.per_channel_statistics.mean-of-means"] = at::zeros({16});
  const test::TemporaryFolder folder;
  weights::save_safetensors(folder.file("broken.safetensors"), tensors, file.metadata());
  try {
    autoencoders::load_ltx_audio_vae(folder.file("broken.safetensors"));
    FAIL("it was accepted");
  } catch (const CheckpointError& error) {
    const std::string message = error.what();
    for (const std::string part : {"broken.safetensors", "missing \"audio_vae.encoder.conv_in.conv.bias\" [16]",
                             "unexpected \"audio_vae.decoder.mid.attn_1.q.weight\"",
                             "mean-of-means\": expected [128], got [16]"}) {
      CHECK_MESSAGE(message.find(part) != std::string::npos, part);
    }
  }
}

TEST_CASE("ltx audio vae: a file without its configuration, or with a broken one, is refused") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("no_config.safetensors");
  const auto load = [&](const weights::Metadata& metadata) {
    weights::save_safetensors(path, {{"audio_vae.x", at::zeros({1})}}, metadata);
    return autoencoders::load_ltx_audio_vae(path);
  };
  CHECK_THROWS_WITH_AS(load({}), doctest::Contains("metadata entry \"config\""), CheckpointError);
  CHECK_THROWS_WITH_AS(load({{"config", "{"}}), doctest::Contains("not valid JSON"), InvalidRequest);
  CHECK_THROWS_WITH_AS(load({{"config", "[]"}}), doctest::Contains("must be a JSON object"), InvalidRequest);
  CHECK_THROWS_WITH_AS(load({{"config", "{}"}}), doctest::Contains("\"audio_vae\" must be there"), InvalidRequest);
}

TEST_CASE("ltx audio vae: the publisher's configuration, and what it must not say") {
  const LtxAudioVaeConfig tiny = autoencoders::read_ltx_audio_vae_config(published(), "test");
  CHECK(tiny.ch == 16);
  CHECK(tiny.token_width() == 128);
  const auto refused = [&](const std::string& pointer, const nlohmann::json& value) {
    nlohmann::json changed = published();
    changed[nlohmann::json::json_pointer(pointer)] = value;
    CAPTURE(pointer);
    CHECK_THROWS_AS(autoencoders::read_ltx_audio_vae_config(changed, "test"), InvalidRequest);
  };
  const auto of_network = [&](const std::string& key, const nlohmann::json& value) {
    refused("/model/params/ddconfig/" + key, value);
  };
  of_network("double_z", false);
  of_network("attn_resolutions", {16});
  of_network("mid_block_add_attention", true);
  of_network("norm_type", "group");
  of_network("causality_axis", "width");
  of_network("in_channels", 1);
  of_network("ch", 0);
  of_network("ch", 1 << 20);
  of_network("ch", "128");
  of_network("ch_mult", nlohmann::json::array());
  of_network("ch_mult", std::vector<int>(9, 1));
  of_network("ch_mult", {1, 2, 1000});
  of_network("num_res_blocks", 1000000);
  of_network("mel_bins", 62);
  of_network("z_channels", -8);
  refused("/model", nlohmann::json::array());
  refused("/preprocessing/stft/hop_length", 1024);
  refused("/preprocessing/stft/hop_length", 0);
  refused("/preprocessing/stft/filter_length", 1 << 30);
  refused("/preprocessing/stft/win_length", 512);
  refused("/preprocessing/mel/n_mel_channels", 80);
  refused("/preprocessing/mel/mel_fmax", 8001);
  refused("/preprocessing/audio/sampling_rate", 48000);
  refused("/preprocessing/stft", 3);
  LtxAudioVaeConfig own;
  own.ch_mult = {};
  CHECK_THROWS_AS(LtxAudioVae{own}, InvalidRequest);
}

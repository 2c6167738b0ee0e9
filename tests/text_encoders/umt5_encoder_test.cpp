#include "phonofilm/text_encoders/umt5/umt5_encoder.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"

using namespace phonofilm;
using text_encoders::pad_tokens;
using text_encoders::TokenBatch;
using text_encoders::Umt5Config;
using text_encoders::Umt5Encoder;

namespace {

weights::SafetensorsFile golden(const std::string& name) {
  return weights::SafetensorsFile::open(test::testdata("goldens/" + name + ".safetensors"));
}

Umt5Config tiny_config() {
  const std::string path = test::testdata("goldens/ovi-tiny/Wan2.2-TI2V-5B/t5.json");
  return text_encoders::read_umt5_config(load_json(path), path);
}

std::unique_ptr<Umt5Encoder> load_tiny(at::ScalarType dtype = at::kFloat) {
  auto encoder = std::make_unique<Umt5Encoder>(tiny_config());
  const auto file = golden("umt5-tiny/umt5");
  encoder->load(file.tensors(), file.path(), "", dtype);
  return encoder;
}

TokenBatch golden_tokens() {
  const auto file = golden("ovi-tiny/golden_t5");
  TokenBatch tokens{file.at("ids"), {}};
  const Tensor lengths = file.at("mask").sum(1);
  for (std::int64_t i = 0; i < lengths.size(0); ++i) tokens.lengths.push_back(lengths[i].item<std::int64_t>());
  return tokens;
}

// The recorded rows with those beyond the mask set to zero, cut to `length`.
Tensor golden_rows(std::int64_t length) {
  const auto file = golden("ovi-tiny/golden_t5");
  return (file.at("context") * file.at("mask").unsqueeze(-1)).narrow(1, 0, length);
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("umt5: the real rows are those of the publisher's code, trimmed to the longest text") {
  const TokenBatch tokens = golden_tokens();
  REQUIRE(tokens.lengths == std::vector<std::int64_t>{9, 21});
  REQUIRE(tokens.ids.size(1) == 32);
  const Tensor rows = load_tiny()->forward(tokens, {});
  CHECK(rows.sizes() == at::IntArrayRef({2, 21, 40}));
  CHECK((rows.scalar_type() == at::kFloat));
  test::expect_close(rows, golden_rows(21), 1e-5, "float32");
  CHECK(rows[0].narrow(0, 9, 12).abs().max().item<double>() == 0);
}

TEST_CASE("umt5: bfloat16 strays as little as its rounding allows, from weights that stay in the mapped file") {
  const auto file = golden("umt5-tiny/umt5");
  Umt5Encoder encoder(tiny_config());
  encoder.load(file.tensors(), file.path(), "", at::kBFloat16);
  for (const auto& [name, parameter] : encoder.named_parameters()) {
    CAPTURE(name);
    CHECK(parameter.data_ptr() == file.at(name).data_ptr());
  }
  const Tensor rows = encoder.forward(golden_tokens(), {.dtype = at::kBFloat16});
  CHECK((rows.scalar_type() == at::kFloat));
  test::expect_close(rows, golden_rows(21), 0.015, "bfloat16");
}

TEST_CASE("umt5: neither padding nor a neighbour changes a text's rows") {
  const auto encoder = load_tiny();
  const TokenBatch tokens = golden_tokens();
  const Tensor together = encoder->forward(tokens, {});
  // What stands in the padding does not matter at all.
  TokenBatch other{tokens.ids.clone(), tokens.lengths};
  other.ids.narrow(1, 21, 11).fill_(77);
  other.ids[0].narrow(0, 9, 23).fill_(78);
  CHECK(at::equal(encoder->forward(other, {}), together));
  for (std::int64_t text = 0; text < 2; ++text) {
    const std::int64_t length = tokens.lengths[size_t(text)];
    const Tensor alone = encoder->forward({tokens.ids.narrow(0, text, 1).narrow(1, 0, length), {length}}, {});
    test::expect_close(together.narrow(0, text, 1).narrow(1, 0, length), alone, 1e-6);
  }
}

TEST_CASE("umt5: texts of different lengths are padded into one batch") {
  const TokenBatch batch = pad_tokens({{5, 6, 1}, {1}}, /*pad=*/0);
  CHECK(at::equal(batch.ids, at::tensor({5, 6, 1, 1, 0, 0}, at::kLong).view({2, 3})));
  CHECK(batch.lengths == std::vector<std::int64_t>{3, 1});
  CHECK(contains(error_of([] { pad_tokens({{5}, {}}); }), "even an empty prompt ends with an EOS token"));
  CHECK(contains(error_of([] { pad_tokens({}); }), "no text"));
}

TEST_CASE("umt5: buckets are exact near by, logarithmic further away, and tell the directions apart") {
  const Tensor buckets = text_encoders::relative_position_buckets(301, {});
  const auto at = [&](std::int64_t query, std::int64_t key) { return buckets[query][key].item<std::int64_t>(); };
  for (std::int64_t a = 0; a < 8; ++a) CHECK(at(a, 0) == a);
  // 8 + trunc(8 log(a / 8) / log(16)): half-octaves from 8 on, the last one from 91 to infinity.
  const std::vector<std::pair<std::int64_t, std::int64_t>> first{{8, 8},   {12, 9},  {16, 10}, {23, 11},
                                                                  {32, 12}, {46, 13}, {64, 14}, {91, 15}};
  for (const auto& [distance, bucket] : first) {
    CAPTURE(distance);
    CHECK(at(distance, 0) == bucket);
    CHECK(at(distance - 1, 0) == bucket - 1);
    CHECK(at(0, distance) == bucket + 16);
    CHECK(at(100, 100 + distance) == bucket + 16);
  }
  CHECK(at(300, 0) == 15);
  CHECK(at(0, 300) == 31);
  CHECK(buckets.sizes() == at::IntArrayRef({301, 301}));
}

TEST_CASE("umt5: every gradient is that of an independent implementation") {
  const auto encoder = load_tiny();
  encoder->require_grad(true);
  const auto recorded = golden("umt5-tiny/golden_gradients");
  (encoder->forward(golden_tokens(), {}) * recorded.at("push").narrow(1, 0, 21)).sum().backward();
  for (const auto& [name, parameter] : encoder->named_parameters()) {
    CAPTURE(name);
    REQUIRE(parameter.grad().defined());
    Tensor gradient = parameter.grad();
    if (name == "token_embedding.weight") {
      const Tensor used = recorded.at("used_ids");
      CHECK(gradient.index_fill(0, used, 0).abs().max().item<double>() == 0);
      gradient = gradient.index_select(0, used);
    }
    test::expect_close(gradient, recorded.at("grad." + name), 1e-5, name);
  }
}

TEST_CASE("umt5: the published size is declared with the published names and shapes, without memory") {
  Umt5Encoder encoder;
  CHECK(encoder.named_parameters().size() == 242);
  CHECK(encoder.parameter_count() == 5'680'910'336);
  // Views of one number, expanded: load() checks every name and shape and reads nothing.
  const Tensor zero = at::zeros({1}, at::kBFloat16);
  std::map<std::string, Tensor> tensors{{"token_embedding.weight", zero.expand({256384, 4096})},
                                        {"norm.weight", zero.expand({4096})}};
  for (int i = 0; i < 24; ++i) {
    const std::string block = concat("blocks.", i, ".");
    for (const char* norm : {"norm1.weight", "norm2.weight"}) tensors[block + norm] = zero.expand({4096});
    for (const char* part : {"q", "k", "v", "o"}) tensors[concat(block, "attn.", part, ".weight")] = zero.expand({4096, 4096});
    for (const char* part : {"gate.0", "fc1"}) tensors[concat(block, "ffn.", part, ".weight")] = zero.expand({10240, 4096});
    tensors[block + "ffn.fc2.weight"] = zero.expand({4096, 10240});
    tensors[block + "pos_embedding.embedding.weight"] = zero.expand({32, 64});
  }
  CHECK_NOTHROW(encoder.load(tensors, "models_t5_umt5-xxl-enc-bf16.pth", "", at::kBFloat16));
}

TEST_CASE("umt5: tokens of another vocabulary and impossible lengths are refused") {
  const auto encoder = load_tiny();
  CHECK(contains(error_of([&] { encoder->forward(pad_tokens({{3, 512, 1}}), {}); }),
                 "token id 512 lies outside the vocabulary of 512"));
  CHECK(contains(error_of([&] { encoder->forward(pad_tokens({{3, -1, 1}}), {}); }), "token id -1"));
  const Tensor ids = at::ones({2, 3}, at::kLong);
  CHECK_THROWS_AS(encoder->forward({ids, {3}}, {}), ShapeError);
  CHECK_THROWS_AS(encoder->forward({ids, {3, 4}}, {}), ShapeError);
  CHECK_THROWS_AS(encoder->forward({ids, {3, 0}}, {}), ShapeError);
}

TEST_CASE("umt5: configurations that no UMT5 has are refused") {
  const auto read = [](const char* text) {
    return error_of([&] { text_encoders::read_umt5_config(nlohmann::json::parse(text), "t5.json"); });
  };
  CHECK(read("{}").empty());
  CHECK(contains(read(R"({"shared_pos": true})"), "shared_pos must be false"));
  CHECK(contains(read(R"({"num_heads": 7})"), "dim_attn must be a multiple of num_heads"));
  CHECK(contains(read(R"({"num_buckets": 30})"), "multiple of 4"));
  CHECK(contains(read(R"({"num_layer": 7})"), "num_layers"));
}

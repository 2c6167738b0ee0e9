// Low-rank changes: what is trained in a model's place, and what is added to its weights.
#include "phonofilm/nn/lora.h"

#include "phonofilm/base/error.h"
#include "phonofilm/nn/layers.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "support/support.h"

namespace phonofilm::nn {
namespace {

using TensorMap = std::map<std::string, Tensor>;

struct Block : Module {
  explicit Block(Module& parent, const std::string& name) : Module(parent, name) {}
  Linear q{*this, "q", 6, 4}, o{*this, "o", 4, 6, Bias::no};
  Tensor forward(const Tensor& x) const { return o.forward(q.forward(x, {}), {}); }
};
struct Net : Module {
  Block block{*this, "blocks.0"};
  RmsNorm norm{*this, "norm", 6};
};

Tensor some(const Shape& shape, std::uint64_t seed) { return randn(shape, make_generator(seed)); }

// up down of rank 2 for blocks.0.q, in the names of PEFT.
TensorMap change_of_q() {
  return {{"blocks.0.q.lora_A.weight", some({2, 6}, 1)}, {"blocks.0.q.lora_B.weight", some({4, 2}, 2)}};
}
Tensor product_of_q() { return at::matmul(some({4, 2}, 2), some({2, 6}, 1)); }

TensorMap net_weights() {
  Net net;
  net.initialise(3);
  return net.state_dict();
}

const std::string kQ = "blocks.0.q.weight";

std::string error_of(const TensorMap& lora) {
  TensorMap weights = net_weights();
  try {
    add_lora(weights, lora, 1, "voice.safetensors");
  } catch (const CheckpointError& error) {
    CHECK(at::equal(weights.at(kQ), net_weights().at(kQ)));
    return error.what();
  }
  return "";
}

TEST_CASE("lora: a fresh change is none; a trained one is that of the matrices, as long as it lives") {
  Net net;
  net.initialise(3);
  const Tensor x = some({5, 6}, 4), before = net.block.forward(x);
  {
    Lora lora(net, 2, {"blocks"});
    CHECK(lora.parameter_count() == 2 * (6 + 4) + 2 * (4 + 6));
    lora.initialise(5);
    CHECK(at::equal(net.block.forward(x), before));
    TensorMap trained = lora.state_dict();
    for (auto& [name, value] : trained) value = some(value.sizes().vec(), 6 + name.size());
    lora.load(trained, "trained");
    TensorMap weights = net.state_dict();
    add_lora(weights, trained, 1, "trained");
    Net merged;
    merged.load(weights, "merged");
    test::expect_close(net.block.forward(x), merged.block.forward(x), 1e-6);
    CHECK(test::relative_error(net.block.forward(x), before) > 0.1);
  }
  CHECK(at::equal(net.block.forward(x), before));
}

TEST_CASE("lora: its factors learn, the model's own weights do not") {
  Net net;
  net.initialise(3);
  Lora lora(net, 2, {".q."});
  lora.initialise(5);
  lora.require_grad(true);
  net.block.forward(some({5, 6}, 4)).square().sum().backward();
  CHECK(lora.named_parameters().size() == 2);
  CHECK(lora.named_parameters()[1].second.grad().norm().item<double>() > 0);  // up; down sees only zeros at first
  for (const auto& [name, p] : net.named_parameters()) CHECK_FALSE(p.grad().defined());
  CHECK_THROWS_WITH_AS(Lora(net, 2, {"ffn", "k."}), doctest::Contains("ffn or k."), InvalidRequest);
}

TEST_CASE("lora: added to weights by the names that trainers give, with their scale") {
  const Tensor before = net_weights().at(kQ), product = product_of_q();
  const auto added = [&](const TensorMap& lora, double scale) {
    TensorMap weights = net_weights();
    add_lora(weights, lora, scale, "voice.safetensors");
    CHECK(at::equal(weights.at("blocks.0.o.weight"), net_weights().at("blocks.0.o.weight")));
    return weights.at(kQ) - before;
  };
  test::expect_close(added(change_of_q(), 1), product, 1e-5);
  test::expect_close(added(change_of_q(), -0.5), -0.5 * product, 1e-5);
  for (const std::string front : {"diffusion_model.blocks.0.q", "transformer.blocks.0.q", "base_model.model.blocks.0.q",
                                  "lora_unet_blocks_0_q"}) {
    const TensorMap lora{{front + ".lora_down.weight", some({2, 6}, 1)}, {front + ".lora_up.weight", some({4, 2}, 2)},
                         {front + ".alpha", at::tensor({1.0f})}};
    test::expect_close(added(lora, 1), 0.5 * product, 1e-5, front);  // alpha / rank
  }
}

TEST_CASE("lora: weights under a prefix, in half precision and in 8 bits") {
  TensorMap weights{{"model.blocks.0.q.weight", net_weights().at(kQ).to(at::kBFloat16)}};
  const Tensor before = weights.at("model.blocks.0.q.weight").to(at::kFloat);
  add_lora(weights, change_of_q(), 1, "voice.safetensors", "model.");
  CHECK((weights.at("model.blocks.0.q.weight").scalar_type() == at::kBFloat16));
  CHECK(at::equal(weights.at("model.blocks.0.q.weight"), (before + product_of_q()).to(at::kBFloat16)));

  TensorMap small = net_weights();
  const Stored eight = quantise_int8(small.at(kQ), kQ);
  small[kQ] = eight.values, small[scale_name(kQ)] = eight.scale;
  add_lora(small, change_of_q(), 0.001, "voice.safetensors");  // far below the step of 8 bits
  CHECK_FALSE(small.contains(scale_name(kQ)));
  const Tensor expected = dequantise(eight, at::kFloat) + 0.001 * product_of_q();
  CHECK(at::equal(small.at(kQ), expected.to(at::kBFloat16)));
  Net net;
  net.load(small, "small");
}

TEST_CASE("lora: of another model, incomplete, or none at all") {
  TensorMap lora = change_of_q();
  lora["blocks.7.q.lora_A.weight"] = some({2, 6}, 1);
  lora["norm.diff"] = some({6}, 1);
  lora["blocks.0.o.lora_B.weight"] = some({6, 2}, 1);
  const std::string message = error_of(lora);
  for (const char* part : {"voice.safetensors", "blocks.7.q\": the model has no such layer", "norm.diff", "blocks.0.o\": has no lora_A"}) {
    CHECK_MESSAGE(message.find(part) != std::string::npos, message);
  }
  lora = change_of_q();
  lora["blocks.0.q.lora_A.weight"] = some({2, 5}, 1);
  CHECK(error_of(lora).find("expected [2, 6], got [2, 5]") != std::string::npos);
  lora["blocks.0.q.lora_A.weight"] = some({3, 6}, 1);
  CHECK(error_of(lora).find("expected [4, 3], got [4, 2]") != std::string::npos);
  lora["blocks.0.q.lora_A.weight"] = some({6}, 1);
  CHECK(error_of(lora).find("got [6]") != std::string::npos);
  CHECK(error_of({}).find("voice.safetensors") != std::string::npos);
}

}  // namespace
}  // namespace phonofilm::nn

#include "phonofilm/base/error.h"
#include "phonofilm/nn/layers.h"
#include "phonofilm/nn/module.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"

using namespace phonofilm;

namespace {

struct Small : nn::Module {
  Tensor& scale = parameter("scale", {3}, nn::init::ones());
  struct Block : nn::Module {
    Tensor& weight;
    Tensor& bias;
    Block(nn::Module& parent, const std::string& name)
        : nn::Module(parent, name), weight(parameter("weight", {4, 3}, nn::init::normal(1))),
          bias(parameter("bias", {4}, nn::init::zeros())) {}
  } block{*this, "block"};
};

std::string load_error(const weights::TensorMap& tensors) {
  Small model;
  try {
    model.load(tensors, "model.safetensors");
  } catch (const CheckpointError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("module: names are paths in the order of declaration") {
  Small model;
  model.initialise(1);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : model.named_parameters()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"scale", "block.weight", "block.bias"});
  CHECK(model.parameter_count() == 3 + 12 + 4);
}

TEST_CASE("module: save and load give the same parameters, and one seed one model") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("model.safetensors");
  Small first, second, other;
  first.initialise(1);
  other.initialise(1);
  CHECK(at::equal(first.block.weight, other.block.weight));
  weights::save_safetensors(path, first.state_dict());
  second.load(weights::SafetensorsFile::open(path).tensors(), path);
  for (const auto& [name, tensor] : first.state_dict()) CHECK(at::equal(tensor, second.state_dict().at(name)));
}

TEST_CASE("module: a prefix selects its part of a larger file and ignores the rest") {
  Small first, second;
  first.initialise(2);
  weights::TensorMap tensors = first.state_dict("dit.");
  tensors["vae.weight"] = at::zeros({1}, at::kFloat);
  CHECK_NOTHROW(second.load(tensors, "model.safetensors", "dit."));
  CHECK(at::equal(first.block.weight, second.block.weight));
}

TEST_CASE("module: loading converts to the dtype asked for") {
  Small first, second;
  first.initialise(2);
  second.load(first.state_dict(), "model.safetensors", "", at::kBFloat16);
  CHECK((second.scale.scalar_type() == at::kBFloat16));
}

TEST_CASE("module: one error lists every missing, unexpected and mis-shaped tensor") {
  const weights::TensorMap tensors{{"block.weight", at::zeros({4, 5}, at::kFloat)},
                                   {"block.bais", at::zeros({4}, at::kFloat)},
                                   {"scale", at::ones({3}, at::kFloat)}};
  const std::string message = load_error(tensors);
  for (const char* part : {"model.safetensors", "3 tensors do not fit", "missing \"block.bias\" [4]",
                           "\"block.weight\": expected [4, 3], got [4, 5]", "unexpected \"block.bais\""}) {
    CAPTURE(part);
    CAPTURE(message);
    CHECK(message.find(part) != std::string::npos);
  }
}

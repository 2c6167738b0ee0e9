#include "phonofilm/base/error.h"
#include "phonofilm/nn/layers.h"
#include "phonofilm/nn/module.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"
#include "weights/memory_meter.h"

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

// Sixteen square matrices, to measure what loading them costs.
struct Stack : nn::Module {
  static constexpr std::int64_t kLayers = 16, kWidth = 64;
  static constexpr std::size_t kMatrix = kWidth * kWidth * 4;  // bytes in float32
  std::vector<Tensor*> weights;
  Stack() {
    for (std::int64_t i = 0; i < kLayers; ++i) {
      weights.push_back(&parameter("layers." + std::to_string(i), {kWidth, kWidth}, nn::init::normal(1)));
    }
  }
};

weights::TensorMap stack_tensors(at::ScalarType dtype) {
  Stack stack;
  stack.initialise(1);
  stack.convert(dtype);
  return stack.state_dict();
}

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

TEST_CASE("module: shapes and inits are known before there are values") {
  const test::MemoryMeter meter;
  Small model;
  const auto declared = model.declarations();
  CHECK(meter.peak() == 0);
  REQUIRE(declared.size() == 3);
  std::vector<std::pair<std::string, Shape>> shapes;
  for (const auto& [name, shape, init] : declared) shapes.emplace_back(name, shape);
  CHECK(shapes == std::vector<std::pair<std::string, Shape>>{{"scale", {3}}, {"block.weight", {4, 3}}, {"block.bias", {4}}});
  at::Generator generator = make_generator(1);
  Tensor drawn = at::empty(declared[0].shape, at::kFloat);
  declared[0].init(drawn, generator);
  CHECK(at::equal(drawn, at::ones({3}, at::kFloat)));
}

TEST_CASE("module: what does not fit is told without loading") {
  Small model;
  model.initialise(1);
  weights::TensorMap tensors = model.state_dict("dit.");
  CHECK(model.misfits(tensors, "dit.").empty());
  tensors["dit.scale"] = at::zeros({2}, at::kFloat);
  CHECK(model.misfits(tensors, "dit.") == std::vector<std::string>{"\"dit.scale\": expected [3], got [2]"});
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

TEST_CASE("module: a map that does not fit leaves the module as it was, and costs nothing") {
  Small model;
  model.initialise(3);
  const weights::TensorMap before = model.state_dict();
  weights::TensorMap tensors;
  for (const auto& [name, tensor] : before) tensors[name] = at::zeros_like(tensor).to(at::kBFloat16);
  tensors["extra"] = at::zeros({1}, at::kFloat);
  const test::MemoryMeter meter;
  CHECK_THROWS_AS(model.load(tensors, "model.safetensors"), CheckpointError);
  CHECK(meter.peak() == 0);
  for (const auto& [name, tensor] : model.state_dict()) CHECK(at::equal(tensor, before.at(name)));
}

TEST_CASE("module: a transposed view of a file is loaded contiguous") {
  Small first, second;
  first.initialise(2);
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    weights::TensorMap tensors = first.state_dict();
    tensors["block.weight"] = tensors["block.weight"].t().contiguous().t();
    REQUIRE_FALSE(tensors["block.weight"].is_contiguous());
    second.load(tensors, "model.pth", "", dtype);
    CHECK(second.block.weight.is_contiguous());
    CHECK(at::equal(second.block.weight, first.block.weight.to(dtype)));
  }
}

TEST_CASE("module: mapped weights of the model's own dtype cost no memory") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("stack.safetensors");
  weights::save_safetensors(path, stack_tensors(at::kBFloat16));
  const test::MemoryMeter meter;
  Stack stack;
  const auto file = weights::SafetensorsFile::open(path);
  stack.load(file.tensors(), path, "", at::kBFloat16);
  CHECK(meter.peak() == 0);
  CHECK(stack.weights[3]->data_ptr() == file.at("layers.3").data_ptr());
}

TEST_CASE("module: converting mapped weights costs the converted ones and nothing else") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("stack.safetensors");
  weights::save_safetensors(path, stack_tensors(at::kBFloat16));
  const test::MemoryMeter meter;
  Stack stack;
  stack.load(weights::SafetensorsFile::open(path).tensors(), path, "", at::kFloat);
  CHECK(meter.alive() == Stack::kLayers * Stack::kMatrix);
  CHECK(meter.peak() == Stack::kLayers * Stack::kMatrix);
}

TEST_CASE("module: weights in memory that are moved in peak at the model's size and one tensor") {
  constexpr std::size_t kConverted = Stack::kLayers * Stack::kMatrix, kSource = Stack::kMatrix / 2;
  test::MemoryMeter meter;
  Stack stack;
  weights::TensorMap tensors = stack_tensors(at::kBFloat16);
  REQUIRE(meter.alive() == Stack::kLayers * kSource);
  meter.reset_peak();
  stack.load(std::move(tensors), "stack.safetensors", "", at::kFloat);
  CHECK(meter.alive() == kConverted);
  CHECK(meter.peak() == kConverted + kSource);
}

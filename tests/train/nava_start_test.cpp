// What NAVA's backbone starts from in a training.
#include "phonofilm/train/nava_start.h"

#include "nava_toy.h"
#include "phonofilm/families/nava/checkpoint.h"
#include "phonofilm/families/nava/wan_start.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/weights/safetensors.h"

using namespace phonofilm;
using namespace phonofilm::test;
using nlohmann::json;

namespace {

weights::TensorMap in_type(weights::TensorMap tensors, at::ScalarType dtype) {
  for (auto& [name, tensor] : tensors) tensor = tensor.to(dtype);
  return tensors;
}

// What start "wan" takes over, of random values.
weights::TensorMap toy_wan(const nava::NavaTransformer& backbone) {
  std::map<std::string, Shape> shapes;
  for (const auto& declared : backbone.declarations()) shapes[declared.name] = declared.shape;
  weights::TensorMap wan;
  const at::Generator generator = make_generator(8);
  for (const auto& name : nava::wan_tensors(backbone.config())) wan[name.wan] = randn(shapes.at(name.nava), generator);
  return wan;
}

}  // namespace

TEST_CASE("nava task: weights are trained in float32 whatever their file holds, and 8 bits are refused first") {
  NavaToy toy;
  json recipe = toy.recipe();
  const std::string model = toy.folder.file("model"), own = model + "/NAVA.safetensors";
  const weights::TensorMap as_made = weights::SafetensorsFile::open(own).tensors();
  weights::save_safetensors(own, in_type(as_made, at::kBFloat16));
  const auto expect_float = [](train::Task& task) {
    for (const auto& [name, value] : task.model().named_parameters()) CHECK((value.scalar_type() == at::kFloat));
  };
  const auto published = toy.make(recipe);
  expect_float(*published);
  const auto [first, value] = published->model().named_parameters()[0];
  CHECK(at::equal(value, as_made.at("backbone." + first).to(at::kBFloat16).to(at::kFloat)));

  const nava::NavaTransformer declared(nava::read_backbone_config(model));
  const weights::TensorMap wan = toy_wan(declared);
  weights::save_safetensors(model + "/" + nava::kWanFile, in_type(wan, at::kBFloat16));
  recipe["options"]["start"] = "wan";
  const auto started = toy.make(recipe);
  expect_float(*started);
  const Tensor modulation = started->model().state_dict().at("head.modulation");
  CHECK(at::equal(modulation, wan.at("head.modulation").to(at::kBFloat16).to(at::kFloat)));

  toy.reads.clear();
  recipe["options"]["frames"] = 5;
  weights::save_safetensors(model + "/" + nava::kWanFile, in_type(wan, at::kFloat8_e4m3fn));
  CHECK_THROWS_WITH_AS(toy.make(recipe), doctest::Contains("diffusion_pytorch_model.safetensors: \""), CheckpointError);
  recipe["options"]["start"] = "published";
  weights::save_safetensors(own, in_type(as_made, at::kFloat8_e4m3fn));
  CHECK_THROWS_WITH_AS(toy.make(recipe), doctest::Contains("NAVA.safetensors: \""), CheckpointError);
  CHECK_THROWS_WITH_AS(toy.make(recipe), doctest::Contains("8 bits cannot be trained"), CheckpointError);
  weights::TensorMap lacking = as_made;
  lacking.erase("backbone.head.modulation");
  weights::save_safetensors(own, in_type(lacking, at::kBFloat16));
  CHECK_THROWS_WITH_AS(toy.make(recipe), doctest::Contains("head.modulation"), CheckpointError);
  CHECK(toy.reads.empty());
}

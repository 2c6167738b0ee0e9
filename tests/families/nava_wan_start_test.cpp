// NAVA's backbone as it begins: freshly initialised, and with the video's side taken over from Wan 2.2.
#include "phonofilm/families/nava/wan_start.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "families/nava_goldens.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/tensor/random.h"

using namespace phonofilm;
using namespace phonofilm::test;

namespace {

// Tensors in the layout of Wan's publisher that fit the backbone, each with values of its own.
weights::TensorMap wan_for(const nava::NavaTransformer& model) {
  std::map<std::string, Shape> shapes;
  for (const auto& declared : model.declarations()) shapes[declared.name] = declared.shape;
  weights::TensorMap wan;
  const at::Generator generator = make_generator(8);
  for (const auto& [theirs, own] : nava::wan_tensors(model.config())) wan[theirs] = randn(shapes.at(own), generator);
  return wan;
}

std::map<std::string, Tensor> fresh_state(nava::NavaTransformer& model) {
  model.initialise(3);
  std::map<std::string, Tensor> state;
  for (const auto& [name, value] : model.state_dict()) state[name] = value.clone();
  return state;
}

double deviation(const Tensor& x) { return x.square().mean().sqrt().item<double>(); }

}  // namespace

TEST_CASE("nava: Wan's blocks become the video's side of double blocks, then single blocks") {
  nava::NavaTransformer model(tiny_nava_config());  // 2 double, 3 single
  const auto before = fresh_state(model);
  const weights::TensorMap wan = wan_for(model);
  const TemporaryFolder folder;
  make_folder(folder.file("Wan2.2-TI2V-5B"));
  weights::save_safetensors(folder.file(nava::kWanFile), wan);
  nava::start_from_wan(model, nava::wan_weights(folder.path().string()));
  const auto after = model.state_dict();
  CHECK(at::equal(after.at("double_blocks.1.self_attn.q.weight"), wan.at("blocks.1.self_attn.q.weight")));
  CHECK(at::equal(after.at("double_blocks.0.modulation.modulation"), wan.at("blocks.0.modulation")));
  CHECK(at::equal(after.at("single_blocks.0.ffn.2.bias"), wan.at("blocks.2.ffn.2.bias")));
  CHECK(at::equal(after.at("single_blocks.2.cross_attn.norm_k.weight"), wan.at("blocks.4.cross_attn.norm_k.weight")));
  CHECK(at::equal(after.at("head.modulation"), wan.at("head.modulation")));
  std::set<std::string> taken;
  for (const auto& [theirs, own] : nava::wan_tensors(model.config())) taken.insert(own);
  CHECK(taken.size() == wan.size());
  for (const auto& [name, value] : after) {
    CAPTURE(name);
    CHECK(at::equal(value, before.at(name)) != taken.contains(name));
    const bool sound_or_voice = name.find("_audio") != std::string::npos || name.find("speaker") != std::string::npos;
    CHECK(taken.contains(name) != sound_or_voice);
  }
}

TEST_CASE("nava: Wan's weights in shards with an index, which goes before a single file") {
  nava::NavaTransformer model(tiny_nava_config());
  model.initialise(3);
  const weights::TensorMap wan = wan_for(model);
  const TemporaryFolder folder;
  const std::string wan_folder = folder.file("Wan2.2-TI2V-5B");
  make_folder(wan_folder);
  CHECK_THROWS_WITH_AS(nava::wan_weights(folder.path().string()), doctest::Contains("huggingface.co"), CheckpointError);
  weights::TensorMap shards[2];
  nlohmann::json map;
  size_t count = 0;
  for (const auto& [name, value] : wan) {
    const size_t shard = count++ % 2;
    shards[shard][name] = value;
    map[name] = "diffusion_pytorch_model-0000" + std::to_string(shard + 1) + "-of-00002.safetensors";
  }
  for (size_t i = 0; i < 2; ++i) {
    weights::save_safetensors(
        wan_folder + "/diffusion_pytorch_model-0000" + std::to_string(i + 1) + "-of-00002.safetensors", shards[i]);
  }
  save_json(folder.file(nava::kWanIndexFile), {{"weight_map", map}});
  nava::start_from_wan(model, nava::wan_weights(folder.path().string()));
  CHECK(at::equal(model.state_dict().at("time_projection.1.weight"), wan.at("time_projection.1.weight")));
}

TEST_CASE("nava: everything that does not fit about Wan's weights is told at once, and nothing is changed") {
  nava::NavaTransformer model(tiny_nava_config());
  const auto before = fresh_state(model);
  weights::TensorMap wan = wan_for(model);
  wan.erase("blocks.3.norm3.bias");
  wan["blocks.5.modulation"] = at::zeros({1, 6, 96});
  wan["blocks.0.ffn.0.weight"] = at::zeros({3, 3});
  const TemporaryFolder folder;
  weights::save_safetensors(folder.file("wan.safetensors"), wan);
  std::string message;
  try {
    nava::start_from_wan(model, folder.file("wan.safetensors"));
  } catch (const CheckpointError& error) {
    message = error.what();
  }
  CHECK(message.find("3 tensors do not fit") != std::string::npos);
  CHECK(message.find("missing \"blocks.3.norm3.bias\"") != std::string::npos);
  CHECK(message.find("unexpected \"blocks.5.modulation\"") != std::string::npos);
  CHECK(message.find("\"blocks.0.ffn.0.weight\": expected [160, 96], got [3, 3]") != std::string::npos);
  for (const auto& [name, value] : model.state_dict()) CHECK(at::equal(value, before.at(name)));
}

TEST_CASE("nava: Wan's weights of 16 bits are taken over in float32, those of 8 bits refused by their file's name") {
  nava::NavaTransformer model(tiny_nava_config());
  const auto before = fresh_state(model);
  weights::TensorMap wan = wan_for(model);
  const TemporaryFolder folder;
  const std::string path = folder.file("wan.safetensors");
  const auto save_as = [&](at::ScalarType dtype) {
    weights::TensorMap stored;
    for (const auto& [name, value] : wan) stored[name] = value.to(dtype);
    weights::save_safetensors(path, stored);
  };
  save_as(at::kFloat8_e4m3fn);
  CHECK_THROWS_WITH_AS(nava::check_wan_start(model, path), doctest::Contains("wan.safetensors: \""), CheckpointError);
  CHECK_THROWS_WITH_AS(nava::start_from_wan(model, path), doctest::Contains("8 bits cannot be trained"),
                       CheckpointError);
  for (const auto& [name, value] : model.state_dict()) CHECK(at::equal(value, before.at(name)));
  for (const at::ScalarType dtype : {at::kBFloat16, at::kHalf}) {
    save_as(dtype);
    nava::start_from_wan(model, path);
    for (const auto& [name, value] : model.state_dict()) CHECK((value.scalar_type() == at::kFloat));
    CHECK(at::equal(model.state_dict().at("head.head.weight"), wan.at("head.head.weight").to(dtype).to(at::kFloat)));
  }
}

TEST_CASE("nava: at full size all 825 tensors of Wan2.2-TI2V-5B have a place of their shape") {
  const nava::NavaTransformer model{nava::NavaConfig{}};
  std::map<std::string, Shape> shapes;
  for (const auto& declared : model.declarations()) shapes[declared.name] = declared.shape;
  const auto names = nava::wan_tensors(model.config());
  CHECK(names.size() == 825);
  double values = 0;
  for (const auto& [theirs, own] : names) {
    CAPTURE(theirs);
    REQUIRE(shapes.contains(own));
    values += double(c10::multiply_integers(shapes.at(own)));
  }
  CHECK(values == 4'999'787'712.0);
}

TEST_CASE("nava: a fresh backbone is drawn as Wan's code draws it") {
  nava::NavaConfig config = tiny_nava_config();
  config.dim = 192;
  config.num_heads = 6;
  nava::NavaTransformer model(config);
  for (const auto& [name, value] : fresh_state(model)) {
    CAPTURE(name);
    const double fan_in = double(value.numel()) / double(value.size(0)), fan_out = double(value.size(0));
    const bool embedding = name.starts_with("text_embedding") || name.starts_with("time_embedding");
    if (name.find("modulation") != std::string::npos) {
      CHECK(deviation(value) == doctest::Approx(1 / std::sqrt(192.0)).epsilon(0.2));
    } else if (name == "head.head.weight" || name == "speaker_embedding.null_token" || name.ends_with("bias")) {
      CHECK(value.abs().max().item<double>() == 0);
    } else if (value.dim() == 1) {
      CHECK(value.eq(1).all().item<bool>());  // norms
    } else if (embedding) {
      CHECK(deviation(value) == doctest::Approx(0.02).epsilon(0.1));
    } else if (value.dim() == 2 || name == "patch_embedding.weight") {
      const double bound = std::sqrt(6 / (fan_in + fan_out));  // Xavier; a convolution counts as its flattened matrix
      CHECK(value.abs().max().item<double>() <= bound);
      CHECK(deviation(value) == doctest::Approx(bound / std::sqrt(3.0)).epsilon(0.1));
    }
  }
}

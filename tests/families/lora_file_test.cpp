// LoRAs that are added to whole models.
#include "phonofilm/families/lora_file.h"

#include "families/nava_films.h"
#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "phonofilm/weights/tensor_file.h"

using namespace phonofilm;
using namespace phonofilm::test;

namespace {

// A LoRA of rank 2 for a layer of 96 x 96, as a file.
std::string write_lora(const ModelFolder& folder, const std::string& layer) {
  const std::string path = folder.file("voice.safetensors");
  weights::save_safetensors(path, {{layer + ".lora_A.weight", randn({2, 96}, make_generator(1))},
                                   {layer + ".lora_B.weight", randn({96, 2}, make_generator(2))}});
  return path;
}

// Loads the folder with half of a LoRA and again with the sum of both in the file; they shall compute the same.
void expect_as_merged(const ModelFolder& folder, const std::string& file, const std::string& matrix, const std::string& layer) {
  const auto plain = velocity_of(*folder.load(), {.text = "rain"});
  const auto changed = folder.load({.loras = {{write_lora(folder, layer), 0.5}}});
  CHECK(changed->info().name() == folder.load()->info().name() + " with voice.safetensors:0.5");
  const auto velocity = velocity_of(*changed, {.text = "rain"});
  weights::TensorMap tensors = weights::open_tensors(folder.file(file)).tensors;
  for (auto& [name, tensor] : tensors) tensor = tensor.clone();
  const Tensor product = at::matmul(randn({96, 2}, make_generator(2)), randn({2, 96}, make_generator(1)));
  tensors.at(matrix) = (tensors.at(matrix).to(at::kFloat) + 0.5 * product).to(tensors.at(matrix).scalar_type());
  folder.remove(file);
  weights::save_safetensors(folder.file(file), tensors);
  const auto merged = velocity_of(*folder.load(), {.text = "rain"});
  expect_close(velocity.video, merged.video, 1e-6);
  expect_close(velocity.audio, merged.audio, 1e-6);
  CHECK(relative_error(velocity.video, plain.video) > 1e-3);
}

}  // namespace

TEST_CASE("lora: a file, with or without a scale") {
  CHECK(families::parse_lora("a/voice.safetensors").path == "a/voice.safetensors");
  CHECK(families::parse_lora("a/voice.safetensors").scale == 1);
  CHECK(families::parse_lora("voice.safetensors:-0.8").path == "voice.safetensors");
  CHECK(families::parse_lora("voice.safetensors:-0.8").scale == -0.8);
  CHECK(families::parse_lora("c:voice").path == "c:voice");
  for (const char* wrong : {"", ":0.5", "voice:inf", "voice:nan"}) {
    CHECK_THROWS_WITH_AS(families::parse_lora(wrong), doctest::Contains("FILE:SCALE"), InvalidRequest);
  }
  CHECK(families::lora_names({{"a/voice.safetensors", 0.8}, {"b/look.safetensors"}}) ==
        "voice.safetensors:0.8 + look.safetensors");
}

TEST_CASE("lora: NAVA computes with it as with weights that it was added to") {
  expect_as_merged(NavaFolder(), "NAVA.safetensors", "backbone.double_blocks.0.self_attn.q.weight",
                   "diffusion_model.double_blocks.0.self_attn.q");
}

TEST_CASE("lora: a file of another model is refused by name") {
  const OviFolder folder;
  const std::string lora = write_lora(folder, "double_blocks.0.self_attn.q");
  CHECK_THROWS_WITH_AS(folder.load({.loras = {{lora}}}), doctest::Contains("no such layer"), CheckpointError);
  const std::string own = write_lora(folder, "audio_model.blocks.0.self_attn.q");
  CHECK(folder.load({.loras = {{own}}})->info().loras == "voice.safetensors");
  CHECK_THROWS_WITH_AS(folder.load({.loras = {{folder.file("none")}}}), doctest::Contains("none"), CheckpointError);
}

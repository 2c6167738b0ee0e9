// What is kept of a given film, in saved latents: it survives them, and no damaged part of it is taken.
#include "phonofilm/pipeline/kept_entry.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/pipeline/latent_file.h"
#include "phonofilm/tensor/ops.h"
#include "support/support.h"

using namespace phonofilm;
using nlohmann::json;

namespace {

// 9 pictures and their sound, all but a moment of which is kept.
void save(const std::string& path) {
  pipeline::SavedLatent saved;
  saved.model = "a model";
  saved.request.prompt = "a ball";
  saved.spec = {9, 8, 8, 6000, 16000};
  saved.latent = saved.noise = {at::zeros({1, 3, 3, 1, 1}), at::zeros({1, 4, 12})};
  families::KeptFilm& kept = saved.given.kept;
  kept.clip = {at::zeros({9, 8, 8, 3}, at::kByte), 24, at::zeros({1, 6000}), 16000};
  kept.video = {{0, 0.1}, {0.3, pipeline::kToTheEnd}};
  kept.audio = {{0, 0.2}};
  pipeline::save_latent(path, saved);
}

// Loads a copy of the file whose kept part has been changed.
void load_changed(const std::string& path, const json& patch, const std::string& name, const Tensor& tensor) {
  const auto file = weights::SafetensorsFile::open(path);
  weights::TensorMap tensors;
  for (const auto& [key, value] : file.tensors()) tensors[key] = value;
  if (!name.empty()) tensors.erase(name);
  if (tensor.defined()) tensors[name] = tensor;
  weights::Metadata metadata = file.metadata();
  json kept = json::parse(metadata.at("kept"));
  kept.merge_patch(patch);
  metadata["kept"] = kept.dump();
  weights::save_safetensors(path + ".changed", tensors, metadata);
  pipeline::load_latent(path + ".changed");
}

}  // namespace

TEST_CASE("what is kept survives a file") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("film.latents.safetensors");
  save(path);
  const families::KeptFilm kept = pipeline::load_latent(path).given.kept;
  CHECK((kept.video == std::vector<families::TimeSpan>{{0, 0.1}, {0.3, pipeline::kToTheEnd}}));
  CHECK((kept.audio == std::vector<families::TimeSpan>{{0, 0.2}}));
  CHECK(kept.clip.frames.size(0) == 9);
  CHECK_NOTHROW(load_changed(path, json::object(), "", {}));
}

TEST_CASE("damaged spans and rates of what is kept are refused") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("film.latents.safetensors");
  save(path);
  const std::vector<std::pair<const char*, const char*>> table{
      {R"({"video": 3})", "expected a list of spans"},
      {R"({"video": [3]})", "expected [first, last]"},
      {R"({"video": [["a", 1]]})", "expected [first, last]"},
      {R"({"video": [[0, 0.1, 0.2]]})", "expected [first, last]"},
      {R"({"video": [[0.2, 0.1]]})", "no span of a film"},
      {R"({"video": [[-1, 0.1]]})", "no span of a film"},
      {R"({"audio": [[0, 1e300]]})", "no span of a film"},
      {R"({"video": [[0.1, 0.2], [0, 0.05]]})", "spans out of order"},
      {R"({"video": [[0, 0.2], [0.1, 0.3]]})", "spans out of order"},
      {R"({"audio": [[0.5, 0.6]]})", "a span begins at 0.5 s, and what is kept lasts 0.375 s"},
      {R"({"fps": 0})", "no film has 0 pictures"},
      {R"({"fps": "24"})", "expected video, audio, fps and sample_rate"},
      {R"({"sample_rate": -1})", "-1 samples a second"}};
  for (const auto& [patch, message] : table) {
    CAPTURE(patch);
    CHECK_THROWS_WITH_AS(load_changed(path, json::parse(patch), "", {}), doctest::Contains(message), CheckpointError);
  }
}

TEST_CASE("damaged tensors of what is kept are refused") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("film.latents.safetensors");
  save(path);
  const auto refused = [&](const char* name, const Tensor& tensor, const char* message) {
    CAPTURE(message);
    CHECK_THROWS_WITH_AS(load_changed(path, json::object(), name, tensor), doctest::Contains(message),
                         CheckpointError);
  };
  refused("kept_frames", {}, "what is kept lasts 0 s");
  refused("kept_waveform", {}, "what is kept lasts 0 s");
  refused("kept_frames", at::zeros({9, 8, 8, 4}, at::kByte), "expected uint8 [F, H, W, 3], got Byte [9, 8, 8, 4]");
  refused("kept_frames", at::zeros({9, 8, 8, 3}), "got Float");
  refused("kept_frames", at::zeros({0, 8, 8, 3}, at::kByte), "expected uint8 [F, H, W, 3]");
  refused("kept_waveform", at::zeros({6000}), "expected float32 [channels, samples]");
  refused("kept_waveform", at::full({1, 6000}, NAN), "samples that are no numbers");
}

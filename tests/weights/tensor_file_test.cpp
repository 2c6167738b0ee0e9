#include "phonofilm/weights/tensor_file.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::weights;
using nlohmann::json;

namespace {

void write_file(const std::string& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

Tensor filled(std::int64_t size, double value) { return at::full({size}, value, at::kFloat); }

// Two shards, a.safetensors {x, y} and b.safetensors {z}, beside an index with this weight_map.
class Sharded {
 public:
  explicit Sharded(const json& weight_map) {
    save_safetensors(folder_.file("a.safetensors"), {{"x", filled(2, 1)}, {"y", filled(3, 2)}});
    save_safetensors(folder_.file("b.safetensors"), {{"z", filled(4, 3)}});
    write_file(path(), json{{"metadata", {{"total_size", 36}, {"format", "pt"}}}, {"weight_map", weight_map}}.dump());
  }
  std::string path() const { return folder_.file("model.safetensors.index.json"); }

 private:
  test::TemporaryFolder folder_;
};

std::string refusal(const std::string& path) {
  try {
    open_tensors(path);
  } catch (const CheckpointError& error) {
    CHECK(std::string(error.what()).find(path) != std::string::npos);
    return error.what();
  }
  FAIL_CHECK("accepted");
  return "";
}

void check_contains(const std::string& text, std::initializer_list<const char*> parts) {
  for (const char* part : parts) {
    CAPTURE(text);
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("tensor file: the content decides, whatever the name says") {
  const test::TemporaryFolder folder;
  save_safetensors(folder.file("weights.pth"), {{"x", filled(2, 1)}}, {{"type", "toy"}});
  std::filesystem::copy_file(test::testdata("torch_archives/nested.pt"), folder.file("weights.safetensors"));
  const TensorFile first = open_tensors(folder.file("weights.pth")), second = open_tensors(folder.file("weights.safetensors"));
  CHECK(first.path == folder.file("weights.pth"));
  CHECK(first.metadata.at("type") == "toy");
  CHECK(first.tensors.at("x").sum().item<double>() == 2);
  CHECK(second.metadata.at("epoch") == "12");
  CHECK(second.tensors.contains("generator.conv_pre.weight_g"));
}

TEST_CASE("tensor file: a sharded checkpoint is one map of tensors") {
  const Sharded shards({{"x", "a.safetensors"}, {"y", "a.safetensors"}, {"z", "b.safetensors"}});
  const TensorFile file = open_tensors(shards.path());
  CHECK(file.path == shards.path());
  CHECK(file.metadata == Metadata{{"format", "pt"}, {"total_size", "36"}});
  REQUIRE(file.tensors.size() == 3);
  CHECK(file.tensors.at("y").sum().item<double>() == 6);
  CHECK(file.tensors.at("z").sum().item<double>() == 12);
}

TEST_CASE("tensor file: shards may be PyTorch archives, in a folder below") {
  const test::TemporaryFolder folder;
  std::filesystem::create_directory(folder.file("parts"));
  std::filesystem::copy_file(test::testdata("torch_archives/protocol4.pt"), folder.file("parts/0.bin"));
  const json map{{"a", "parts/0.bin"}, {"nested.b", "parts/0.bin"}, {"nested.c", "parts/0.bin"}};
  write_file(folder.file("pytorch_model.bin.index.json"), "\n " + json{{"weight_map", map}}.dump());
  CHECK(open_tensors(folder.file("pytorch_model.bin.index.json")).tensors.size() == 3);
}

TEST_CASE("tensor file: one error lists everything that is wrong with the shards") {
  const Sharded shards({{"x", "b.safetensors"}, {"z", "b.safetensors"}, {"w", "a.safetensors"}, {"v", "c.safetensors"}});
  check_contains(refusal(shards.path()),
                 {"5 problems", "\"x\" is in a.safetensors, the index says b.safetensors", "unexpected \"y\" in a.safetensors",
                  "missing \"x\" in b.safetensors", "missing \"w\" in a.safetensors", "c.safetensors: cannot be opened"});
}

TEST_CASE("tensor file: a long list of problems is cut") {
  json map{{"x", "a.safetensors"}, {"y", "a.safetensors"}, {"z", "b.safetensors"}};
  for (int i = 0; i < 300; ++i) map["missing." + std::to_string(i)] = "a.safetensors";
  check_contains(refusal(Sharded(map).path()), {"300 problems", "and 200 more"});
}

TEST_CASE("tensor file: an index cannot lead out of its folder") {
  for (const char* name : {"../a.safetensors", "/etc/passwd", "parts/../../a.safetensors", "", "..", "a\n.safetensors"}) {
    CAPTURE(name);
    check_contains(refusal(Sharded(json{{"x", name}}).path()), {"weight_map places tensor \"x\"", "the index's own folder"});
  }
  check_contains(refusal(Sharded(json{{"x", 3}}).path()), {"weight_map places tensor \"x\" in \"3\""});
}

TEST_CASE("tensor file: damaged indices") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("index.json");
  const std::pair<std::string, const char*> faults[] = {
      {"{\"weight_map\": ", "is not a JSON object"},
      {"{\"weights\": {}}", "no object \"weight_map\""},
      {"{\"weight_map\": [1]}", "no object \"weight_map\""},
      {"{\"weight_map\": {\"x\": \"a\", \"x\": \"b\"}}", "has the key \"x\" twice"},
      {"{\"weight_map\": " + std::string(50, '[') + std::string(50, ']') + "}", "nests deeper"},
      {"{\"metadata\": 3, \"weight_map\": {\"x\": \"index.json\"}}", "is JSON, not weights"}};
  for (const auto& [content, message] : faults) {
    write_file(path, content);
    CAPTURE(content);
    check_contains(refusal(path), {message});
  }
}

TEST_CASE("tensor file: what is no weights file at all") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("model.safetensors");
  const std::pair<std::string, const char*> faults[] = {
      {"", "is empty"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer"},
      {"<!DOCTYPE html><html>", "neither safetensors, nor a PyTorch archive, nor an index of shards; it begins \"<!DOCTYPE html><\""},
      {"\x80\x02}q", "plain pickle format of PyTorch before 1.6"},
      {"PK\x03\x04", "no zip directory at its end: truncated"}};
  for (const auto& [content, message] : faults) {
    write_file(path, content);
    check_contains(refusal(path), {message});
  }
  check_contains(refusal(folder.path().string()), {"is not a file"});
}

#include <sys/stat.h>

#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/tensor_file.h"
#include "weights/archive_builder.h"
#include "weights/corrupt_files.h"

using namespace phonofilm;
using namespace phonofilm::test;

namespace {

// A safetensors file that holds one tensor of four bytes.
std::string shard_of(const std::string& tensor) {
  const std::string header = "{\"" + tensor + "\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}}";
  return little(header.size(), 8) + header + std::string(4, '\x01');
}

std::string map_of(const std::string& entries) { return "{\"weight_map\": {" + entries + "}}"; }
std::string in_shard(const std::string& shard) { return map_of("\"x\": \"" + shard + "\""); }

// What lies beside every index.
const std::map<std::string, std::string> kNeighbours{
    {"a.safetensors", shard_of("x")}, {"b.safetensors", shard_of("z")}, {"cut.safetensors", shard_of("x").substr(0, 30)},
    {"other.index.json", in_shard("corrupt_checkpoint")}, {"empty", ""}, {"notes.txt", "to be read"}, {"old.pt", "\x80\x02}."},
    {"pointer", "version https://git-lfs.github.com/spec/v1\n"}, {"hostile.pt", archive(pickle::whole(pickle::call("os", "system", "")), "")}};

void add_paths(Faults& faults) {
  const char* message = "weight_map places tensor \"x\" in";
  for (const char* shard : {"../a.safetensors", "/etc/passwd", "//a.safetensors", "..", "./..", "", "parts/../../a.safetensors", "../../../../etc/shadow",
                            "a.safetensors/../../b", "a\\n.safetensors", "\\u001b[2J", "\\u009b2J", "\\u202eabc", "\\u0000", "a.safetensors\\u0000.txt", "\\t"}) {
    faults.push_back({"path", in_shard(shard), message});
  }
  faults.push_back({"long path", in_shard(std::string(5000, 'a')), message});
  for (const char* shard : {"3", "null", "true", "1.5", "[]", "{}", "[\"a.safetensors\"]", "{\"file\": \"a.safetensors\"}", "-1"}) {
    faults.push_back({"shard that is no name", map_of(std::string("\"x\": ") + shard), message});
  }
}

void add_shards(Faults& faults) {
  const std::pair<const char*, const char*> shards[] = {
      {"missing.safetensors", "missing.safetensors: cannot be opened: No such file"}, {".", "is not a file"}, {"./", "is not a file"},
      {"a.safetensors/x", "Not a directory"}, {"b.safetensors", "unexpected \"z\" in b.safetensors: the index does not name it"},
      {"cut.safetensors", "cut.safetensors: header claims"}, {"empty", "empty: is empty"}, {"pointer", "is a Git LFS pointer"},
      {"old.pt", "plain pickle format of PyTorch before 1.6"}, {"notes.txt", "it begins \"to be read\""}, {"hostile.pt", "nothing was executed"},
      {"corrupt_checkpoint", "is JSON, not weights"}, {"./corrupt_checkpoint", "is JSON, not weights"}, {"other.index.json", "is JSON, not weights"}};
  for (const auto& [shard, message] : shards) faults.push_back({"shard", in_shard(shard), message});
  faults.push_back({"missing tensor", map_of(R"("x": "a.safetensors", "y": "a.safetensors")"), "missing \"y\" in a.safetensors"});
  faults.push_back({"wrong shard", map_of(R"("x": "b.safetensors", "z": "a.safetensors")"), "\"x\" is in a.safetensors, the index says b.safetensors"});
  faults.push_back({"one file by two names", map_of(R"("x": "a.safetensors", "y": "./a.safetensors")"), "\"x\" is in ./a.safetensors, the index says"});
  faults.push_back({"steering tensor", map_of(R"("\u001b[2J\u009b": "a.safetensors")"), "missing \" [2J \" in a.safetensors"});
}

void add_json(Faults& faults) {
  const std::string good = map_of(R"("x": "a.safetensors")");
  for (std::size_t length = 1; length < good.size(); length += 3) {
    faults.push_back({"truncated", good.substr(0, length), "is not a JSON object"});
  }
  for (const char* index : {"{}", "{\"weights\": {}}", "{\"weight_map\": [1]}", "{\"weight_map\": null}", "{\"weight_map\": \"a\"}", "{\"weight_map\": 3}",
                            "{\"Weight_map\": {}}", "{\"metadata\": {\"weight_map\": {}}}"}) {
    faults.push_back({"no map", index, "it has no object \"weight_map\""});
  }
  for (const char* index : {"{\"weight_map\": {}} {}", "{'weight_map': {}}", "{\"weight_map\": {},}", "{\"weight_map\": {\"\xff\": \"a\"}}", "{// why\n}",
                            "{\"weight_map\": 1e999}", "{\"weight_map\": {\"x\": \"\\ud800\"}}"}) {
    faults.push_back({"not JSON", index, "is not a JSON object"});
  }
  faults.push_back({"NUL", good + std::string("\0 and more", 10), "it holds a NUL byte"});
  faults.push_back({"duplicate", map_of(R"("x": "a.safetensors", "x": "b.safetensors")"), "has the key \"x\" twice"});
  faults.push_back({"duplicate", map_of(R"("x": "a.safetensors", "\u0078": "a.safetensors")"), "has the key \"x\" twice"});
  faults.push_back({"duplicate", R"({"weight_map": {}, "weight_map": {"x": "a.safetensors"}})", "has the key \"weight_map\" twice"});
  faults.push_back({"duplicate", R"({"metadata": {}, "metadata": {}, "weight_map": {}})", "has the key \"metadata\" twice"});
  for (const std::size_t depth : {16u, 1000u, 300'000u}) {
    const std::string lists = std::string(depth, '[') + std::string(depth, ']');
    faults.push_back({"deep", "{\"weight_map\": " + lists + "}", "nests deeper than 16 levels"});
    faults.push_back({"deep", "{\"metadata\": " + lists + ", \"weight_map\": {}}", "nests deeper than 16 levels"});
  }
}

}  // namespace

TEST_CASE("corrupt files: indices of shards") {
  Faults faults;
  add_paths(faults);
  add_shards(faults);
  add_json(faults);
  CHECK(check_refused(faults, [](const std::string& path) { weights::open_tensors(path); }, kNeighbours) >= 70);
}

TEST_CASE("corrupt files: a named pipe in the place of weights does not hang the program") {
  const TemporaryFolder folder;
  const std::string path = folder.file("model.safetensors");
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  CHECK_THROWS_WITH_AS(weights::open_tensors(path), doctest::Contains("is not a file"), CheckpointError);
}

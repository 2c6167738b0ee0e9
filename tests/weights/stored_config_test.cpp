// Configurations beside the tensors of a file: the same from an archive of torch.save and from safetensors, and nothing but
// plain values of bounded size.
#include "phonofilm/weights/stored_config.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "phonofilm/base/files.h"
#include "phonofilm/weights/tensor_file.h"
#include "phonofilm/weights/torch_archive.h"
#include "weights/archive_builder.h"
#include "weights/corrupt_files.h"

using namespace phonofilm;
using namespace phonofilm::test;
using namespace phonofilm::test::pickle;
using Json = nlohmann::json;

namespace {

const std::string kData(24, '\x01');
const std::string kTensor = tensor(storage({}), 0, {2, 3}, {3, 1});

std::string real(std::uint64_t bits) { return "G" + little(__builtin_bswap64(bits), 8); }
std::string list(const std::string& items) { return "](" + items + "e"; }

std::string with_config(const std::string& config) {
  return archive(whole(kEmptyDict + entry("w", kTensor) + entry("model_config", config)), kData);
}
std::string holding(const std::string& value) {
  return with_config(kEmptyDict + entry("a", kEmptyDict + entry("b", value)));
}

std::string safetensors(const Json& metadata) {
  Json header = {{"w", {{"dtype", "F32"}, {"shape", {1}}, {"data_offsets", {0, 4}}}}};
  if (!metadata.is_null()) header["__metadata__"] = metadata;
  const std::string text = header.dump();
  return little(text.size(), 8) + text + std::string(4, '\0');
}

Json config_of(const std::string& path) {
  const auto file = weights::FileBytes::map(path);
  return weights::read_stored_config(file, weights::open_tensors(file).metadata, "model_config");
}

Json config_in(const std::string& bytes) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("weights"), std::ios::binary) << bytes;
  return config_of(folder.file("weights"));
}

std::string repeated(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

void add_foreign_values(Faults& faults) {
  const char* message = "\"a.b\" is neither a number, a string, a flag, None, a list nor a dictionary";
  for (const std::string& value : {kTensor, storage({}), global("torch", "bfloat16"), "\x8a\x09" + std::string(9, '\x7f')}) {
    faults.push_back({"foreign value", holding(value), message});
  }
  faults.push_back({"in a list", holding(list(number(1) + kTensor)), "\"a.b[1]\" is neither"});
  for (const std::uint64_t bits : {0x7FF0000000000000u, 0xFFF0000000000000u, 0x7FF8000000000000u}) {
    faults.push_back({"number", holding(real(bits)), "\"a.b\" is not a finite number"});
  }
  for (const std::string& key : {number(1), kNone, kTrue, kEmptyTuple, kTensor}) {
    faults.push_back({"key", with_config(kEmptyDict + key + number(1) + "s"), "it has a key that is no string"});
  }
  const std::string twice = entry("a", number(1)) + entry("a", number(1));
  faults.push_back({"same key", with_config(kEmptyDict + twice), "\"a\" stands twice"});
}

void add_sizes(Faults& faults) {
  faults.push_back({"depth", holding(std::string(20, ']') + std::string(19, 'a')), "nests deeper than 16 levels"});
  faults.push_back({"cycle", with_config("}q" + little(0, 1) + entry("k", "h" + little(0, 1))), "or contains itself"});
  faults.push_back({"cycle", holding("]q" + little(0, 1) + "h" + little(0, 1) + "a"), "or contains itself"});
  faults.push_back({"values", holding(list(repeated("N", 4096))), "exceeds 4096 values"});
  faults.push_back({"text", holding(text(std::string(65'536, 'x'))), "exceeds 65536 bytes of text"});
  const std::string thousand = text(std::string(1000, 'x')) + "q" + little(0, 1);
  faults.push_back({"text", holding(list(thousand + repeated("h" + little(0, 1), 70))), "bytes of text"});
  faults.push_back({"key", with_config(kEmptyDict + entry(std::string(65'537, 'k'), number(1))), "bytes of text"});
  std::string laughs = kEmptyList + "q" + little(0, 1);  // every list holds the one before it ten times
  for (int level = 1; level < 12; ++level) {
    laughs = list(laughs + repeated("h" + little(std::uint64_t(level) - 1, 1), 9)) + "q" + little(std::uint64_t(level), 1);
  }
  faults.push_back({"billion laughs", holding(laughs), "exceeds 4096 values"});
}

void add_places(Faults& faults) {
  const char* none = "holds no dictionary \"model_config\"";
  for (const std::string& value : {number(1), kNone, kEmptyList, text("{}"), kTensor}) {
    faults.push_back({"no dictionary", with_config(value), none});
  }
  faults.push_back({"absent", archive(whole(kEmptyDict + entry("w", kTensor)), kData), none});
  const std::string inner = entry("model_config", kEmptyDict + entry("a", number(1)));
  faults.push_back({"deeper", archive(whole(kEmptyDict + entry("state", kEmptyDict + inner)), kData), none});
  const std::string again = inner + entry("model_config", kEmptyDict);
  faults.push_back({"twice", archive(whole(kEmptyDict + again), kData), "appears twice"});
  faults.push_back({"root", archive(whole(kEmptyList), kData), "holds something else than a dictionary"});
  faults.push_back({"not read", "PK\x03\x04 and no more", ""});
}

}  // namespace

TEST_CASE("stored config: plain values of an archive, as JSON") {
  const std::string shared = "h" + little(0, 1);
  const std::string config = kOrderedDict + entry("none", kNone) + entry("yes", kTrue) + entry("count", number(-7)) +
                             entry("half", real(0x3FE0000000000000u)) + entry("name", text("äö")) +
                             entry("kernel", tuple(number(3) + number(5)) + "q" + little(0, 1)) +
                             entry("stages", list(shared + shared + kEmptyDict)) + entry("a.b", kEmptyTuple);
  const Json expected = {{"none", nullptr}, {"yes", true},    {"count", -7},
                         {"half", 0.5},     {"name", "äö"},   {"kernel", {3, 5}},
                         {"a.b", Json::array()}, {"stages", {{3, 5}, {3, 5}, Json::object()}}};
  CHECK(config_in(with_config(config)) == expected);
  CHECK(config_in(safetensors({{"model_config", expected.dump()}})) == expected);
  CHECK(config_in(with_config(text(R"({"F": 24})"))) == Json{{"F", 24}});
  CHECK(config_in(with_config(kEmptyDict)) == Json::object());
  CHECK(config_in(holding(list(repeated("K\x07", 4000))))["a"]["b"].size() == 4000);
}

TEST_CASE("stored config: a publisher's archive, its copy as safetensors, and the dictionary it was made from") {
  const auto golden = [](const char* name) { return testdata(std::string("goldens/redimnet-tiny/") + name); };
  const Json expected = Json::parse(read_file(golden("config.json")));
  REQUIRE(expected["stages_setup"].size() == 6);
  CHECK(config_of(golden("M-vb2+vox2+cnc-ft_mix.pt")) == expected);
  CHECK(config_of(golden("redimnet.safetensors")) == expected);
}

TEST_CASE("corrupt files: configurations in archives") {
  Faults faults;
  add_foreign_values(faults);
  add_sizes(faults);
  add_places(faults);
  CHECK(check_refused(faults, [](const std::string& path) {
          weights::TorchArchive::read_dictionary(weights::FileBytes::map(path), "model_config");
        }) >= 25);
}

TEST_CASE("corrupt files: configurations in safetensors") {
  Faults faults;
  faults.push_back({"absent", safetensors(nullptr), "its metadata holds no \"model_config\""});
  faults.push_back({"absent", safetensors({{"format", "pt"}}), "its metadata holds no \"model_config\""});
  const char* unreadable[] = {"", "{", "[1]", "3", "{\"F\": }", "{} {}", "{\"F\": NaN}", "{'F': 24}"};
  for (const char* config : unreadable) {
    faults.push_back({"no object", safetensors({{"model_config", config}}), "\"model_config\" is not a JSON object"});
  }
  faults.push_back({"same key", safetensors({{"model_config", R"({"F": 1, "F": 2})"}}), "has the key \"F\" twice"});
  const std::string deep = R"({"a": )" + std::string(20, '[') + std::string(20, ']') + "}";
  faults.push_back({"depth", safetensors({{"model_config", deep}}), "nests deeper than 16 levels"});
  CHECK(check_refused(faults, [](const std::string& path) { config_of(path); }) >= 10);
}

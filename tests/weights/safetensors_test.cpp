#include "phonofilm/weights/safetensors.h"

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::weights;
using nlohmann::json;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Without the flush to disk that base/files.h waits for: these tests write hundreds of files.
void write_file(const std::string& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

// A file in the format, from a header that may be nonsense.
std::string encode(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + header + data;
}
std::string encode(const json& header, std::size_t data_bytes) { return encode(header.dump(), std::string(data_bytes, '\x01')); }

json entry(const std::string& dtype, const json& shape, const json& offsets) {
  return {{"dtype", dtype}, {"shape", shape}, {"data_offsets", offsets}};
}

// The message of the CheckpointError that opening `content` throws; fails the test if it opens.
std::string refusal(const std::string& content) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("bad.safetensors");
  write_file(path, content);
  try {
    SafetensorsFile::open(path);
  } catch (const CheckpointError& error) {
    CHECK(contains(error.what(), "bad.safetensors"));
    return error.what();
  }
  FAIL_CHECK("a malformed file was accepted");
  return "";
}

}  // namespace

TEST_CASE("safetensors: every dtype survives a round trip bit by bit, with metadata") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("all.safetensors");
  at::Generator generator = make_generator(1);
  TensorMap tensors;
  for (const at::ScalarType type : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort,
                                    at::kChar, at::kByte, at::kBool, at::kFloat8_e4m3fn, at::kFloat8_e5m2}) {
    tensors[dtype_name(type)] = (randn({3, 5}, generator) * 4).abs().to(type);
  }
  tensors["scalar"] = at::full({}, 2.5, at::kFloat);
  tensors["empty"] = at::empty({0, 4}, at::kFloat);
  tensors["transposed"] = randn({4, 6}, generator).t();
  save_safetensors(path, tensors, {{"format", "phonofilm"}, {"note", "äöü \"quoted\""}});

  const SafetensorsFile file = SafetensorsFile::open(path);
  CHECK(file.metadata() == Metadata{{"format", "phonofilm"}, {"note", "äöü \"quoted\""}});
  REQUIRE(file.tensors().size() == tensors.size());
  for (const auto& [name, tensor] : tensors) {
    CAPTURE(name);
    const Tensor& loaded = file.at(name);
    CHECK((loaded.scalar_type() == tensor.scalar_type()));
    CHECK((loaded.sizes() == tensor.sizes()));
    const bool empty = tensor.numel() == 0;  // whose data is null
    CHECK((empty || std::memcmp(loaded.data_ptr(), tensor.contiguous().data_ptr(), tensor.nbytes()) == 0));
  }
}

TEST_CASE("safetensors: tensors outlive the file object that they came from") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("a.safetensors");
  save_safetensors(path, {{"x", at::full({1000}, 3.0, at::kFloat)}});
  const Tensor kept = SafetensorsFile::open(path).at("x");
  CHECK(kept.sum().item<double>() == 3000);
}

TEST_CASE("safetensors: saving over a file whose tensors are still in use leaves them intact") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("a.safetensors");
  save_safetensors(path, {{"x", at::full({1000}, 3.0, at::kFloat)}});
  const Tensor old = SafetensorsFile::open(path).at("x");
  save_safetensors(path, {{"x", at::full({1000}, 5.0, at::kFloat)}});
  CHECK(old.sum().item<double>() == 3000);
  CHECK(SafetensorsFile::open(path).at("x").sum().item<double>() == 5000);
}

TEST_CASE("safetensors: a tensor that does not start aligned is copied, not misread") {
  const json header = {{"a", entry("U8", {3}, {0, 3})}, {"b", entry("F32", {2}, {3, 11})}};
  const float values[] = {1.5f, -2.0f};
  std::string data = "xyz" + std::string(reinterpret_cast<const char*>(values), sizeof values);
  const test::TemporaryFolder folder;
  write_file(folder.file("odd.safetensors"), encode(header.dump(), data));
  const SafetensorsFile file = SafetensorsFile::open(folder.file("odd.safetensors"));
  CHECK(file.at("b")[0].item<float>() == 1.5f);
  CHECK(file.at("b")[1].item<float>() == -2.0f);
}

TEST_CASE("safetensors: an unknown tensor name offers the nearest one") {
  const test::TemporaryFolder folder;
  save_safetensors(folder.file("a.safetensors"), {{"head.weight", at::zeros({1}, at::kFloat)}});
  const SafetensorsFile file = SafetensorsFile::open(folder.file("a.safetensors"));
  CHECK_THROWS_WITH_AS(file.at("head.weigth"), doctest::Contains("did you mean 'head.weight'"), CheckpointError);
}

TEST_CASE("safetensors: files that are not there, or not files") {
  const test::TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(SafetensorsFile::open(folder.file("missing")), doctest::Contains("No such file"), CheckpointError);
  CHECK_THROWS_WITH_AS(SafetensorsFile::open(folder.path().string()), doctest::Contains("is not a file"), CheckpointError);
}

TEST_CASE("safetensors: truncated files, at every length") {
  const json header = {{"a", entry("F32", {2, 3}, {0, 24})}, {"b", entry("U8", {5}, {24, 29})}};
  const std::string whole = encode(header, 29);
  const test::TemporaryFolder folder;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string path = folder.file("cut.safetensors");
    write_file(path, whole.substr(0, length));
    CAPTURE(length);
    CHECK_THROWS_AS(SafetensorsFile::open(path), CheckpointError);
  }
  CHECK(contains(refusal(whole.substr(0, whole.size() - 1)), "truncated?"));
  CHECK(contains(refusal(""), "only 0 bytes"));
}

TEST_CASE("safetensors: header length beyond the file or the format's limit") {
  std::string huge = encode(json::object(), 0);
  std::memset(huge.data(), 0xff, 8);
  CHECK(contains(refusal(huge), "header claims"));
  CHECK(contains(refusal(std::string("\x00\x00\x00\x00\x00\x00\x00\x80", 8)), "header claims"));
}

TEST_CASE("safetensors: headers that are not an object of entries") {
  CHECK(contains(refusal(encode("{\"a\": ", "")), "not a JSON object"));
  CHECK(contains(refusal(encode("[1, 2]", "")), "not a JSON object"));
  CHECK(contains(refusal(encode("{\"\xff\xfe\": 1}", "")), "not a JSON object"));
  CHECK(contains(refusal(encode(std::string(100'000, '['), "")), "nests deeper than 16 levels"));
  CHECK(contains(refusal(encode("{\"a\": " + std::string(1000, '[') + std::string(1000, ']') + "}", "")), "nests deeper"));
  CHECK(contains(refusal(encode("{\"a\": 3}", "")), "tensor \"a\": malformed header entry"));
  CHECK(contains(refusal(encode("{\"__metadata__\": 3}", "")), "__metadata__"));
}

TEST_CASE("safetensors: entries with missing or wrong members") {
  CHECK(contains(refusal(encode(json{{"a", {{"shape", {1}}, {"data_offsets", {0, 4}}}}}, 4)), "malformed"));
  CHECK(contains(refusal(encode(json{{"a", {{"dtype", "F32"}, {"data_offsets", {0, 4}}}}}, 4)), "shape must be"));
  CHECK(contains(refusal(encode(json{{"a", {{"dtype", "F32"}, {"shape", {1}}}}}, 4)), "data_offsets must be"));
  CHECK(contains(refusal(encode(json{{"a", entry("F32", {1}, {0})}}, 4)), "two numbers"));
  CHECK(contains(refusal(encode(json{{"a", entry("F32", {1}, {0, 4, 8})}}, 8)), "two numbers"));
  CHECK(contains(refusal(encode(json{{"a", entry("F32", {1.5}, {0, 4})}}, 4)), "shape must be"));
  CHECK(contains(refusal(encode(json{{"a", entry("F32", {-1}, {0, 4})}}, 4)), "shape must be"));
  CHECK(contains(refusal(encode(json{{"a", entry("F32", {"1"}, {0, 4})}}, 4)), "shape must be"));
  CHECK(contains(refusal(encode(json{{"a", entry("F32", {1}, {-4, 0})}}, 4)), "data_offsets must be"));
}

TEST_CASE("safetensors: a key that stands twice, at any level") {
  const std::string x = R"({"dtype": "U8", "shape": [1], "data_offsets": [0, 1]})", y = R"({"dtype": "U8", "shape": [1], "data_offsets": [1, 2]})";
  CHECK(contains(refusal(encode("{\"a\": " + x + ", \"a\": " + y + "}", "12")), "the header has the key \"a\" twice"));
  CHECK(contains(refusal(encode(R"({"a": {"dtype": "U8", "dtype": "I8", "shape": [1], "data_offsets": [0, 1]}})", "1")), "key \"dtype\" twice"));
  CHECK(contains(refusal(encode(R"({"__metadata__": {"k": "1", "k": "2"}})", "")), "key \"k\" twice"));
}

TEST_CASE("safetensors: names cannot steer the terminal that shows them") {
  const std::string message = refusal(encode(json{{"\x1b[2J", entry("F31", {1}, {0, 4})}}, 4));
  INFO(message);
  CHECK(contains(message, "[2J\""));
  CHECK_FALSE(contains(message, "\x1b"));
}

TEST_CASE("safetensors: unknown dtype") {
  CHECK(contains(refusal(encode(json{{"a", entry("F31", {1}, {0, 4})}}, 4)), "tensor \"a\": unknown dtype \"F31\""));
}

TEST_CASE("safetensors: shapes whose size overflows, also beside a zero") {
  const std::int64_t big = std::int64_t{1} << 62;
  CHECK(contains(refusal(encode(json{{"a", entry("F32", {big, 4}, {0, 4})}}, 4)), "impossible shape"));
  CHECK(contains(refusal(encode(json{{"a", entry("F32", {big, 0}, {0, 0})}}, 0)), "impossible shape"));
  CHECK(contains(refusal(encode(json{{"a", entry("U8", {big, 2}, {0, 4})}}, 4)), "impossible shape"));
  CHECK(contains(refusal(encode(json{{"a", entry("U8", json(std::vector<int>(200, 1)), {0, 1})}}, 1)), "impossible shape"));
}

TEST_CASE("safetensors: byte ranges outside the file, reversed, or of the wrong size") {
  CHECK(contains(refusal(encode(json{{"a", entry("F32", {2}, {0, 8})}}, 4)), "lie outside the file's 4"));
  CHECK(contains(refusal(encode(json{{"a", entry("F32", {1}, {8, 4})}}, 8)), "lie outside"));
  CHECK(contains(refusal(encode(json{{"a", entry("F32", {3}, {0, 8})}}, 8)), "needs 12 bytes, the header gives 8"));
}

TEST_CASE("safetensors: overlaps, holes and bytes that belong to no tensor") {
  CHECK(contains(refusal(encode(json{{"a", entry("F32", {2}, {0, 8})}, {"b", entry("F32", {2}, {4, 12})}}, 12)), "overlap"));
  CHECK(contains(refusal(encode(json{{"a", entry("F32", {2}, {0, 8})}, {"b", entry("F32", {2}, {0, 8})}}, 8)), "overlap"));
  CHECK(contains(refusal(encode(json{{"a", entry("F32", {1}, {0, 4})}, {"b", entry("F32", {1}, {8, 12})}}, 12)), "hole"));
  CHECK(contains(refusal(encode(json{{"a", entry("F32", {1}, {0, 4})}}, 9)), "5 bytes at the end belong to no tensor"));
}

TEST_CASE("safetensors: flipping any one header byte never crashes") {
  const json header = {{"a", entry("F32", {2, 3}, {0, 24})}, {"b", entry("BF16", {5}, {24, 34})}};
  const std::string whole = encode(header, 34);
  const test::TemporaryFolder folder;
  const std::string path = folder.file("flip.safetensors");
  int refused = 0;
  for (std::size_t position = 0; position + 34 < whole.size(); ++position) {
    for (const char flip : {'\x01', '\x10', '\x7f'}) {
      std::string damaged = whole;
      damaged[position] = char(damaged[position] ^ flip);
      write_file(path, damaged);
      try {
        SafetensorsFile::open(path);
      } catch (const CheckpointError&) {
        ++refused;
      }
    }
  }
  CHECK(refused > 100);
}

TEST_CASE("safetensors: names that the format cannot store are refused before anything is written") {
  const test::TemporaryFolder folder;
  for (const char* name : {"__metadata__", "\xff", "\xc0\x80"}) {
    CAPTURE(name);
    CHECK_THROWS_WITH_AS(save_safetensors(folder.file("a.safetensors"), {{name, at::zeros({1}, at::kFloat)}}),
                         doctest::Contains("the format has no tensor named"), CheckpointError);
  }
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("safetensors: saving where nothing can be written") {
  const test::TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(save_safetensors(folder.file("no/such/a.safetensors"), {{"x", at::zeros({1}, at::kFloat)}}),
                       doctest::Contains("cannot be created"), ResourceError);
}

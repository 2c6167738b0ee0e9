#include "phonofilm/weights/safetensors.h"
#include "weights/archive_builder.h"
#include "weights/corrupt_files.h"

using namespace phonofilm;
using namespace phonofilm::test;

namespace {

std::string encode(const std::string& header, std::size_t data_bytes) {
  return little(header.size(), 8) + header + std::string(data_bytes, '\x01');
}
std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype": ")" + dtype + R"(", "shape": )" + shape + R"(, "data_offsets": )" + offsets + "}";
}
// {"a": <entry>} over eight bytes.
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return encode("{\"a\": " + entry(dtype, shape, offsets) + "}", 8);
}
std::string two(const std::string& first_offsets, const std::string& second_offsets, std::size_t data_bytes) {
  return encode("{\"a\": " + entry("F32", "[2]", first_offsets) + ", \"b\": " + entry("F32", "[2]", second_offsets) + "}", data_bytes);
}

void add_truncations(Faults& faults) {
  const std::string whole = two("[0, 8]", "[8, 16]", 16);
  for (std::size_t length = 0; length < 8; ++length) {
    faults.push_back({"truncated length", whole.substr(0, length), "only " + std::to_string(length) + " bytes long"});
  }
  for (std::size_t length = 8; length < whole.size() - 16; length += 4) {
    faults.push_back({"truncated header", whole.substr(0, length), "truncated (an incomplete download?)"});
  }
  for (std::size_t missing = 1; missing <= 16; ++missing) {
    faults.push_back({"truncated data", whole.substr(0, whole.size() - missing), "(truncated?)"});
  }
}

void add_lengths(Faults& faults) {
  const std::string whole = one("F32", "[2]", "[0, 8]");
  for (const std::uint64_t length : {~std::uint64_t{0}, std::uint64_t{1} << 63, std::uint64_t{1} << 32, std::uint64_t{100'000'001}}) {
    faults.push_back({"lying header length", little(length, 8) + whole.substr(8), "header claims " + std::to_string(length)});
  }
  for (const int length : {0, 1, 20, 40}) {
    faults.push_back({"short header length", little(std::uint64_t(length), 8) + whole.substr(8), "is not a JSON object"});
  }
}

void add_dtypes_and_shapes(Faults& faults) {
  for (const char* dtype : {"", "f32", "F31", "F128", "U64X", "BF16 ", "float32", "\\u0000", "C64"}) {
    faults.push_back({"wrong dtype", one(dtype, "[2]", "[0, 8]"), "unknown dtype"});
  }
  for (const char* shape : {"[-1]", "[1.5]", "[\"2\"]", "2", "{}", "null", "[[2]]", "[true]", "[18446744073709551615]", "[9223372036854775808]"}) {
    faults.push_back({"malformed shape", one("F32", shape, "[0, 8]"), "shape must be a list of sizes"});
  }
  for (const char* shape : {"[4611686018427387904]", "[4294967296, 4294967296]", "[0, 9223372036854775807, 2]",
                            "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]", "[9223372036854775807]"}) {
    faults.push_back({"overflowing shape", one("F32", shape, "[0, 8]"), "impossible shape"});
  }
  for (const char* shape : {"[]", "[0]", "[1]", "[3]", "[2, 2]", "[1000000000000]"}) {
    faults.push_back({"size mismatch", one("F32", shape, "[0, 8]"), "the header gives 8"});
  }
}

void add_offsets(Faults& faults) {
  for (const char* offsets : {"[0, 16]", "[8, 0]", "[8, 16]", "[0, 9223372036854775807]", "[9223372036854775800, 9223372036854775807]"}) {
    faults.push_back({"offsets outside", one("F32", "[2]", offsets), "lie outside the file's 8"});
  }
  for (const char* offsets : {"[-8, 0]", "[0, 8.0]", "\"0, 8\"", "[0, 18446744073709551615]", "null", "[[0, 8]]"}) {
    faults.push_back({"malformed offsets", one("F32", "[2]", offsets), "data_offsets must be a list of sizes"});
  }
  for (const char* offsets : {"[]", "[8]", "[0, 4, 8]"}) {
    faults.push_back({"number of offsets", one("F32", "[2]", offsets), "data_offsets must be two numbers"});
  }
  const std::pair<const char*, const char*> ranges[] = {
      {"[0, 8]", "[0, 8]"}, {"[0, 8]", "[4, 12]"}, {"[0, 8]", "[7, 15]"}, {"[0, 8]", "[9, 17]"}, {"[1, 9]", "[9, 17]"}};
  for (const auto& [first, second] : ranges) {
    faults.push_back({"overlap or hole", two(first, second, 17), "tensors overlap or leave a hole"});
  }
  faults.push_back({"trailing bytes", two("[0, 8]", "[8, 16]", 17), "1 bytes at the end belong to no tensor"});
}

void add_json(Faults& faults) {
  for (const char* header : {"", "[]", "null", "3", "\"a\"", "{", "{\"a\"}", "{\"a\": }", "{} x", "{'a': 1}", "{\"\xff\": 1}", "{\"a\": 01}", "\xef\xbb\xbf"}) {
    faults.push_back({"not an object", encode(header, 0), "is not a JSON object"});
  }
  for (const std::size_t depth : {16u, 17u, 1000u, 1'000'000u}) {
    const std::string lists = std::string(depth, '[') + std::string(depth, ']');
    faults.push_back({"deep JSON", encode("{\"a\": " + lists + "}", 0), "nests deeper than 16 levels"});
  }
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  faults.push_back({"deep JSON", encode(objects, 0), "nests deeper than 16 levels"});
  for (const char* value : {"3", "[]", "null", "{}", "{\"shape\": [2]}", "{\"dtype\": 3}", "\"F32\""}) {
    faults.push_back({"malformed entry", encode(std::string("{\"a\": ") + value + "}", 0), "malformed header entry"});
  }
  for (const char* value : {"3", "[]", "null", "\"x\""}) {
    faults.push_back({"malformed metadata", encode(std::string("{\"__metadata__\": ") + value + "}", 0), "__metadata__ is not an object"});
  }
  const std::string x = entry("F32", "[2]", "[0, 8]"), y = entry("F32", "[2]", "[8, 16]");
  faults.push_back({"duplicate key", encode("{\"a\": " + x + ", \"a\": " + y + "}", 16), "has the key \"a\" twice"});
  faults.push_back({"duplicate key", encode("{\"a\": " + x + ", \"\\u0061\": " + y + "}", 16), "has the key \"a\" twice"});
  for (const char* value : {"3", "null", "[\"x\"]", "{\"y\": \"z\"}", "true"}) {
    faults.push_back({"metadata value", encode(std::string("{\"__metadata__\": {\"format\": ") + value + "}}", 0), "__metadata__ gives \"format\" as"});
  }
  faults.push_back({"NUL", encode(std::string("{}\0 not JSON", 12), 0), "it holds a NUL byte"});
  faults.push_back({"NUL", encode(std::string("{\"a\0\": 1}", 9), 0), "it holds a NUL byte"});
  faults.push_back({"duplicate key", encode("{\"__metadata__\": {\"b\": \"\", \"b\": \"\"}}", 0), "has the key \"b\" twice"});
  faults.push_back({"duplicate key", encode("{\"a\": {\"shape\": [1], " + x.substr(1) + "}", 8), "has the key \"shape\" twice"});
}

// Names that would clear the screen, colour the message, hide it or reverse it, if they were shown as they are.
void add_names(Faults& faults) {
  for (const char* name : {"\\u001b[2J", "\\u001b]0;title\\u0007", "\\u009b31m", "\\u0085", "\\u202e", "\\u2066", "\\r", "\\b\\b\\b", "\\u007f", "\xc2\x9b" "2J"}) {
    faults.push_back({"steering name", encode("{\"" + std::string(name) + "\": " + entry("F31", "[2]", "[0, 8]") + "}", 8), "unknown dtype \"F31\""});
    faults.push_back({"steering dtype", one(name, "[2]", "[0, 8]"), "tensor \"a\": unknown dtype"});
  }
  for (const char* name : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\\ud800", "\\udc00x"}) {
    faults.push_back({"name of no characters", encode("{\"" + std::string(name) + "\": " + entry("F32", "[2]", "[0, 8]") + "}", 8), "is not a JSON object"});
  }
  faults.push_back({"long name", encode("{\"" + std::string(100'000, 'n') + "\": 3}", 0), "nnn...\": malformed header entry"});
}

}  // namespace

TEST_CASE("corrupt files: safetensors") {
  Faults faults;
  add_truncations(faults);
  add_lengths(faults);
  add_dtypes_and_shapes(faults);
  add_offsets(faults);
  add_json(faults);
  add_names(faults);
  CHECK(check_refused(faults, [](const std::string& path) { weights::SafetensorsFile::open(path); }) >= 150);
}

TEST_CASE("corrupt files: a safetensors header beyond 100 MB is not even read") {
  const TemporaryFolder folder;
  const std::string path = folder.file("huge.safetensors");
  std::ofstream(path, std::ios::binary) << little(100'000'001, 8) << "{}";
  std::filesystem::resize_file(path, 200'000'000);  // a sparse file
  const Refusal refusal = refusal_of(path, [](const std::string& name) { weights::SafetensorsFile::open(name); });
  CHECK(refusal.message.find("header claims 100000001 bytes") != std::string::npos);
  CHECK(refusal.bytes < 100'000);
}

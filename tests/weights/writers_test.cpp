// The streaming writers: what they write is read back, one tensor is in memory at a time, and nothing half-written is left.
#include <algorithm>
#include <functional>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/weights/crc32.h"
#include "phonofilm/weights/safetensors.h"
#include "phonofilm/weights/safetensors_writer.h"
#include "phonofilm/weights/tensor_file.h"
#include "phonofilm/weights/torch_archive_writer.h"
#include "phonofilm/weights/zip_directory.h"
#include "support/support.h"
#include "weights/memory_meter.h"

using namespace phonofilm;
using namespace phonofilm::weights;

namespace {

// Tensors of many dtypes and odd sizes, names in no order.
TensorMap some_tensors() {
  const at::Generator generator = make_generator(5);
  const Tensor x = randn({3, 5}, generator);
  TensorMap tensors{{"z.weight", x}, {"a.scalar", at::scalar_tensor(2.5)}, {"m.empty", at::zeros({0, 4}, at::kFloat)},
                    {"q.transposed", randn({4, 6}, generator).t()}};
  for (const at::ScalarType dtype : {at::kDouble, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort, at::kChar, at::kByte}) {
    tensors[std::string("b.") + c10::toString(dtype)] = (10 * x.abs()).to(dtype);
  }
  tensors["b.bool"] = x.gt(0);
  return tensors;
}

std::vector<TensorSpec> specs_of(const TensorMap& tensors, bool backwards = false) {
  std::vector<TensorSpec> specs;
  for (const auto& [name, tensor] : tensors) specs.push_back({name, tensor.scalar_type(), tensor.sizes().vec()});
  if (backwards) std::reverse(specs.begin(), specs.end());
  return specs;
}

TensorSource source_of(const TensorMap& tensors) {
  return [&tensors](const TensorSpec& spec) { return tensors.at(spec.name); };
}

void expect_equal(const TensorMap& actual, const TensorMap& expected, const std::string& prefix = "") {
  CHECK(actual.size() == expected.size());
  for (const auto& [name, tensor] : expected) {
    CAPTURE(name);
    REQUIRE(actual.contains(prefix + name));
    CHECK((actual.at(prefix + name).scalar_type() == tensor.scalar_type()));
    CHECK(at::equal(actual.at(prefix + name), tensor));
  }
}

using Write = std::function<void(const std::string&, const std::vector<TensorSpec>&, const TensorSource&)>;
struct Format {
  std::string file;
  Write write;
};

const std::vector<Format>& formats() {
  static const std::vector<Format> all{
      {"weights.safetensors", [](const auto& path, const auto& specs, const auto& next) { write_safetensors(path, specs, next); }},
      {"weights.pth", [](const auto& path, const auto& specs, const auto& next) { write_torch_archive(path, specs, next); }}};
  return all;
}

}  // namespace

TEST_CASE("crc32: the check value of the standard, and any length and alignment alike") {
  CHECK(crc32("123456789") == 0xCBF43926u);
  CHECK(crc32("") == 0);
  CHECK(crc32(std::string(32, '\0')) == 0x190A55ADu);
  CHECK(crc32(std::string("\xFF\xFF\xFF\xFF", 4)) == 0xFFFFFFFFu);
}

TEST_CASE("writers: what was written in any order is read back") {
  const TensorMap tensors = some_tensors();
  for (const Format& format : formats()) {
    const test::TemporaryFolder folder;
    CAPTURE(format.file);
    format.write(folder.file(format.file), specs_of(tensors, /*backwards=*/true), source_of(tensors));
    expect_equal(open_tensors(folder.file(format.file)).tensors, tensors);
  }
}

TEST_CASE("writers: one tensor at a time is in memory") {
  constexpr std::int64_t kCount = 8, kSide = 64;
  constexpr std::size_t kBytes = kSide * kSide * 4;
  std::vector<TensorSpec> specs;
  for (std::int64_t i = 0; i < kCount; ++i) specs.push_back({concat("layer.", i), at::kFloat, {kSide, kSide}});
  for (const Format& format : formats()) {
    const test::TemporaryFolder folder;
    CAPTURE(format.file);
    const test::MemoryMeter meter;
    format.write(folder.file(format.file), specs, [](const TensorSpec& spec) { return at::zeros(spec.shape, at::kFloat); });
    CHECK(meter.peak() == kBytes);
  }
}

TEST_CASE("writers: a source that gives up leaves what was there, and nothing else") {
  const TensorMap tensors = some_tensors();
  for (const Format& format : formats()) {
    const test::TemporaryFolder folder;
    const std::string path = folder.file(format.file);
    CAPTURE(format.file);
    write_file_atomically(path, "what was there");
    int asked = 0;
    const TensorSource source = [&](const TensorSpec& spec) {
      if (++asked == 3) throw Cancelled("test", "enough");
      return tensors.at(spec.name);
    };
    CHECK_THROWS_AS(format.write(path, specs_of(tensors), source), Cancelled);
    CHECK(read_file(path) == "what was there");
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  }
}

TEST_CASE("writers: a full disk is noticed before the first value is computed") {
  const std::vector<TensorSpec> specs{{"huge", at::kFloat, {std::int64_t(1) << 30, std::int64_t(1) << 20}}};
  for (const Format& format : formats()) {
    const test::TemporaryFolder folder;
    bool asked = false;
    const TensorSource source = [&](const TensorSpec& spec) {
      asked = true;
      return at::zeros(spec.shape, at::kFloat);
    };
    CHECK_THROWS_AS(format.write(folder.file(format.file), specs, source), ResourceError);
    CHECK_FALSE(asked);
  }
}

TEST_CASE("writers: a value that is not what was announced, and a name that stands twice, are refused") {
  const TensorSpec announced{"w", at::kFloat, {2, 3}};
  for (const Format& format : formats()) {
    const test::TemporaryFolder folder;
    const std::string path = folder.file(format.file);
    CAPTURE(format.file);
    for (const Tensor& other : {at::zeros({3, 2}, at::kFloat), at::zeros({2, 3}, at::kBFloat16), Tensor()}) {
      CHECK_THROWS_AS(format.write(path, {announced}, [&](const TensorSpec&) { return other; }), CheckpointError);
    }
    const TensorSource zeros = [](const TensorSpec& spec) { return at::zeros(spec.shape, at::kFloat); };
    CHECK_THROWS_AS(format.write(path, {announced, announced}, zeros), CheckpointError);
    CHECK_FALSE(std::filesystem::exists(path));
  }
}

TEST_CASE("torch archive writer: a dictionary under a key, 64-bit records, values aligned for mapping") {
  const TensorMap tensors = some_tensors();
  for (const Zip64 zip64 : {Zip64::where_needed, Zip64::always}) {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("best_netG.pt");
    write_torch_archive(path, specs_of(tensors), source_of(tensors), {.under = "generator", .zip64 = zip64});
    expect_equal(open_tensors(path).tensors, tensors, "generator.");
    const FileBytes file = FileBytes::map(path);
    for (const auto& [name, content] : read_zip_directory(file)) {
      CAPTURE(std::string(name));
      CHECK((content.data() - file.bytes().data()) % 64 == 0);
    }
  }
}

TEST_CASE("torch archive writer: equal content makes equal files; float8 is refused with a way out") {
  const TensorMap tensors = some_tensors();
  const test::TemporaryFolder folder;
  for (const char* name : {"a.pth", "b.pth"}) write_torch_archive(folder.file(name), specs_of(tensors), source_of(tensors));
  CHECK(read_file(folder.file("a.pth")) == read_file(folder.file("b.pth")));
  const TensorMap narrow{{"w", at::zeros({4}, at::kFloat).to(at::kFloat8_e4m3fn)}};
  CHECK_THROWS_WITH_AS(write_torch_archive(folder.file("c.pth"), specs_of(narrow), source_of(narrow)),
                       doctest::Contains("use safetensors"), CheckpointError);
}

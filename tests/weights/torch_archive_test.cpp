#include "phonofilm/weights/torch_archive.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"
#include "weights/archive_builder.h"
#include "weights/memory_meter.h"

using namespace phonofilm;
using namespace phonofilm::weights;
using test::testdata;

namespace {

std::string archive_path(const std::string& name) { return testdata("torch_archives/" + name); }

TorchArchive parse_bytes(const std::string& bytes) {
  const auto copy = std::make_shared<std::string>(bytes);
  return TorchArchive::parse({"made.pt", std::shared_ptr<const char>(copy, copy->data()), copy->size()});
}

std::string raw_bytes(const Tensor& tensor) {
  const Tensor dense = tensor.contiguous();
  return {static_cast<const char*>(dense.data_ptr()), dense.nbytes()};
}

// 64-bit FNV-1a, in hexadecimal.
std::string fingerprint(const Tensor& tensor) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const unsigned char byte : raw_bytes(tensor)) hash = (hash ^ byte) * 0x100000001b3ULL;
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

// Same names, dtypes, shapes and bits as the safetensors file that PyTorch wrote beside the archive.
void check_as_pytorch_reads(const std::string& name) {
  CAPTURE(name);
  const TorchArchive archive = TorchArchive::open(archive_path(name + ".pt"));
  const auto expected = SafetensorsFile::open(archive_path(name + ".expected.safetensors"));
  CHECK(archive.tensors().size() == expected.tensors().size());
  for (const auto& [tensor_name, tensor] : expected.tensors()) {
    CAPTURE(tensor_name);
    REQUIRE(archive.tensors().contains(tensor_name));
    const Tensor& loaded = archive.tensors().at(tensor_name);
    CHECK((loaded.scalar_type() == tensor.scalar_type()));
    CHECK(shape_text(loaded.sizes()) == shape_text(tensor.sizes()));
    CHECK(raw_bytes(loaded) == raw_bytes(tensor));
  }
}

std::string refusal(const std::string& name) {
  try {
    TorchArchive::open(archive_path(name));
  } catch (const CheckpointError& error) {
    CHECK(std::string(error.what()).find(name) != std::string::npos);
    return error.what();
  }
  FAIL_CHECK("accepted");
  return "";
}

}  // namespace

TEST_CASE("torch archive: published layouts at toy size, bit by bit as PyTorch reads them") {
  const auto expected = nlohmann::json::parse(read_file(archive_path("ovi_tiny_tensors.json")));
  REQUIRE(expected.size() == 4);
  for (const auto& [file, tensors] : expected.items()) {
    CAPTURE(file);
    const TorchArchive archive = TorchArchive::open(testdata("goldens/ovi-tiny/" + file));
    CHECK(archive.tensors().size() == tensors.size());
    for (const auto& [name, facts] : tensors.items()) {
      CAPTURE(name);
      REQUIRE(archive.tensors().contains(name));
      const Tensor& tensor = archive.tensors().at(name);
      CHECK((tensor.scalar_type() == (facts[0] == "bfloat16" ? at::kBFloat16 : at::kFloat)));
      CHECK(tensor.sizes().vec() == facts[1].get<Shape>());
      CHECK(fingerprint(tensor) == facts[2].get<std::string>());
    }
  }
}

TEST_CASE("torch archive: dtypes, float8 among them") { check_as_pytorch_reads("dtypes"); }
TEST_CASE("torch archive: nested dictionaries, and the older weight normalisation") { check_as_pytorch_reads("nested"); }
TEST_CASE("torch archive: views of shared storages") { check_as_pytorch_reads("views"); }
TEST_CASE("torch archive: scalars, empty tensors and parameters") { check_as_pytorch_reads("edges"); }
TEST_CASE("torch archive: newer pickle protocols") {
  check_as_pytorch_reads("protocol4");
  check_as_pytorch_reads("protocol5");
}

TEST_CASE("torch archive: complex numbers") {
  const Tensor loaded = TorchArchive::open(archive_path("complex.pt")).tensors().at("freqs");
  REQUIRE((loaded.scalar_type() == at::kComplexFloat));
  const auto expected = SafetensorsFile::open(archive_path("complex.expected.safetensors"));
  CHECK(raw_bytes(loaded) == raw_bytes(expected.at("freqs")));
}

TEST_CASE("torch archive: names are joined by dots, scalars become metadata") {
  const TorchArchive archive = TorchArchive::open(archive_path("nested.pt"));
  for (const char* name : {"generator.conv_pre.weight_g", "generator.conv_pre.weight_v", "generator.conv_pre.bias",
                           "generator.bn.num_batches_tracked", "ema.0.w", "ema.1.w", "state.0.step"}) {
    CAPTURE(name);
    CHECK(archive.tensors().contains(name));
  }
  CHECK(archive.metadata() == Metadata{{"dtype", "torch.bfloat16"}, {"epoch", "12"}, {"last", "true"}, {"loss", "-0.25"},
                                       {"seed", "1099511627776"}, {"tag", "äö"}});
}

TEST_CASE("torch archive: tensors of one storage share memory, with their strides") {
  const TorchArchive archive = TorchArchive::open(archive_path("views.pt"));
  const TensorMap& tensors = archive.tensors();
  const auto* whole = static_cast<const float*>(tensors.at("whole").data_ptr());
  CHECK(tensors.at("tied").data_ptr() == whole);
  CHECK(tensors.at("row").data_ptr() == whole + 12);
  CHECK(tensors.at("column").data_ptr() == whole + 1);
  CHECK(tensors.at("steps").data_ptr() == whole + 6);
  CHECK((tensors.at("transposed").strides() == at::IntArrayRef({1, 6})));
  CHECK((tensors.at("steps").strides() == at::IntArrayRef({12, 3})));
}

TEST_CASE("torch archive: opening allocates no tensor memory, and tensors outlive the archive") {
  test::MemoryMeter meter;
  const TensorMap tensors = TorchArchive::open(testdata("goldens/ovi-tiny/Wan2.2-TI2V-5B/Wan2.2_VAE.pth")).tensors();
  CHECK(meter.peak() == 0);
  double sum = 0;
  for (const auto& [name, tensor] : tensors) sum += tensor.abs().sum().item<double>();
  CHECK(sum > 0);
}

TEST_CASE("torch archive: a storage that does not start aligned is copied once, not misread") {
  using namespace test;
  const float values[] = {1.5f, -2.0f, 3.0f, 4.0f, 5.0f, 6.0f};
  const std::string data(reinterpret_cast<const char*>(values), sizeof values), shared = pickle::storage({});
  const std::string pickle = pickle::whole(pickle::kEmptyDict + pickle::entry("x", pickle::tensor(shared, 0, {2, 3}, {3, 1})) +
                                           pickle::entry("y", pickle::tensor(shared, 1, {2}, {2})));
  int misaligned = 0;
  for (std::size_t shift = 0; shift < 16; ++shift) {
    ZipSpec zip = archive_spec(pickle, data);
    zip.items[1].name = "a/" + std::string(shift + 1, 'b');
    test::MemoryMeter meter;
    const TorchArchive archive = parse_bytes(build(zip));
    misaligned += meter.alive() == sizeof values;
    CHECK(raw_bytes(archive.tensors().at("x")) == data);
    CHECK(archive.tensors().at("y")[0].item<float>() == -2.0f);
    CHECK(archive.tensors().at("y")[1].item<float>() == 4.0f);
  }
  CHECK(misaligned >= 14);
}

// As torch.save writes tensors with attributes: nn.Buffer, or a parameter that a sharding library has marked.
TEST_CASE("torch archive: Python attributes of tensors and parameters are passed over") {
  using namespace test::pickle;
  const std::string data(24, '\x3f'), plain = tensor(storage({}), 0, {2, 3}, {3, 1});
  const std::string description = tuple(storage({}) + number(1) + numbers({2}) + numbers({2}) + kFalse + kOrderedDict);
  const std::string state = kEmptyDict + entry("persistent", kTrue) + entry("_is_buffer", kTrue);
  const std::string buffer = call("torch._tensor", "_rebuild_from_type_v2",
                                  global("torch._utils", "_rebuild_tensor_v2") + global("torch", "Tensor") + description + state);
  const std::string parameter = call("torch._utils", "_rebuild_parameter_with_state", plain + kTrue + kOrderedDict + state);
  const TorchArchive archive = parse_bytes(test::archive(whole(kEmptyDict + entry("b", buffer) + entry("p", parameter)), data));
  REQUIRE(archive.tensors().size() == 2);
  CHECK(raw_bytes(archive.tensors().at("p")) == data);
  CHECK(raw_bytes(archive.tensors().at("b")) == data.substr(0, 8));
  CHECK((archive.tensors().at("b").strides() == at::IntArrayRef({2})));
}

TEST_CASE("torch archive: zip64 records and comments are understood") {
  using namespace test;
  const std::string data(24, '\x01');
  const std::string pickle = pickle::whole(pickle::kEmptyDict + pickle::entry("x", pickle::tensor(pickle::storage({}), 0, {6}, {1})));
  ZipSpec zip = archive_spec(pickle, data);
  zip.zip64 = true;
  zip.directory_size = zip.directory_offset = 0xFFFFFFFF;
  zip.entries = 0xFFFF;
  zip.comment = "PK\x05\x06 a comment that looks like an end record";
  ZipItem& last = zip.items.back();
  last.extra = little(0x4246, 2) + little(2, 2) + "zz" + little(1, 2) + little(16, 2) + little(24, 8) + little(24, 8);
  last.size = last.stored = 0xFFFFFFFF;
  CHECK(raw_bytes(parse_bytes(build(zip)).tensors().at("x")) == data);
}

TEST_CASE("torch archive: what is not a state dict is refused with a cure") {
  const std::pair<const char*, const char*> refused[] = {
      {"legacy_pickle.pt", "plain pickle format of PyTorch before 1.6, which is not read; open it with torch.load"},
      {"legacy_tar.pt", "tar format of PyTorch before 1.6"},
      {"whole_module.pt", "the pickle names \"torch.nn.modules.linear.Linear\""},
      {"namespace.pt", "the pickle names \"argparse.Namespace\", which no state dict needs; nothing was executed"},
      {"torchscript.pt", "is a TorchScript program (it holds \"torchscript/code/__torch__/torch/nn/modules/linear.py\"), not a state dict"},
      {"bare_tensor.pt", "something else than a dictionary of tensors"},
      {"conjugated.pt", "tensor \"conj\": is a conjugated or negated view"},
      {"expanded.pt", "tensor \"w\": [3] repeats the 1 elements of its storage"},
      {"views.expected.safetensors", "is not a PyTorch file"}};
  for (const auto& [name, message] : refused) {
    CAPTURE(name);
    const std::string error = refusal(name);
    CAPTURE(error);
    CHECK(error.find(message) != std::string::npos);
  }
  CHECK_THROWS_WITH_AS(TorchArchive::open("/no/such.pt"), doctest::Contains("No such file"), CheckpointError);
}

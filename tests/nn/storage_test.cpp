// Weights in 8 bits: the formulas, what files may hold, and what loading costs.
#include "phonofilm/nn/storage.h"

#include <cmath>
#include <limits>

#include "phonofilm/base/error.h"
#include "phonofilm/nn/layers.h"
#include "phonofilm/nn/look_up.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"
#include "weights/memory_meter.h"

namespace phonofilm::nn {
namespace {

constexpr auto kE4m3 = at::kFloat8_e4m3fn, kE5m2 = at::kFloat8_e5m2;

Tensor matrix(std::vector<float> values, std::int64_t rows) {
  return at::tensor(at::ArrayRef<float>(values), at::kFloat).view({rows, -1});
}

bool same(const Tensor& actual, const Tensor& expected) {
  return actual.scalar_type() == expected.scalar_type() && at::equal(actual, expected);
}

// A Linear, a convolution and a norm, as a transformer has them.
struct Net : Module {
  Linear fc{*this, "fc", 6, 4};
  Conv1d conv{*this, "conv", 2, 3, {.kernel = 1}};
  RmsNorm norm{*this, "norm", 6};
};

weights::TensorMap net_tensors() {
  Net net;
  net.initialise(1);
  return net.state_dict();
}

std::string load_error(const weights::TensorMap& tensors) {
  Net net;
  try {
    net.load(tensors, "net.safetensors", "", kStoredDtype);
  } catch (const CheckpointError& error) {
    return error.what();
  }
  return "";
}

// 2 to the exponent of each value, at least 2^lowest.
Tensor step_of(const Tensor& x, double lowest) { return x.abs().clamp_min(std::exp2(lowest)).log2().floor().exp2(); }

TEST_CASE("storage: int8 by hand: one scale per row, rounded half to even") {
  const Tensor w = matrix({1.27f, -0.64f, 0.125f, 0, 254, -254, 3, 5, 0, 0, 0, 0}, 3);
  const Stored q = quantise_int8(w, "w");
  CHECK(same(q.values, matrix({127, -64, 12, 0, 127, -127, 2, 2, 0, 0, 0, 0}, 3).to(at::kChar)));  // 12.5 and 1.5, 2.5
  CHECK((q.scale.scalar_type() == at::kFloat));
  test::expect_close(q.scale.narrow(0, 0, 2), at::tensor({0.01f, 2.0f}), 1e-7);
  CHECK(q.scale[2].item<float>() == std::numeric_limits<float>::min());  // positive: a row of zeros stays zeros, not NaN
  const Tensor back = dequantise(q, at::kFloat);
  CHECK(at::isfinite(back).all().item<bool>());
  CHECK(same(back[2], at::zeros({4})));
  CHECK(back[1][1].item<float>() == -254);
}

TEST_CASE("storage: int8 is off by half a scale at most, also for the smallest and largest numbers") {
  for (const double size : {1e-44, 1e-37, 0.02, 1e37}) {
    const Tensor w = randn({33, 700}, make_generator(1)) * size;
    const Stored q = quantise_int8(w, "w");
    const Tensor off = (dequantise(q, at::kDouble) - w.to(at::kDouble)).abs();
    CAPTURE(size);
    CHECK(off.le(q.scale.to(at::kDouble).unsqueeze(1) * 0.50002).all().item<bool>());
  }
}

TEST_CASE("storage: float8 by hand: one scale per matrix, its largest value becomes 448") {
  const Tensor w = matrix({-4.48f, 0.01f, 0.17f, 0, 0.000009f, 4.48f}, 2);  // in scales: -448, 1, 17, 0, 0.0009, 448
  const Stored q = quantise_float8(w, "w");
  CHECK(q.scale.dim() == 0);
  CHECK(q.scale.item<float>() == doctest::Approx(0.01).epsilon(1e-7));
  CHECK(same(q.values.to(at::kFloat), matrix({-448, 1, 16, 0, 0, 448}, 2)));  // 17 lies between 16 and 18: to even
  CHECK(same(dequantise(quantise_float8(at::zeros({2, 3}), "w"), at::kFloat), at::zeros({2, 3})));
}

TEST_CASE("storage: float8 keeps three bits behind the leading one") {
  const Tensor w = randn({40, 500}, make_generator(2)) * 0.02;
  const Stored q = quantise_float8(w, "w");
  const Tensor in_scales = w.to(at::kDouble) / q.scale.to(at::kDouble);
  const Tensor off = (dequantise(q, at::kDouble) - w.to(at::kDouble)).abs() / q.scale.to(at::kDouble);
  CHECK(off.le(step_of(in_scales, /*lowest=*/-6) * 0.062501).all().item<bool>());
}

TEST_CASE("storage: what is not finite is refused, not stored") {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    const Tensor w = matrix({1, 2, bad, 4}, 2);
    CHECK_THROWS_AS(quantise_int8(w, "w"), CheckpointError);
    CHECK_THROWS_AS(quantise_float8(w, "w"), CheckpointError);
  }
}

TEST_CASE("storage: all 256 codes of every 8-bit type are cast exactly") {
  const Tensor bits = at::arange(256, at::kByte).view({2, 128});
  for (const auto type : {kE4m3, kE5m2}) {
    const Tensor codes = bits.view(type);
    for (const auto dtype : {at::kFloat, at::kBFloat16, at::kHalf}) {
      const Tensor cast = dequantise({codes, {}}, dtype), expected = codes.to(dtype);
      CHECK((cast.scalar_type() == dtype));
      CHECK(same(cast.isnan(), expected.isnan()));
      CHECK(same(at::where(cast.isnan(), 0, cast), at::where(expected.isnan(), 0, expected)));
    }
  }
}

TEST_CASE("storage: the table is the formula, with a scale per matrix or per row, on one thread's share or many") {
  const Tensor w = randn({70, 1300}, make_generator(3));
  for (const Stored& q : {quantise_int8(w, "w"), quantise_float8(w, "w"), Stored{w.to(kE5m2), at::full({1}, 0.3f)}}) {
    for (const auto dtype : {at::kFloat, at::kBFloat16, at::kHalf}) {
      const Tensor formula = (q.values.to(at::kFloat) * q.scale.reshape({-1, 1})).to(dtype);
      CHECK(same(dequantise(q, dtype), formula));
    }
  }
}

TEST_CASE("storage: a product with 8-bit weights is that with the dequantised ones, block by block, with its gradient") {
  const Tensor w = randn({5000, 1024}, make_generator(4)) * 0.03, bias = randn({5000}, make_generator(5));  // more than a block
  const Tensor x = randn({3, 1024}, make_generator(6)).requires_grad_(true);
  for (const Stored& q : {quantise_int8(w, "w"), quantise_float8(w, "w"), Stored{w.to(kE4m3), {}}}) {
    const Tensor y = eight_bit_linear(x, q, bias), whole = dequantise(q, at::kFloat);
    test::expect_close(y.detach(), at::linear(x.detach(), whole, bias), 1e-6);
    x.mutable_grad() = Tensor();
    y.sum().backward();
    test::expect_close(x.grad(), whole.sum(0).expand({3, 1024}), 1e-5);
  }
  CHECK(eight_bit_linear(x, quantise_int8(w, "w"), std::nullopt).size(1) == 5000);
}

TEST_CASE("storage: a product needs memory for a block of its matrix, not for all of it") {
  const c10::InferenceMode guard;
  test::MemoryMeter meter;
  const Stored q = quantise_int8(at::ones({16384, 1024}), "w");
  const Tensor x = at::ones({1, 1024});  // float32: the library's bfloat16 product allocates in ways that the meter cannot count
  meter.reset_peak();
  const std::size_t before = meter.alive();
  eight_bit_linear(x, q, std::nullopt);
  CHECK(meter.peak() - before < 40 << 20);  // all of it: 64 MB; a block: 16 MB, and its tables
}

TEST_CASE("storage: weights are kept in the dtype of the file, sharing its memory") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("net.safetensors");
  weights::TensorMap tensors = net_tensors();
  tensors["fc.weight"] = tensors["fc.weight"].to(kE4m3);
  tensors["conv.weight"] = tensors["conv.weight"].to(kE5m2);
  tensors["norm.weight"] = tensors["norm.weight"].to(at::kBFloat16);
  weights::save_safetensors(path, tensors);
  const auto file = weights::SafetensorsFile::open(path);
  const test::MemoryMeter meter;
  Net net;
  net.load(file.tensors(), path, "", kStoredDtype);
  CHECK(meter.peak() == 0);
  for (const auto& [name, tensor] : net.named_parameters()) CHECK(tensor.data_ptr() == file.at(name).data_ptr());
}

TEST_CASE("storage: layers cast what they are given up, exactly") {
  const c10::InferenceMode guard;
  Net wide, narrow;
  weights::TensorMap tensors = net_tensors();
  for (auto& [name, tensor] : tensors) tensor = tensor.to(name == "fc.bias" ? at::kHalf : kE4m3);
  narrow.load(tensors, "net", "", kStoredDtype);
  wide.load(tensors, "net", "", at::kFloat);
  const Tensor x = randn({2, 6}, make_generator(1)), sound = randn({1, 2, 5}, make_generator(2));
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    CHECK(same(narrow.fc.forward(x, {dtype}), wide.fc.forward(x, {dtype})));
    CHECK(same(narrow.conv.forward(sound, {dtype}), wide.conv.forward(sound, {dtype})));
    CHECK(same(narrow.norm.forward(x.to(dtype)), wide.norm.forward(x.to(dtype))));
  }
  struct Table : Module {
    Embedding rows{*this, "rows", 5, 3};
  } table, wide_table;
  const weights::TensorMap rows{{"rows.weight", randn({5, 3}, make_generator(3)).to(kE4m3)}};
  table.load(rows, "table", "", kStoredDtype);
  wide_table.load(rows, "table");
  const Tensor some = at::tensor({4, 0, 4}, at::kLong);
  CHECK(same(table.rows.forward(some).to(at::kFloat), wide_table.rows.forward(some)));
}

TEST_CASE("storage: files with scales are read as such, and written again") {
  const weights::TensorMap plain = net_tensors();
  const Stored q = quantise_float8(plain.at("fc.weight"), "w");
  for (const Shape& shape : {Shape{}, Shape{1}}) {
    weights::TensorMap tensors = plain;
    tensors["fc.weight"] = q.values;
    tensors["fc.scale_weight"] = q.scale.reshape(shape).to(at::kBFloat16).to(at::kFloat);
    tensors["scaled_fp8"] = at::empty({0}, at::kFloat).to(kE4m3);
    Net net, again, wide;
    net.load(tensors, "net", "", kStoredDtype);
    again.load(net.state_dict(), "net", "", kStoredDtype);
    wide.load(tensors, "net");
    const Tensor x = randn({2, 6}, make_generator(1));
    const Tensor y = at::linear(x, q.values.to(at::kFloat) * tensors["fc.scale_weight"], plain.at("fc.bias"));
    for (const Net* one : {&net, &again, &wide}) test::expect_close(one->fc.forward(x, {}), y, 1e-6);
    CHECK(net.state_dict().contains("fc.scale_weight"));
    CHECK_FALSE(wide.state_dict().contains("fc.scale_weight"));
  }
}

TEST_CASE("storage: linears are quantised while loading; an 8-bit file and other tensors are left alone") {
  const weights::TensorMap plain = net_tensors();
  Net int8, float8, again;
  int8.load(plain, "net", "", {at::kBFloat16, LinearStorage::int8});
  float8.load(plain, "net", "", {kStoredDtype, LinearStorage::float8});
  const auto kept = int8.state_dict();
  CHECK(same(kept.at("fc.weight"), quantise_int8(plain.at("fc.weight"), "w").values));
  CHECK((kept.at("conv.weight").scalar_type() == at::kBFloat16));
  CHECK((float8.state_dict().at("fc.weight").scalar_type() == kE4m3));
  CHECK((float8.state_dict().at("conv.weight").scalar_type() == at::kFloat));
  again.load(kept, "net", "", {kStoredDtype, LinearStorage::float8});
  CHECK(same(again.state_dict().at("fc.weight"), kept.at("fc.weight")));
  again.convert(at::kFloat);
  CHECK(same(again.state_dict().at("fc.weight"), dequantise({kept.at("fc.weight"), kept.at("fc.scale_weight")}, at::kFloat)));
  CHECK_FALSE(again.state_dict().contains("fc.scale_weight"));
  CHECK_THROWS_AS(int8.require_grad(true), InvalidRequest);
}

TEST_CASE("storage: surplus, missing and misfitting scales are errors that name the tensor") {
  const weights::TensorMap plain = net_tensors();
  const Tensor one = at::ones({}, at::kFloat), marker = at::empty({0}, at::kFloat).to(kE4m3);
  const Tensor fp8 = plain.at("fc.weight").to(kE4m3), int8 = at::ones({4, 6}, at::kChar);
  const auto with = [&](const weights::TensorMap& more) {
    weights::TensorMap tensors = plain;
    for (const auto& [name, tensor] : more) tensors[name] = tensor;
    return load_error(tensors);
  };
  const std::pair<std::string, std::string> cases[] = {
      {with({{"fc.scale_weight", one}}), "\"fc.weight\": has a scale, but is Float"},
      {with({{"conv.scale_weight", one}}), "unexpected \"conv.scale_weight\""},
      {with({{"norm.scale_weight", one}}), "unexpected \"norm.scale_weight\""},
      {with({{"fc.weight", fp8}, {"fc.scale_weight", at::ones({6}, at::kFloat)}}), "expected [] or [4], got [6]"},
      {with({{"fc.weight", fp8}, {"fc.scale_weight", at::ones({}, at::kLong)}}), "its scale is Long"},
      {with({{"fc.weight", fp8}, {"scaled_fp8", marker}}), "\"fc.weight\": has no scale"},
      {with({{"scaled_fp8", marker}}), "unexpected \"scaled_fp8\""},
      {with({{"fc.weight", int8}}), "\"fc.weight\": expected floating-point numbers, got Char without a scale"},
      {with({{"norm.weight", at::ones({6}, at::kChar)}}), "\"norm.weight\": expected floating-point numbers, got Char"},
  };
  for (const auto& [message, expected] : cases) {
    CAPTURE(expected);
    CAPTURE(message);
    CHECK(message.find(expected) != std::string::npos);
  }
  CHECK(with({{"fc.weight", fp8}}).empty());
}

TEST_CASE("storage: quantising while loading peaks at the sources, one result and a few megabytes") {
  struct Stack : Module {
    std::vector<std::unique_ptr<Linear>> layers;
    Stack() {
      for (int i = 0; i < 6; ++i) layers.push_back(std::make_unique<Linear>(*this, std::to_string(i), 1024, 2048, Bias::no));
    }
  };
  constexpr std::size_t kMatrix = 1024 * 2048;
  for (const LinearStorage kind : {LinearStorage::int8, LinearStorage::float8}) {
    test::MemoryMeter meter;
    Stack source, target;
    source.initialise(1);
    weights::TensorMap tensors = source.state_dict();
    source.convert(at::kBFloat16);  // lets go of the float32 values, which only `tensors` holds now
    const std::size_t converted = 6 * 2 * kMatrix, kept = 6 * (kMatrix + 2048 * 4);
    REQUIRE(meter.alive() == converted + 6 * 4 * kMatrix);
    meter.reset_peak();
    target.load(std::move(tensors), "stack", "", {kStoredDtype, kind});
    CHECK(meter.alive() <= converted + kept);
    // The peak is at the first matrix: all sources, one result, and the float32 copies of a block.
    CHECK(meter.peak() <= converted + 6 * 4 * kMatrix + kMatrix + (3 << 20));
  }
}

}  // namespace
}  // namespace phonofilm::nn

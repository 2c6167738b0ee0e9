// ReDimNet against recordings of the published code (testdata/goldens/redimnet-tiny).
#include "phonofilm/speaker_encoders/redimnet/redimnet.h"

#include <cmath>
#include <filesystem>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/weights/safetensors.h"
#include "support/support.h"

using namespace phonofilm;
using speaker_encoders::load_redimnet;
using speaker_encoders::ReDimNet;

namespace {

constexpr double kTolerance = 1e-5;
constexpr const char *kArchive = "M-vb2+vox2+cnc-ft_mix.pt", *kSafetensors = "redimnet.safetensors";

std::string golden(const std::string& name) { return test::testdata("goldens/redimnet-tiny/" + name); }
weights::SafetensorsFile recording() { return weights::SafetensorsFile::open(golden("golden_redimnet.safetensors")); }
weights::SafetensorsFile published() { return weights::SafetensorsFile::open(golden(kSafetensors)); }

// About as loud as speech.
Tensor noise(const Shape& shape, std::uint64_t seed) { return randn(shape, make_generator(seed)) * 0.1; }

bool is_constant(const std::string& name) {
  return name.starts_with("spec.") || name.ends_with(".running_mean") || name.ends_with(".running_var");
}

void report(const std::string& what, const Tensor& actual, const Tensor& expected) {
  test::expect_close(actual, expected, kTolerance, what);
  MESSAGE(what, ": relative error ", test::relative_error(actual, expected));
}

}  // namespace

TEST_CASE("redimnet: the published code's features, maps, pooling and embedding, step by step") {
  const c10::InferenceMode guard;
  const auto file = recording();
  const auto model = load_redimnet(golden(kArchive));
  for (const std::string voice : {"a.", "b.", "stereo."}) {
    report(voice + "features", model->features(file.at(voice + "waveform")), file.at(voice + "features"));
    const Tensor frames = model->frames(file.at(voice + "features"));
    report(voice + "backbone", frames, file.at(voice + "backbone"));
    report(voice + "pooled", model->pooled(file.at(voice + "backbone")), file.at(voice + "pooled"));
    const Tensor of_pooled = model->embedding_of_pooled(file.at(voice + "pooled"));
    report(voice + "embedding from pooled", of_pooled, file.at(voice + "embedding"));
    const Tensor of_features = model->embedding_of_features(file.at(voice + "features"));
    report(voice + "embedding from features", of_features, file.at(voice + "embedding"));
  }
  const std::vector<Tensor> maps = model->maps(file.at("a.features"));
  REQUIRE(maps.size() == 7);
  report("a.stem", maps[0], file.at("a.stem"));
  for (std::size_t i = 0; i < 6; ++i) {
    const std::string name = concat("a.stage", i);
    report(name, maps[i + 1], file.at(name));
  }
}

TEST_CASE("redimnet: from a waveform of one or two channels to the embedding, from either file") {
  const c10::InferenceMode guard;
  const auto file = recording();
  const auto archive = load_redimnet(golden(kArchive)), safetensors = load_redimnet(golden(kSafetensors));
  const auto of_archive = archive->named_parameters(), of_safetensors = safetensors->named_parameters();
  REQUIRE(of_archive.size() == of_safetensors.size());
  for (std::size_t i = 0; i < of_archive.size(); ++i) CHECK(at::equal(of_archive[i].second, of_safetensors[i].second));
  const std::pair<const char*, const char*> voices[] = {
      {"a.waveform", "a.embedding"}, {"b.waveform", "b.embedding"}, {"stereo.waveform_2ch", "stereo.embedding"}};
  for (const auto& [waveform, expected] : voices) {
    const Tensor embedding = archive->embedding(file.at(waveform));
    REQUIRE(embedding.sizes() == at::IntArrayRef({192}));
    CHECK((embedding.scalar_type() == at::kFloat));
    report(concat(expected, " from ", waveform), embedding, file.at(expected)[0]);
    // Mapped weights lie unaligned, where vector code rounds otherwise.
    CHECK(test::relative_error(safetensors->embedding(file.at(waveform)), embedding) < 2e-6);
  }
  CHECK(std::abs(archive->embedding(file.at("a.waveform")).norm().item<double>() - 1) > 0.01);  // not normalised
}

TEST_CASE("redimnet: only the first 30 seconds are heard") {
  const c10::InferenceMode guard;
  const auto model = load_redimnet(golden(kSafetensors));
  const Tensor first = noise({1, ReDimNet::kLongest}, 1), more = noise({1, 8000}, 2);
  const Tensor embedding = model->embedding(first);
  CHECK(at::equal(model->embedding(at::cat({first, more}, 1)), embedding));
  CHECK(test::relative_error(model->embedding(first.narrow(1, 0, ReDimNet::kLongest - 8000)), embedding) > 1e-4);
}

TEST_CASE("redimnet: loudness is lost with the mean, silence and the shortest sound have an embedding") {
  const c10::InferenceMode guard;
  const auto model = load_redimnet(golden(kSafetensors));
  const Tensor voice = recording().at("a.waveform"), embedding = model->embedding(voice);
  CHECK(test::relative_error(model->embedding(voice * 4), embedding) < 0.05);  // not exactly: 1e-6 is added to the power
  for (const Tensor& sound : {at::zeros({1, 4000}), noise({1, 257}, 3), noise({2, 300}, 4)}) {
    CHECK(at::isfinite(model->embedding(sound)).all().item<bool>());
  }
  CHECK(at::equal(model->embedding(voice.to(at::kDouble)), embedding));
}

TEST_CASE("redimnet: voices of a batch do not meet") {
  const c10::InferenceMode guard;
  const auto model = load_redimnet(golden(kSafetensors));
  const Tensor waveforms = noise({2, 6000}, 5);
  const Tensor both = model->embedding_of_features(model->features(waveforms));
  REQUIRE(both.sizes() == at::IntArrayRef({2, 192}));
  for (const std::int64_t i : {0, 1}) test::expect_close(model->embedding(waveforms.narrow(0, i, 1)), both[i], 1e-5);
}

TEST_CASE("redimnet: what is no sound of a voice is refused") {
  const auto model = load_redimnet(golden(kSafetensors));
  const auto refused = [&](const Tensor& waveform, const char* message) {
    CHECK_THROWS_WITH_AS(model->embedding(waveform), doctest::Contains(message), ShapeError);
  };
  refused({}, "waveform");
  refused(at::zeros({16000}), "expected [*, *]");
  refused(at::zeros({1, 1, 16000}), "expected [*, *]");
  refused(at::zeros({0, 16000}), "has no channel");
  refused(at::zeros({1, 0}), "more than 256 samples at 16 kHz is needed, got [1, 0]");
  refused(at::zeros({2, 256}), "more than 256 samples");
  refused(at::zeros({16000, 2}), "more than 256 samples");
  refused(at::zeros({300, 300}), "at most 32 channels is needed, got [300, 300] (transposed?)");
  refused(at::zeros({1, 16000}, at::kShort), "of a floating type are needed, got Short");
  for (const double bad : {double(NAN), double(INFINITY)}) {
    Tensor waveform = at::zeros({1, 16000});
    waveform[0][9000] = bad;
    CHECK_THROWS_WITH_AS(model->embedding(waveform), doctest::Contains("not a finite number"), InvalidRequest);
  }
  CHECK_THROWS_AS(model->features(at::zeros({1, 256})), ShapeError);
  CHECK_THROWS_AS(model->maps(at::zeros({1, 72, 10})), ShapeError);
  CHECK_THROWS_AS(model->frames(at::zeros({1, 24, 0})), ShapeError);
  CHECK_THROWS_AS(model->frames(at::zeros({24, 10})), ShapeError);
  CHECK_THROWS_AS(model->pooled(at::zeros({1, 384, 10})), ShapeError);
  CHECK_THROWS_AS(model->embedding_of_pooled(at::zeros({1, 192})), ShapeError);
}

TEST_CASE("redimnet: gradients flow to every weight, to no constant, and say how the result changes") {
  const auto model = load_redimnet(golden(kSafetensors));
  model->require_grad(true);
  Tensor waveform = recording().at("b.waveform").clone();
  waveform.requires_grad_(true);
  const Tensor probe = noise({1, 192}, 6);
  const auto loss = [&] { return (model->embedding_of_features(model->features(waveform)) * probe).sum(); };
  loss().backward();
  CHECK(at::isfinite(waveform.grad()).all().item<bool>());
  CHECK(waveform.grad().norm().item<double>() > 0);
  for (const auto& [name, parameter] : model->named_parameters()) {
    CAPTURE(name);
    REQUIRE(parameter.grad().defined() == !is_constant(name));
    if (is_constant(name)) continue;
    CHECK(at::isfinite(parameter.grad()).all().item<bool>());
    const bool free = name.ends_with("stage0.0.w") || name.ends_with("k_proj.bias") || name == "pool.linear2.bias";
    CHECK((free || parameter.grad().norm().item<double>() > 0));  // softmax does not feel what it adds to all
  }
  // Down the gradient of each kind of weight, the loss changes by as much as the gradient's square says.
  const at::NoGradGuard constant;
  for (const char* wanted : {"fin_wght1d.w", "stage3.0.w", "stage2.2.weight", "stage5.4.conv_block.dwconvs.0.weight",
                             "stage1.3.conv_block.norm.weight", "stage4.8.tcm.0.conv.weight",
                             "stage2.7.tcm.1.attention.q_proj.weight", "pool.linear1.weight", "stem.0.weight"}) {
    CAPTURE(wanted);
    for (const auto& [name, parameter] : model->named_parameters()) {
      if (!name.ends_with(wanted)) continue;
      const Tensor gradient = parameter.grad();
      const double square = gradient.square().sum().item<double>(), step = 0.01 / std::sqrt(square);
      const Tensor before = parameter.detach().clone();
      parameter.copy_(before + gradient * step);
      const double up = loss().item<double>();
      parameter.copy_(before - gradient * step);
      const double down = loss().item<double>();
      parameter.copy_(before);
      CHECK((up - down) / (2 * step * square) == doctest::Approx(1).epsilon(0.02));
    }
  }
}

TEST_CASE("redimnet: a fresh network embeds, by seed, with the published front end") {
  const auto file = published();
  ReDimNet first(load_redimnet(golden(kSafetensors))->config()), second(first.config());
  first.initialise(3);
  second.initialise(3);
  const auto state = first.state_dict();
  for (const char* name : {"1.flipped_filter", "2.mel_scale.fb", "2.spectrogram.window"}) {
    const std::string full = concat("spec.torchfbank.", name);
    test::expect_close(state.at(full), file.at(full), 1e-5, full);
  }
  const Tensor waveform = noise({1, 4000}, 7), embedding = first.embedding(waveform);
  CHECK(embedding.norm().item<double>() > 0);
  CHECK(at::equal(embedding, second.embedding(waveform)));
}

TEST_CASE("redimnet: a file with missing, surplus and mis-shaped tensors is refused, naming them all") {
  ReDimNet model(load_redimnet(golden(kSafetensors))->config());
  weights::TensorMap tensors = published().tensors();
  for (const char* name : {"bn.num_batches_tracked", "linear.bias"}) tensors.erase(name);
  for (const char* name : {"linear.num_batches_tracked", "num_batches_tracked", "cls_head.weight"}) {
    tensors[name] = at::zeros({});
  }
  tensors["backbone.stage1.0.w"] = at::zeros({1, 2, 1, 1});
  try {
    model.load(tensors, "broken.pt");
    FAIL("it was accepted");
  } catch (const CheckpointError& error) {
    const std::string message = error.what();
    CAPTURE(message);
    for (const char* part : {"broken.pt: 5 tensors", "missing \"linear.bias\"", "unexpected \"linear.num_batches_tracked\"",
                             "unexpected \"num_batches_tracked\"", "unexpected \"cls_head.weight\"",
                             "\"backbone.stage1.0.w\": expected [1, 2, 192, 1], got [1, 2, 1, 1]"}) {
      CHECK_MESSAGE(message.find(part) != std::string::npos, part);
    }
  }
  tensors = published().tensors();
  std::erase_if(tensors, [](const auto& entry) { return entry.first.ends_with("num_batches_tracked"); });
  model.load(tensors, "counted nothing.pt");
}

TEST_CASE("redimnet: a file that is missing, has no configuration or describes another network is refused") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("redimnet.safetensors");
  CHECK_THROWS_AS(load_redimnet(path), CheckpointError);
  const auto refused = [&](const weights::Metadata& metadata, const char* message) {
    weights::save_safetensors(path, published().tensors(), metadata);
    CHECK_THROWS_WITH(load_redimnet(path), doctest::Contains(message));
    CHECK_THROWS_WITH(load_redimnet(path), doctest::Contains(path.c_str()));
  };
  const std::string config = published().metadata().at("model_config");
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = config;
    REQUIRE(text.find(from) != text.npos);
    return weights::Metadata{{"model_config", text.replace(text.find(from), from.size(), to)}};
  };
  refused({}, "its metadata holds no \"model_config\"");
  refused({{"model_config", "{"}}, "is not a JSON object");
  refused(changed("\"F\": 24", "\"F\": 0"), "model_config: F must be between 1 and 1024, got 0");
  refused(changed("\"C\": 8", "\"C\": 16"), "\"backbone.stem.0.weight\": expected [16, 1, 3, 3], got [8, 1, 3, 3]");
  refused(changed("[2, 4, 1, [[3, 3]], 4]", "[2, 3, 1, [[3, 3]], 4]"),
          "unexpected \"backbone.stage5.6.conv_block.norm.weight\"");
}

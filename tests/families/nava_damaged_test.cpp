// Files of a NAVA folder that are damaged or say odd things of themselves: each is refused by an error that names the
// file and what is wrong in it.
#include <fstream>
#include <functional>

#include "families/nava_goldens.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/families/nava/film_spec.h"
#include "phonofilm/families/nava/inspection.h"
#include "phonofilm/families/nava/sound.h"
#include "phonofilm/speaker_encoders/redimnet/redimnet.h"
#include "phonofilm/weights/torch_archive_writer.h"
#include "support/float8_nava.h"
#include "support/tiny_folders.h"
#include "weights/archive_builder.h"

using namespace phonofilm;
using namespace phonofilm::test;
using Json = nlohmann::json;
using weights::TensorMap;

namespace {

std::string text_of(const std::function<void()>& open) {
  try {
    open();
  } catch (const CheckpointError& error) {
    return error.what();
  } catch (const InvalidRequest& error) {
    return error.what();
  }
  return "accepted";
}

void check_refused(const std::function<void()>& open, const std::string& file, const std::string& message) {
  const std::string said = text_of(open);
  CAPTURE(said);
  CAPTURE(message);
  CHECK(said.find(file) != std::string::npos);
  CHECK(said.find(message) != std::string::npos);
}

// Tensors of a mapped file may not be written to, or outlive it unseen; copies may.
TensorMap copied(const TensorMap& tensors) {
  TensorMap result;
  for (const auto& [name, tensor] : tensors) result[name] = tensor.clone();
  return result;
}

void save_archive(const std::string& path, const TensorMap& tensors) {
  std::vector<weights::TensorSpec> specs;
  for (const auto& [name, tensor] : tensors) specs.push_back({name, tensor.scalar_type(), tensor.sizes().vec()});
  weights::write_torch_archive(path, specs, [&](const weights::TensorSpec& spec) { return tensors.at(spec.name); });
}

void cut(const std::string& path) { std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2); }

// The sound's file, changed.
struct Sound {
  TemporaryFolder folder;
  TensorMap tensors;
  Json config;
  Sound() {
    const auto file = weights::SafetensorsFile::open(testdata("goldens/ltx-audio-tiny/ltx-2.3-audio_vae.safetensors"));
    tensors = copied(file.tensors());
    config = Json::parse(file.metadata().at("config"));
  }
  std::string path() const { return folder.file("sound.safetensors"); }
  void open() const {
    nava::check_sound(path(), 128);
    nava::decode_sound(path(), at::zeros({1, 128, 2}), nava::kSampleRate);
  }
  void expect(const std::string& metadata, const std::string& message) const {
    weights::save_safetensors(path(), tensors, {{"config", metadata}});
    check_refused([&] { open(); }, path(), message);
  }
  void expect_entry(const std::string& pointer, const Json& value, const std::string& message) const {
    Json changed = config;
    changed[Json::json_pointer(pointer)] = value;
    CAPTURE(pointer);
    expect(changed.dump(), message);
  }
};

const std::string kRedimnetData(24, '\x01');

// A published archive whose model_config is this pickle.
std::string with_model_config(const std::string& value) {
  using namespace pickle;
  const std::string weight = tensor(storage({}), 0, {2, 3}, {3, 1});
  const std::string body =
      kEmptyDict + entry("state_dict", kEmptyDict + entry("w", weight)) + entry("model_config", value);
  return archive(whole(body), kRedimnetData);
}

TensorMap published_backbone() {
  return copied(weights::SafetensorsFile::open(nava_golden("NAVA.safetensors")).tensors());
}

}  // namespace

TEST_CASE("nava damaged: the sound's file without a configuration, or with one of another network") {
  const Sound sound;
  weights::save_safetensors(sound.path(), sound.tensors, {});
  check_refused([&] { sound.open(); }, sound.path(), "metadata entry \"config\"");
  for (const char* broken : {"", "{", "not JSON", "{\"audio_vae\": }"}) sound.expect(broken, "not valid JSON");
  for (const char* other : {"[]", "3", "null", "\"text\""}) sound.expect(other, "must be a JSON object");
  sound.expect("{}", "\"audio_vae\" must be there");
  sound.expect(std::string(100, '[') + std::string(100, ']'), "nests deeper");
  for (const Json& odd : {Json(), Json(3), Json::array(), Json("x")}) {
    sound.expect_entry("/audio_vae", odd, "\"audio_vae\" must be there");
    sound.expect_entry("/audio_vae/model/params/ddconfig", odd, "\"ddconfig\" must be there");
    sound.expect_entry("/vocoder", odd, "\"vocoder\" must be there");
    sound.expect_entry("/vocoder/bwe", odd, "\"bwe\" must be there");
  }
  sound.expect_entry("/audio_vae/model/params/ddconfig/ch", "many", "ch must be");
  sound.expect_entry("/audio_vae/model/params/ddconfig/ch_mult", Json::array(), "ch_mult");
  sound.expect_entry("/audio_vae/model/params/ddconfig/norm_type", "group", "norm_type must be");
  sound.expect_entry("/audio_vae/model/params/ddconfig/ch", 1e300, "ch");
}

TEST_CASE("nava damaged: the vocoder's stages and rates") {
  const Sound sound;
  sound.expect_entry("/vocoder/vocoder/upsample_rates", {5, 2}, "equally many");
  sound.expect_entry("/vocoder/vocoder/upsample_rates", {5, 2, 2, 2, 2, 0}, "upsample_rates");
  sound.expect_entry("/vocoder/vocoder/upsample_rates", {"5"}, "upsample_rates must be");
  sound.expect_entry("/vocoder/vocoder/upsample_kernel_sizes", {12, 4, 4, 4, 4, 4},
                     "exceed its rate by an even number");
  sound.expect_entry("/vocoder/vocoder/resblock_dilation_sizes", Json::array(), "list of lists");
  sound.expect_entry("/vocoder/vocoder/resblock_kernel_sizes", Json::array(), "residual block");
  sound.expect_entry("/vocoder/bwe/input_sampling_rate", 0, "input_sampling_rate");
  sound.expect_entry("/vocoder/bwe/output_sampling_rate", 32000, "ratio of the sampling rates");
  // All stages of a network that fits together, but not this family.
  Json slow = sound.config;
  slow["vocoder"]["bwe"]["input_sampling_rate"] = 8000;
  slow["vocoder"]["bwe"]["output_sampling_rate"] = 24000;
  sound.expect(slow.dump(), "its sound has 8000 and 24000 samples per second");
}

TEST_CASE("nava damaged: the sound's tensors") {
  for (const std::string name :
       {"audio_vae.decoder.conv_in.conv.weight", "audio_vae.per_channel_statistics.std-of-means",
        "vocoder.mel_stft.mel_basis", "vocoder.vocoder.resblocks.0.acts1.0.act.alpha"}) {
    Sound sound;
    REQUIRE(sound.tensors.contains(name));
    const Tensor original = sound.tensors.at(name);
    sound.tensors.erase(name);
    sound.expect(sound.config.dump(), "missing \"" + name + "\"");
    sound.tensors[name] = at::zeros({3, 1});
    sound.expect(sound.config.dump(), "\"" + name + "\": expected");
    sound.tensors[name] = original.to(at::kInt);
    sound.expect(sound.config.dump(), "\"" + name + "\": expected floating-point numbers");
  }
  const Sound sound;
  weights::save_safetensors(sound.path(), sound.tensors, {{"config", sound.config.dump()}});
  CHECK_NOTHROW(sound.open());
  cut(sound.path());
  check_refused([&] { sound.open(); }, sound.path(), "");
  write_file_atomically(sound.path(), "");
  check_refused([&] { sound.open(); }, sound.path(), "");
}

TEST_CASE("nava damaged: the speaker encoder's archive, its configuration of odd types") {
  using namespace pickle;
  const TemporaryFolder folder;
  const std::string path = folder.file("M.pt");
  const auto expect = [&](const std::string& bytes, const std::string& message) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    check_refused([&] { speaker_encoders::load_redimnet(path); }, path, message);
  };
  for (const std::string& odd :
       {number(3), kNone, kTrue, kEmptyList, kEmptyTuple, tensor(storage({}), 0, {2, 3}, {3, 1})}) {
    expect(with_model_config(odd), "model_config");
  }
  expect(with_model_config(text("not JSON")), "is not a JSON object");
  expect(with_model_config(kEmptyDict), "lacks F");
  const std::string names = entry("block_1d_type", text("att")) + entry("block_2d_type", text("convnext_like")) +
                            entry("group_divisor", number(4)) + entry("C", number(8));
  const auto config = [&](const std::string& mels, const std::string& stages) {
    return with_model_config(kEmptyDict + entry("F", mels) + entry("stages_setup", stages) + names);
  };
  const std::string kernel = "](](" + number(3) + number(3) + "ee";
  const std::string stage = "](" + number(1) + number(2) + number(1) + kernel + number(4) + "e";
  for (const std::string& odd : {text("24"), kNone, kEmptyList, kEmptyDict})
    expect(config(odd, "](" + stage + "e"), "F must be");
  expect(config(number(-24), "](" + stage + "e"), "F must be between");
  for (const std::string& odd : {number(1), kNone, text("x"), kEmptyDict, kEmptyList})
    expect(config(number(24), odd), "stages_setup");
  for (const std::string& odd : {number(1), kNone, kEmptyList, kEmptyDict}) {
    expect(config(number(24), "](" + odd + "e"), "stages_setup, stage 0");
  }
  expect(config(number(24), "](" + stage + "e"),
         "missing \"state_dict.backbone.");  // a sound configuration without tensors
}

TEST_CASE("nava damaged: the speaker encoder's files cut, empty, and without a tensor") {
  const TemporaryFolder folder;
  for (const char* name : {"M-vb2+vox2+cnc-ft_mix.pt", "redimnet.safetensors"}) {
    const std::string path = folder.file(name);
    std::filesystem::copy_file(testdata(std::string("goldens/redimnet-tiny/") + name), path);
    CHECK_NOTHROW(speaker_encoders::load_redimnet(path));
    cut(path);
    check_refused([&] { speaker_encoders::load_redimnet(path); }, path, "");
    write_file_atomically(path, "");
    check_refused([&] { speaker_encoders::load_redimnet(path); }, path, "is empty");
  }
  const auto file = weights::SafetensorsFile::open(testdata("goldens/redimnet-tiny/redimnet.safetensors"));
  TensorMap tensors = copied(file.tensors());
  tensors.erase("linear.bias");
  tensors["bn.running_mean"] = at::zeros({2}, at::kInt);
  const std::string path = folder.file("less.safetensors");
  weights::save_safetensors(path, tensors, file.metadata());
  for (const char* message : {"missing \"linear.bias\"", "\"bn.running_mean\": expected"}) {
    check_refused([&] { speaker_encoders::load_redimnet(path); }, path, message);
  }
}

TEST_CASE("nava damaged: float8 matrices without their scales, or with others") {
  const NavaFolder tiny;
  const std::string path = tiny.file("NAVA_fp8.safetensors");
  const std::string layer = "backbone.double_blocks.0.self_attn.q.", scale = layer + "weight_scale";
  const TensorMap sound = as_float8_nava(published_backbone());
  REQUIRE(sound.contains(scale));
  const auto expect = [&](const std::function<void(TensorMap&)>& damage, const std::string& message) {
    TensorMap tensors = sound;
    damage(tensors);
    weights::save_safetensors(path, tensors, {});
    check_refused([&] { tiny.load({.variant = "nava_fp8"}); }, "NAVA_fp8.safetensors", message);
    const auto report = nava::inspect_folder(tiny.root());
    const auto part = std::find_if(report->parts.begin(), report->parts.end(),
                                   [](const auto& p) { return p.file == "NAVA_fp8.safetensors"; });
    REQUIRE(part != report->parts.end());
    CHECK(join(part->problems, "\n").find(message) != std::string::npos);
  };
  expect([&](TensorMap& t) { t.erase(scale); }, "\"" + layer + "weight\": has no scale");
  expect([](TensorMap& t) { std::erase_if(t, [](const auto& e) { return e.first.ends_with("weight_scale"); }); },
         "have no scales");
  expect([&](TensorMap& t) { t[scale] = at::ones({7}); }, "\"" + layer + "weight\": its scale: expected [] or [");
  expect([&](TensorMap& t) { t[scale] = at::ones({1, 2, 3}); }, "\"" + layer + "weight\": its scale: expected [] or [");
  expect([&](TensorMap& t) { t[scale] = t[scale].to(at::kInt); }, "\"" + layer + "weight\": its scale is Int");
  expect([](TensorMap& t) { t["backbone.head.head.weight_scale"] = at::ones({1}); },
         "\"backbone.head.head.weight\": has a scale");
  expect([](TensorMap& t) { t["backbone.nothing.weight_scale"] = at::ones({1}); },
         "unexpected \"backbone.nothing.scale_weight\"");
  expect([&](TensorMap& t) { t.erase(layer + "weight"); }, "missing \"" + layer + "weight\"");
  weights::save_safetensors(path, sound, {});
  cut(path);
  check_refused([&] { tiny.load({.variant = "nava_fp8"}); }, "NAVA_fp8.safetensors", "");
}

TEST_CASE("nava damaged: a trainer's checkpoint") {
  const NavaFolder tiny;
  const std::string path = tiny.file("NAVA.ckpt");
  const auto expect = [&](const std::string& message) {
    check_refused([&] { tiny.load({.variant = "nava_ckpt"}); }, "NAVA.ckpt", message);
  };
  const auto expect_bytes = [&](const std::string& bytes, const std::string& message) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    expect(message);
  };
  const auto expect_tensors = [&](const std::function<void(TensorMap&)>& damage, const std::string& message) {
    TensorMap tensors;
    for (const auto& [name, tensor] : published_backbone()) tensors["state_dict." + name] = tensor;
    damage(tensors);
    save_archive(path, tensors);
    expect(message);
  };
  expect_bytes("", "is empty");
  expect_bytes("PK\x03\x04 and no more", "");
  expect_bytes("\x80\x02}q.", "before 1.6");
  expect_bytes("version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer");
  using namespace pickle;
  expect_bytes(archive(whole(kEmptyList), ""), "holds something else than a dictionary");
  expect_bytes(archive(whole(kEmptyDict + entry("state_dict", kEmptyList)), ""), "missing \"backbone.");
  expect_bytes(archive(whole(kEmptyDict + entry("global_step", number(7))), ""), "missing \"backbone.");
  expect_bytes(archive(whole(kEmptyDict + entry("state_dict", global("os", "system"))), ""), "");
  const std::string name = "state_dict.backbone.head.head.bias";
  expect_tensors([&](TensorMap& t) { t.erase(name); }, "missing \"backbone.head.head.bias\"");
  expect_tensors([&](TensorMap& t) { t[name] = at::zeros({3}); }, "\"backbone.head.head.bias\": expected");
  expect_tensors([&](TensorMap& t) { t[name] = t[name].to(at::kLong); }, "expected floating-point numbers");
  expect_tensors([](TensorMap& t) { t["state_dict.backbone.lora.weight"] = at::zeros({1}); },
                 "unexpected \"backbone.lora.weight\"");
  save_archive(path, published_backbone());
  CHECK_NOTHROW(tiny.load({.variant = "nava_ckpt"}));
  cut(path);
  expect("");
}

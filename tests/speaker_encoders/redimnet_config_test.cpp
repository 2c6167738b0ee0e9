// ReDimNet's configuration, and every name and shape of the published size; no weights and no memory are needed.
#include <map>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/speaker_encoders/redimnet/redimnet.h"
#include "support/support.h"

using namespace phonofilm;
using speaker_encoders::read_redimnet_config;
using speaker_encoders::ReDimNet;
using speaker_encoders::ReDimNetConfig;
using Json = nlohmann::json;

namespace {

Json tiny() { return load_json(test::testdata("goldens/redimnet-tiny/config.json")); }

void refused(const Json& published, const char* message) {
  CAPTURE(published.dump());
  CHECK_THROWS_WITH_AS(read_redimnet_config(published, "M.pt"), doctest::Contains(message), InvalidRequest);
  CHECK_THROWS_WITH(read_redimnet_config(published, "M.pt"), doctest::Contains("M.pt"));
}
void refused(const char* key, const Json& value, const char* message) {
  Json changed = tiny();
  changed[key] = value;
  refused(changed, message);
}
// The second stage, of stride 2, with another entry.
void refused_stage(std::size_t entry, const Json& value, const char* message) {
  Json changed = tiny();
  changed["stages_setup"][1][entry] = value;
  refused(changed, message);
}

// The layout, written down from the specification.
struct Layout {
  std::map<std::string, Shape> shapes;

  void layer(const std::string& name, const Shape& weight) {
    shapes[name + ".weight"] = weight;
    shapes[name + ".bias"] = {weight[0]};
  }
  void batch_norm(const std::string& name, std::int64_t channels) {
    layer(name, {channels});
    shapes[name + ".running_mean"] = shapes[name + ".running_var"] = {channels};
  }
  void picture_block(const std::string& name, std::int64_t channels) {
    layer(name + "dwconvs.0", {channels, 4, 3, 3});
    batch_norm(name + "norm", channels);
    layer(name + "pwconv1", {channels, channels, 1, 1});
  }
  void time_context(const std::string& name, std::int64_t width, std::int64_t reduced) {
    layer(name + "red_dim_conv.0", {reduced, width, 1});
    layer(name + "red_dim_conv.1", {reduced});
    layer(name + "tcm.0.conv", {reduced, 1, 59});
    layer(name + "tcm.0.norm", {reduced});
    for (const char* part : {"q_proj", "k_proj", "v_proj", "out_proj"}) {
      layer(name + "tcm.1.attention." + part, {reduced, reduced});
    }
    layer(name + "tcm.1.layer_norm", {reduced});
    layer(name + "tcm.1.feed_forward.intermediate_dense", {2 * reduced, reduced});
    layer(name + "tcm.1.feed_forward.output_dense", {reduced, 2 * reduced});
    layer(name + "tcm.1.final_layer_norm", {reduced});
    layer(name + "exp_dim_conv", {width, reduced, 1});
  }
};

Layout published_layout() {
  const std::int64_t mels = 72, width = 72 * 16;
  Layout layout;
  layout.shapes["spec.torchfbank.1.flipped_filter"] = {1, 1, 2};
  layout.shapes["spec.torchfbank.2.mel_scale.fb"] = {257, mels};
  layout.shapes["spec.torchfbank.2.spectrogram.window"] = {400};
  layout.layer("backbone.stem.0", {16, 1, 3, 3});
  layout.layer("backbone.stem.1", {16});
  const std::int64_t stride[] = {1, 2, 1, 2, 1, 2}, blocks[] = {2, 2, 3, 4, 4, 4}, reduction[] = {12, 12, 12, 8, 8, 4};
  std::int64_t channels = 16;
  for (int s = 0; s < 6; ++s) {
    const std::string name = "backbone.stage" + std::to_string(s) + ".";
    layout.shapes[name + "0.w"] = {1, s + 1, s == 0 ? 1 : width, 1};
    layout.layer(name + "2", {channels * stride[s], channels, stride[s], 1});
    channels *= stride[s];
    for (int i = 0; i < blocks[s]; ++i) layout.picture_block(name + std::to_string(3 + i) + ".conv_block.", channels);
    layout.time_context(name + std::to_string(4 + blocks[s]) + ".", width, width / reduction[s]);
  }
  layout.shapes["backbone.fin_wght1d.w"] = {1, 7, width, 1};
  layout.layer("pool.linear1", {128, width, 1});
  layout.layer("pool.linear2", {width, 128, 1});
  layout.batch_norm("bn", 2 * width);
  layout.layer("linear", {192, 2 * width});
  return layout;
}

bool is_trained(const std::string& name) {
  return !name.starts_with("spec.") && !name.ends_with(".running_mean") && !name.ends_with(".running_var");
}

}  // namespace

TEST_CASE("redimnet: the model of published width declares every tensor by name and shape, and no other") {
  Layout layout = published_layout();
  const ReDimNet model;
  std::int64_t trained = 0, values = 0;
  std::size_t tensors = 0;
  for (const auto& [name, shape, init] : model.declarations()) {
    CAPTURE(name);
    REQUIRE(layout.shapes.contains(name));
    CHECK(layout.shapes.at(name) == shape);
    layout.shapes.erase(name);
    values += c10::multiply_integers(shape);
    if (is_trained(name)) trained += c10::multiply_integers(shape);
    ++tensors;
  }
  CHECK(layout.shapes.empty());
  CHECK(tensors == 344);
  CHECK(trained == 4'234'193);
  CHECK(values == 4'260'139);  // with running statistics, mel bands, window and filter
  CHECK(model.parameter_count() == values);
}

TEST_CASE("redimnet: the published configuration") {
  const ReDimNetConfig config = read_redimnet_config(tiny(), "config.json");
  CHECK(config.mels == 24);
  CHECK(config.channels == 8);
  CHECK(config.group_divisor == 4);
  CHECK(config.embed_dim == 192);
  CHECK(config.hop_length == 160);
  REQUIRE(config.stages.size() == 6);
  const ReDimNetConfig defaults;  // the same stages, the tiny model being the M layout at smaller width
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(config.stages[i].stride == defaults.stages[i].stride);
    CHECK(config.stages[i].blocks == defaults.stages[i].blocks);
    CHECK(config.stages[i].kernel == 3);
    CHECK(config.stages[i].reduction == defaults.stages[i].reduction);
  }
}

TEST_CASE("redimnet: entries of training and of the usual front end make no difference, absent ones are the defaults") {
  Json published = tiny();
  published["num_classes"] = 5994;
  published["class_dropout"] = 0.3;
  published["spec_params"] = {{"do_spec_aug", true}, {"n_fft", 512}, {"f_min", 20.0}};
  for (const char* key : {"embed_dim", "hop_length", "emb_bn", "feat_type"}) published.erase(key);
  const ReDimNetConfig config = read_redimnet_config(published, "config.json");
  CHECK(config.embed_dim == 192);
  CHECK(config.hop_length == 160);
}

TEST_CASE("redimnet: configurations that this program has no network for") {
  refused(Json::array(), "must be a JSON object");
  for (const char* key : {"F", "C", "block_1d_type", "block_2d_type", "stages_setup", "group_divisor"}) {
    Json without = tiny();
    without.erase(key);
    refused(without, (std::string("lacks ") + key).c_str());
  }
  refused("block_1d_type", "conv+att", "block_1d_type must be \"att\", got \"conv+att\"");
  refused("block_2d_type", "basic_resnet", "block_2d_type must be \"convnext_like\"");
  refused("pooling_func", "TSTP", "pooling_func must be \"ASTP\"");
  refused("feat_type", "tf", "feat_type must be \"pt\"");
  refused("out_channels", 512, "out_channels must be null, got 512");
  refused("head_activation", "relu", "head_activation must be null");
  for (const char* key : {"global_context_att", "emb_bn", "return_all_outputs", "tf_optimized_arch"}) {
    refused(key, true, "must be false, got true");
  }
  refused("num_classes", "many", "num_classes must be a count or null");
  refused("class_dropout", "some", "class_dropout must be a number");
  refused("spec_params", Json::array(), "spec_params must be an object");
  refused("spec_params", {{"norm_signal", true}}, "a front end whose \"norm_signal\" is true is not known");
  refused("spec_params", {{"sample_rate", 8000}}, "\"sample_rate\" is 8000");
  refused("out_chanels", nullptr, "unknown option 'out_chanels'");
}

TEST_CASE("redimnet: sizes out of all bounds, and sizes that contradict each other") {
  for (const Json& value : {Json(0), Json(-24), Json(1025), Json(1e9), Json("24"), Json(24.5), Json(nullptr), Json(true)}) {
    for (const char* key : {"F", "C", "group_divisor"}) refused(key, value, key);
  }
  refused("F", 9'223'372'036'854'775'808u, "F must be");
  refused("embed_dim", 0, "embed_dim must be between 1 and 4096");
  refused("hop_length", 0, "hop_length must be between 16 and 400");
  Json flat = tiny();
  flat["F"] = 12;
  flat["C"] = 16;
  refused(flat, "stage 5: its 3 mel rows are no multiple of the stride 2");
  refused("group_divisor", 3, "stage 0: its 8 channels are no multiple of group_divisor 3");
  Json wide = tiny();
  wide["F"] = wide["C"] = 1024;
  refused(wide, "F times C must be at most 16384, got 1048576");
  const Json many = std::vector<Json>(17, tiny()["stages_setup"][0]);
  for (const Json& value : {Json(), Json(3), Json("six"), Json::array(), many}) {
    refused("stages_setup", value, "stages_setup must be a list of 1 to 16 stages");
  }
}

TEST_CASE("redimnet: stages that this program has no network for") {
  for (const Json& stage : {Json(), Json::array(), Json{1, 2, 1, 12}, Json{1, 2, 1, {{3, 3}}, 12, 1}}) {
    refused("stages_setup", Json::array({stage}), "stage 0: must be [stride, blocks, 1");
  }
  for (const Json& value : {Json(0), Json(-1), Json(1e12), Json(2.5), Json("2"), Json(std::int64_t{1} << 62)}) {
    for (const std::size_t entry : {0, 1, 4}) refused_stage(entry, value, "stage 1: must be");
  }
  refused_stage(0, 5, "stage 1: its 24 mel rows are no multiple of the stride 5");
  refused_stage(1, 65, "stage 1: it must have 1 to 64 blocks, got 65");
  refused_stage(2, 2, "stage 1: its expansion of channels must be 1, got 2");
  refused_stage(3, Json::array(), "stage 1: must be");
  refused_stage(3, {{3, 3}, {5, 5}}, "stage 1: must be");
  refused_stage(3, {{3, 5}}, "stage 1: must be");
  refused_stage(3, {{4, 4}}, "stage 1: the kernel must be odd and at most 63, got 4");
  refused_stage(3, {{65, 65}}, "stage 1: the kernel must be odd");
  refused_stage(4, 7, "stage 1: a width of 192 reduced by 7 does not split into 4 heads");
  refused_stage(4, 96, "stage 1: a width of 192 reduced by 96 does not split into 4 heads");
}

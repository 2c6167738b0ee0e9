#include "phonofilm/speaker_encoders/redimnet/config.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/speaker_encoders/redimnet/blocks.h"

namespace phonofilm::speaker_encoders {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kMostStages = 16, kMostBlocks = 64, kWidest = 16384, kLargestKernel = 63;

void check(bool holds, std::string_view where, const std::string& rule) {
  PF_CHECK(holds, InvalidRequest, "config", where, ": ", rule);
}

std::string shown(const Json& value) { return excerpt(value.dump()); }

// Entries with the only value that this implementation has.
Json fixed_entries() {
  return Json::parse(R"({"block_1d_type": "att", "block_2d_type": "convnext_like", "pooling_func": "ASTP",
                         "feat_type": "pt", "out_channels": null, "head_activation": null, "global_context_att": false,
                         "emb_bn": false, "return_all_outputs": false, "tf_optimized_arch": false})");
}

// How the front end differs from its defaults: by augmentation, which is of training, or not at all.
void check_front_end(const Json& entries, std::string_view where) {
  const Json fixed =
      Json::parse(R"({"sample_rate": 16000, "n_fft": 512, "win_length": 400, "f_min": 20, "f_max": 7600})");
  check(entries.is_object(), where, "spec_params must be an object, got " + shown(entries));
  for (const auto& [key, value] : entries.items()) {
    const bool augments = key == "do_spec_aug" || key == "freq_mask_width" || key == "time_mask_width";
    const bool known = augments || (fixed.contains(key) && fixed[key] == value);
    check(known, where,
          concat("spec_params: a front end whose ", in_quotes(key), " is ", shown(value), " is not known"));
  }
}

// Moves what only training knows out of `entries`.
void drop_training(Json& entries, std::string_view where) {
  for (const char* key : {"class_dropout", "feat_agg_dropout"}) {
    const bool fits = !entries.contains(key) || entries[key].is_number();
    check(fits, where, concat(key, " must be a number"));
    entries.erase(key);
  }
  if (entries.contains("num_classes")) {
    const Json& classes = entries["num_classes"];
    const bool fits = classes.is_null() || classes.is_number_integer();
    check(fits, where, "num_classes must be a count or null, got " + shown(classes));
    entries.erase("num_classes");
  }
  if (entries.contains("spec_params")) check_front_end(entries["spec_params"], where);
  entries.erase("spec_params");
}

// Moves what has only one form out of `entries`.
void drop_fixed(Json& entries, std::string_view where) {
  const Json fixed = fixed_entries();
  for (const auto& [key, value] : fixed.items()) {
    const bool fits = !entries.contains(key) || entries[key] == value;
    check(fits, where, fits ? "" : concat(key, " must be ", value.dump(), ", got ", shown(entries[key])));
    entries.erase(key);
  }
}

bool is_count(const Json& value) { return value.is_number_integer() && value >= 1 && value <= 1024; }

// [stride, blocks, expansion, [[kernel, kernel]], reduction]
ReDimNetStage read_stage(const Json& stage, const std::string& where) {
  const std::string rule = "must be [stride, blocks, 1, [[kernel, kernel]], reduction], got ";
  check(stage.is_array() && stage.size() == 5, where, rule + shown(stage));
  check(is_count(stage[0]) && is_count(stage[1]) && is_count(stage[4]), where, rule + shown(stage));
  check(stage[2] == 1, where, "its expansion of channels must be 1, got " + shown(stage[2]));
  const Json& kernels = stage[3];
  const bool one = kernels.is_array() && kernels.size() == 1 && kernels[0].is_array() && kernels[0].size() == 2;
  check(one && is_count(kernels[0][0]) && kernels[0][0] == kernels[0][1], where, rule + shown(stage));
  return {stage[0], stage[1], kernels[0][0], stage[4]};
}

std::vector<ReDimNetStage> read_stages(const Json& stages, std::string_view where) {
  const bool listed = stages.is_array() && !stages.empty() && stages.size() <= kMostStages;
  check(listed, where, concat("stages_setup must be a list of 1 to ", kMostStages, " stages, got ", shown(stages)));
  std::vector<ReDimNetStage> result;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    result.push_back(read_stage(stages[i], concat(where, ": stages_setup, stage ", i)));
  }
  return result;
}

void check_stage(const ReDimNetStage& stage, std::int64_t width, std::string_view where) {
  const bool counted = stage.blocks >= 1 && stage.blocks <= kMostBlocks;
  check(counted, where, concat("it must have 1 to ", kMostBlocks, " blocks, got ", stage.blocks));
  const bool odd = stage.kernel % 2 == 1 && stage.kernel >= 1 && stage.kernel <= kLargestKernel;
  check(odd, where, concat("the kernel must be odd and at most ", kLargestKernel, ", got ", stage.kernel));
  const bool splits = stage.reduction >= 1 && width % (stage.reduction * redimnet::kHeads) == 0;
  check(splits, where, concat("a width of ", width, " reduced by ", stage.reduction, " does not split into ",
                               redimnet::kHeads, " heads"));
}

}  // namespace

Fields ReDimNetConfig::fields() {
  return {{"F", &mels, "mel bands", 1.0, 1024.0},
          {"C", &channels, "channels at full mel resolution", 1.0, 1024.0},
          {"group_divisor", &group_divisor, "channels in each group of the grouped convolutions", 1.0, 1024.0},
          {"embed_dim", &embed_dim, "numbers of an embedding", 1.0, 4096.0},
          {"hop_length", &hop_length, "samples between mel frames", 16.0, 400.0}};
}

void ReDimNetConfig::validate(std::string_view where) const {
  ReDimNetConfig copy = *this;
  check_fields(copy.fields(), where);
  check(width() <= kWidest, where, concat("F times C must be at most ", kWidest, ", got ", width()));
  const bool counted = !stages.empty() && std::int64_t(stages.size()) <= kMostStages;
  check(counted, where, concat("there must be 1 to ", kMostStages, " stages, got ", stages.size()));
  std::int64_t rows = mels, wide = channels;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const std::string here = concat(where, ": stage ", i);
    const std::int64_t stride = stages[i].stride;
    const bool divides = stride >= 1 && rows % stride == 0;
    check(divides, here, concat("its ", rows, " mel rows are no multiple of the stride ", stride));
    rows /= stride;
    wide *= stride;
    const bool grouped = wide % group_divisor == 0;
    check(grouped, here, concat("its ", wide, " channels are no multiple of group_divisor ", group_divisor));
    check_stage(stages[i], width(), here);
  }
}

ReDimNetConfig read_redimnet_config(const Json& published, std::string_view where) {
  check(published.is_object(), where, "must be a JSON object, got " + shown(published));
  for (const char* key : {"F", "C", "block_1d_type", "block_2d_type", "stages_setup", "group_divisor"}) {
    check(published.contains(key), where, concat("lacks ", key, ", which has no default that publishers agree on"));
  }
  ReDimNetConfig config;
  Json entries = published;
  config.stages = read_stages(entries["stages_setup"], where);
  entries.erase("stages_setup");
  drop_training(entries, where);
  drop_fixed(entries, where);
  read_json(entries, config.fields(), where);
  config.validate(where);
  return config;
}

Json write_redimnet_config(ReDimNetConfig config) {
  Json entries = write_json(config.fields());
  entries["block_1d_type"] = fixed_entries()["block_1d_type"];
  entries["block_2d_type"] = fixed_entries()["block_2d_type"];
  entries["stages_setup"] = Json::array();
  for (const ReDimNetStage& s : config.stages) {
    const Json kernels = Json::array({Json::array({s.kernel, s.kernel})});
    entries["stages_setup"].push_back(Json::array({s.stride, s.blocks, 1, kernels, s.reduction}));
  }
  return entries;
}

}  // namespace phonofilm::speaker_encoders

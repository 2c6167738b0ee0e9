#include "phonofilm/vocoders/bigvgan/config.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"

namespace phonofilm::vocoders {
namespace {

void check(bool holds, std::string_view where, std::string_view rule) {
  PF_CHECK(holds, InvalidRequest, "config", where, ": ", rule);
}

void require(const nlohmann::json& published, const char* key, const nlohmann::json& value, std::string_view where) {
  const bool fits = !published.contains(key) || published[key] == value;
  PF_CHECK(fits, InvalidRequest, "config", where, ": ", key, " must be ", value.dump(), ", got ",
           published[key].dump());
}

}  // namespace

Fields BigVganConfig::fields() {
  return {{"num_mels", &num_mels, "mel bands", 1.0, 1024.0},
          {"upsample_initial_channel", &upsample_initial_channel, "channels at the mel's rate", 1.0, 65536.0},
          {"upsample_rates", &upsample_rates, "samples that a stage makes of one", 1.0, 1024.0},
          {"upsample_kernel_sizes", &upsample_kernel_sizes, "taps of each stage's transposed convolution", 1.0, 1024.0},
          {"resblock_kernel_sizes", &resblock_kernel_sizes, "taps of the parallel blocks after a stage", 1.0, 1024.0},
          {"resblock_dilations", &resblock_dilations, "dilations inside every block", 1.0, 1024.0}};
}

std::int64_t BigVganConfig::hop() const {
  std::int64_t samples = 1;
  for (const std::int64_t rate : upsample_rates) samples *= rate;
  return samples;
}

void BigVganConfig::validate(std::string_view where) const {
  const std::size_t stages = upsample_rates.size();
  check(stages >= 1 && stages <= 16 && upsample_kernel_sizes.size() == stages, where,
        "upsample_rates and upsample_kernel_sizes must be equally many, 1 to 16");
  std::int64_t longest = std::int64_t(1) << 16;  // samples per mel frame; the product of the rates must not overflow
  for (std::size_t i = 0; i < stages; ++i) {
    check(upsample_rates[i] >= 1 && upsample_rates[i] <= longest, where,
          "upsample_rates must multiply to at most 65536");
    longest /= upsample_rates[i];
    const std::int64_t surplus = upsample_kernel_sizes[i] - upsample_rates[i];
    check(surplus >= 0 && surplus % 2 == 0, where,
          "an upsampling kernel must exceed its rate by an even number");
  }
  check(upsample_initial_channel % (std::int64_t(1) << stages) == 0, where,
        "upsample_initial_channel must be divisible by 2 once for each stage");
  check(!resblock_kernel_sizes.empty() && !resblock_dilations.empty(), where, "there must be a residual block");
  for (const std::int64_t kernel : resblock_kernel_sizes) {
    check(kernel % 2 == 1, where, "resblock_kernel_sizes must be odd");
  }
}

BigVganConfig read_bigvgan_config(const nlohmann::json& published, std::string_view where) {
  check(published.is_object(), where, "must be a JSON object");
  require(published, "resblock", "1", where);
  require(published, "activation", "snakebeta", where);
  require(published, "snake_logscale", true, where);
  BigVganConfig config;
  nlohmann::json network = nlohmann::json::object();
  for (const Field& field : config.fields()) {
    if (published.contains(field.name)) network[field.name] = published[field.name];
  }
  if (published.contains("resblock_dilation_sizes")) {
    const nlohmann::json& lists = published["resblock_dilation_sizes"];
    check(lists.is_array() && !lists.empty(), where, "resblock_dilation_sizes must be a list of lists");
    for (const nlohmann::json& list : lists) {
      check(list == lists[0], where, "resblock_dilation_sizes must be the same for every kernel");
    }
    network["resblock_dilations"] = lists[0];
  }
  read_json(network, config.fields(), where);
  config.validate(where);
  return config;
}

}  // namespace phonofilm::vocoders

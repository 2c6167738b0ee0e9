#include "phonofilm/autoencoders/wan22_vae/config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"

namespace phonofilm::autoencoders {
namespace {

// The arguments that every published model shares, with the only value that this implementation has.
nlohmann::json fixed_arguments() {
  return nlohmann::json::parse(R"({"z_dim": 48, "temperal_downsample": [false, true, true], "attn_scales": []})");
}

std::vector<std::int64_t> times(std::int64_t width, const std::vector<std::int64_t>& factors) {
  std::vector<std::int64_t> widths;
  for (const std::int64_t factor : factors) widths.push_back(width * factor);
  return widths;
}

}  // namespace

Fields Wan22VaeConfig::fields() {
  return {{"dim", &dim, "channels of the encoder at full resolution", 2.0, 4096.0},
          {"dec_dim", &dec_dim, "channels of the decoder at full resolution", 2.0, 4096.0},
          {"dim_mult", &dim_mult, "widening of the four stages, from the pixels inwards", 1.0, 64.0},
          {"num_res_blocks", &num_res_blocks, "residual blocks per stage of the encoder", 1.0, 64.0}};
}

std::vector<std::int64_t> Wan22VaeConfig::encoder_widths() const {
  std::vector<std::int64_t> widths = times(dim, dim_mult);
  widths.insert(widths.begin(), dim);
  return widths;
}

std::vector<std::int64_t> Wan22VaeConfig::decoder_widths() const {
  std::vector<std::int64_t> widths = times(dec_dim, dim_mult);
  std::reverse(widths.begin(), widths.end());
  widths.insert(widths.begin(), widths.front());
  return widths;
}

void Wan22VaeConfig::validate(std::string_view where) const {
  PF_CHECK(dim_mult.size() == 4, InvalidRequest, "config", where, ": dim_mult must hold four numbers, got ",
           dim_mult.size());
  PF_CHECK(dim % 2 == 0 && dec_dim % 2 == 0, InvalidRequest, "config", where, ": dim and dec_dim must be even");
  std::int64_t before = 1;
  for (const std::int64_t factor : dim_mult) {
    PF_CHECK(factor == before || factor == 2 * before, InvalidRequest, "config", where,
             ": each of dim_mult must equal its predecessor or double it, starting from 1");
    before = factor;
  }
  PF_CHECK(dim_mult[2] == dim_mult[3], InvalidRequest, "config", where,
           ": the last two of dim_mult must be equal, because the last stage changes no resolution");
}

Wan22VaeConfig read_wan22_vae_config(const nlohmann::json& object, std::string_view where) {
  nlohmann::json own = object;
  if (own.is_object()) {
    const nlohmann::json fixed = fixed_arguments();
    for (const auto& [key, value] : fixed.items()) {
      PF_CHECK(!own.contains(key) || own[key] == value, InvalidRequest, "config", where, ": ", key, " must be ",
               value.dump(), ", got ", own[key].dump());
      own.erase(key);
    }
    own.erase("dropout");  // of training; the published models have none
  }
  Wan22VaeConfig config;
  read_json(own, config.fields(), where);
  config.validate(where);
  return config;
}

double wan22_decode_flop(const Wan22VaeConfig& config, std::int64_t frames, std::int64_t h, std::int64_t w) {
  const std::vector<std::int64_t> widths = config.decoder_widths();
  double time = double(frames), space = double(h * w), total = 0;
  const auto conv = [&](double taps, std::int64_t in, std::int64_t out) {
    total += 2 * taps * double(in) * double(out) * time * space;
  };
  conv(27, kWan22LatentChannels, widths[0]);
  for (int i = 0; i < 4; ++i) conv(27, widths[0], widths[0]);  // two residual blocks around the attention
  for (std::size_t stage = 0; stage < 4; ++stage) {
    const std::int64_t in = widths[stage], out = widths[stage + 1];
    for (std::int64_t block = 0; block <= config.num_res_blocks; ++block) {
      conv(27, block == 0 ? in : out, out);
      conv(27, out, out);
    }
    if (stage == 3) break;
    if (stage < 2) {
      conv(3, out, 2 * out);  // doubles time
      time = 2 * time - 1;
    }
    space *= 4;
    conv(9, out, out);
  }
  conv(27, widths[4], 12);
  return total;
}

}  // namespace phonofilm::autoencoders

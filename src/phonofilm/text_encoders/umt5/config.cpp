#include "phonofilm/text_encoders/umt5/config.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"

namespace phonofilm::text_encoders {

Fields Umt5Config::fields() {
  return {{"vocab", &vocab, "rows of the token table", 1.0, 1e7},
          {"dim", &dim, "width of a row", 1.0, 1e6},
          {"dim_attn", &dim_attn, "width of all attention heads together", 1.0, 1e6},
          {"dim_ffn", &dim_ffn, "hidden width of the feed-forward layers", 1.0, 1e6},
          {"num_heads", &num_heads, "attention heads", 1.0, 1e4},
          {"num_layers", &num_layers, "transformer layers", 0.0, 1000.0},
          {"num_buckets", &num_buckets, "buckets of relative positions, a multiple of 4", 4.0, 4096.0},
          {"max_distance", &max_distance, "distance from which on all share the last bucket", 2.0, 1e6},
          {"eps", &eps, "of the RMS norms", 0.0, 1e-2},
          {"shared_pos", &shared_pos, "one position table for all layers; must be false"},
          {"dropout", &dropout, "of the publisher's training; not applied here", 0.0, 1.0}};
}

void Umt5Config::validate(std::string_view where) const {
  const auto check = [&](bool holds, std::string_view rule) { PF_CHECK(holds, InvalidRequest, "config", where, ": ", rule); };
  check(dim_attn % num_heads == 0, "dim_attn must be a multiple of num_heads");
  check(num_buckets % 4 == 0, "num_buckets must be a multiple of 4: two directions, half of each one bucket per distance");
  check(max_distance > num_buckets / 4, "max_distance must exceed a quarter of num_buckets");
  check(!shared_pos, "shared_pos must be false: UMT5 has a position table in every layer");
}

Umt5Config read_umt5_config(const nlohmann::json& object, std::string_view where) {
  Umt5Config config;
  const Fields fields = config.fields();
  read_json(object, fields, where);
  config.validate(where);
  return config;
}

}  // namespace phonofilm::text_encoders

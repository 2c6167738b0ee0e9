// The shape of a UMT5 encoder (Chung et al. 2023), by the field names of the publisher's code.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "phonofilm/base/fields.h"

namespace phonofilm::text_encoders {

// Defaults are the released UMT5-XXL encoder: 5,680,910,336 parameters in 242 tensors.
struct Umt5Config {
  std::int64_t vocab = 256384;     // rows of the token table; the tokenizer uses 256300 of them
  std::int64_t dim = 4096;         // width of a row
  std::int64_t dim_attn = 4096;    // all heads together
  std::int64_t dim_ffn = 10240;
  std::int64_t num_heads = 64;
  std::int64_t num_layers = 24;
  std::int64_t num_buckets = 32;   // of relative positions, half of them for keys behind the query
  std::int64_t max_distance = 128; // from which on all distances share the last bucket
  double eps = 1e-6;               // of the RMS norms
  bool shared_pos = false;         // UMT5: every layer has a position table of its own
  double dropout = 0.1;            // of the publisher's training; not applied here

  Fields fields();
  // Throws InvalidRequest where fields contradict each other or ask for what no UMT5 has.
  void validate(std::string_view where) const;
};

// `where` names the file in errors.
Umt5Config read_umt5_config(const nlohmann::json& object, std::string_view where);

}  // namespace phonofilm::text_encoders

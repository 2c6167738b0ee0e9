// Every published name and shape of Ovi's twin towers (Ovi/model.safetensors), written down from the published file and
// compared with what the model declares; no weights and no memory are needed.
#include <map>
#include <string>
#include <vector>

#include "phonofilm/families/ovi/transformer.h"
#include "support/support.h"

using namespace phonofilm;

namespace {

struct Row {
  std::vector<const char*> names;
  Shape shape;
};

constexpr std::int64_t kWidth = 3072, kHidden = 14336, kText = 4096, kBlocks = 30;
const Shape kSquare{kWidth, kWidth}, kVector{kWidth};

const std::vector<Row> kVideoOnly{
    {{"patch_embedding.weight"}, {kWidth, 48, 1, 2, 2}},
    {{"patch_embedding.bias"}, kVector},
    {{"head.head.weight"}, {192, kWidth}},
    {{"head.head.bias"}, {192}},
};
const std::vector<Row> kAudioOnly{
    {{"patch_embedding.0.weight"}, {kWidth, 20, 7}},
    {{"patch_embedding.0.bias"}, kVector},
    {{"patch_embedding.2.w1.weight", "patch_embedding.2.w3.weight"}, {8192, kWidth, 7}},
    {{"patch_embedding.2.w2.weight"}, {kWidth, 8192, 7}},
    {{"head.head.weight"}, {20, kWidth}},
    {{"head.head.bias"}, {20}},
};
const std::vector<Row> kEveryTower{
    {{"text_embedding.0.weight"}, {kWidth, kText}},
    {{"time_embedding.0.weight"}, {kWidth, 256}},
    {{"text_embedding.2.weight", "time_embedding.2.weight"}, kSquare},
    {{"text_embedding.0.bias", "text_embedding.2.bias", "time_embedding.0.bias", "time_embedding.2.bias"}, kVector},
    {{"time_projection.1.weight"}, {18432, kWidth}},
    {{"time_projection.1.bias"}, {18432}},
    {{"head.modulation"}, {1, 2, kWidth}},
};
const std::vector<Row> kEveryBlock{
    {{"modulation.modulation"}, {1, 6, kWidth}},
    {{"self_attn.q.weight", "self_attn.k.weight", "self_attn.v.weight", "self_attn.o.weight"}, kSquare},
    {{"self_attn.q.bias", "self_attn.k.bias", "self_attn.v.bias", "self_attn.o.bias"}, kVector},
    {{"self_attn.norm_q.weight", "self_attn.norm_k.weight"}, kVector},
    {{"norm3.weight", "norm3.bias"}, kVector},
    {{"cross_attn.q.weight", "cross_attn.k.weight", "cross_attn.v.weight", "cross_attn.o.weight"}, kSquare},
    {{"cross_attn.q.bias", "cross_attn.k.bias", "cross_attn.v.bias", "cross_attn.o.bias"}, kVector},
    {{"cross_attn.norm_q.weight", "cross_attn.norm_k.weight"}, kVector},
    {{"cross_attn.k_fusion.weight", "cross_attn.v_fusion.weight"}, kSquare},
    {{"cross_attn.k_fusion.bias", "cross_attn.v_fusion.bias"}, kVector},
    {{"cross_attn.pre_attn_norm_fusion.weight", "cross_attn.pre_attn_norm_fusion.bias"}, kVector},
    {{"cross_attn.norm_k_fusion.weight"}, kVector},
    {{"ffn.0.weight"}, {kHidden, kWidth}},
    {{"ffn.0.bias"}, {kHidden}},
    {{"ffn.2.weight"}, {kWidth, kHidden}},
    {{"ffn.2.bias"}, kVector},
};

using Layout = std::map<std::string, Shape>;

void add(Layout& layout, const std::string& prefix, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    for (const char* name : row.names) layout[prefix + name] = row.shape;
  }
}

Layout published_layout() {
  Layout layout;
  add(layout, "video_model.", kVideoOnly);
  add(layout, "audio_model.", kAudioOnly);
  for (const std::string tower : {"video_model.", "audio_model."}) {
    add(layout, tower, kEveryTower);
    for (std::int64_t i = 0; i < kBlocks; ++i) add(layout, tower + "blocks." + std::to_string(i) + ".", kEveryBlock);
  }
  return layout;
}

std::int64_t parameters(const Layout& layout, const std::string& part) {
  std::int64_t count = 0;
  for (const auto& [name, shape] : layout) {
    if (name.find(part) != std::string::npos) count += c10::multiply_integers(shape);
  }
  return count;
}

}  // namespace

TEST_CASE("ovi: the table of published tensors has the published sizes") {
  const Layout layout = published_layout();
  CHECK(layout.size() == 2073);
  CHECK(parameters(layout, "") == 11'660'753'108);
  CHECK(parameters(layout, "video_model.") == 5'566'479'552);
  CHECK(parameters(layout, "audio_model.") == 6'094'273'556);
  CHECK(parameters(layout, "fusion") == 1'133'383'680);
}

TEST_CASE("ovi: the model declares every published tensor by name and shape, and no other") {
  const ovi::OviTransformer model{ovi::OviConfig{}};
  Layout declared;
  for (const auto& [name, shape, init] : model.declarations()) {
    CAPTURE(name);
    CHECK(declared.emplace(name, shape).second);  // none is declared twice
  }
  for (const auto& [name, shape] : published_layout()) {
    CAPTURE(name);
    REQUIRE(declared.contains(name));
    CHECK(declared.at(name) == shape);
    declared.erase(name);
  }
  CHECK(declared == Layout{});
}

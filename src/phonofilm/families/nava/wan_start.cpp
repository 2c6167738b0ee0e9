#include "phonofilm/families/nava/wan_start.h"

#include <array>
#include <set>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/weights/tensor_file.h"

namespace phonofilm::nava {
namespace {

// Outside the blocks both have the same names.
constexpr std::array kTop{"patch_embedding.weight",  "patch_embedding.bias",     "text_embedding.0.weight",
                          "text_embedding.0.bias",   "text_embedding.2.weight",  "text_embedding.2.bias",
                          "time_embedding.0.weight", "time_embedding.0.bias",    "time_embedding.2.weight",
                          "time_embedding.2.bias",   "time_projection.1.weight", "time_projection.1.bias",
                          "head.head.weight",        "head.head.bias",           "head.modulation"};

// Of an attention, of which a block has two.
constexpr std::array kAttention{"q.weight", "q.bias", "k.weight", "k.bias",        "v.weight",
                                "v.bias",   "o.weight", "o.bias", "norm_q.weight", "norm_k.weight"};

constexpr std::array kRest{"norm3.weight", "norm3.bias", "ffn.0.weight", "ffn.0.bias", "ffn.2.weight", "ffn.2.bias"};

std::string nava_block(const NavaConfig& c, std::int64_t n) {
  return n < c.num_double_layers ? concat("double_blocks.", n, ".")
                                 : concat("single_blocks.", n - c.num_double_layers, ".");
}

void add_block(const NavaConfig& config, std::int64_t n, std::vector<WanTensor>& all) {
  const std::string wan = concat("blocks.", n, "."), nava = nava_block(config, n);
  for (const std::string attention : {"self_attn.", "cross_attn."}) {
    for (const char* name : kAttention) all.push_back({wan + attention + name, nava + attention + name});
  }
  for (const char* name : kRest) all.push_back({wan + name, nava + name});
  all.push_back({wan + "modulation", nava + "modulation.modulation"});
}

// Moves what fits from `wan` into `state`; what does not is described, a line each.
std::vector<std::string> take_over(const std::vector<WanTensor>& names, const weights::TensorMap& wan,
                                   weights::TensorMap& state) {
  std::vector<std::string> problems;
  std::set<std::string> known;
  for (const WanTensor& name : names) {
    known.insert(name.wan);
    const auto found = wan.find(name.wan);
    const auto own = state.find(name.nava);
    if (own == state.end()) {
      problems.push_back(concat("\"", name.wan, "\": the backbone has no \"", name.nava, "\""));
    } else if (found == wan.end()) {
      problems.push_back(concat("missing \"", name.wan, "\" ", shape_text(own->second.sizes())));
    } else if (found->second.sizes() != own->second.sizes()) {
      problems.push_back(concat("\"", name.wan, "\": expected ", shape_text(own->second.sizes()), ", got ",
                                shape_text(found->second.sizes())));
    } else {
      own->second = found->second;
    }
  }
  for (const auto& [name, tensor] : wan) {
    if (!known.contains(name)) problems.push_back(concat("unexpected \"", name, "\""));
  }
  return problems;
}

}  // namespace

std::string wan_weights(const std::string& root) {
  for (const char* file : {kWanIndexFile, kWanFile}) {
    if (is_file(root + "/" + file)) return root + "/" + file;
  }
  throw CheckpointError("load", concat(root, ": neither ", kWanIndexFile, " nor ", kWanFile,
                                       " is there; they come from huggingface.co/Wan-AI/Wan2.2-TI2V-5B"));
}

std::vector<WanTensor> wan_tensors(const NavaConfig& config) {
  std::vector<WanTensor> all;
  for (const char* name : kTop) all.push_back({name, name});
  for (std::int64_t n = 0; n < config.num_double_layers + config.num_single_layers; ++n) add_block(config, n, all);
  return all;
}

void start_from_wan(NavaTransformer& model, const std::string& path) {
  const weights::TensorFile wan = weights::open_tensors(path);
  weights::TensorMap state = model.state_dict();
  const std::vector<std::string> problems = take_over(wan_tensors(model.config()), wan.tensors, state);
  PF_CHECK(problems.empty(), CheckpointError, "load", path, ": ", problems.size(),
           " tensors do not fit the video's side of the backbone:\n  ", join(problems, "\n  "));
  model.load(std::move(state), path);
}

}  // namespace phonofilm::nava

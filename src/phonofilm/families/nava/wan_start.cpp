#include "phonofilm/families/nava/wan_start.h"

#include <array>
#include <map>
#include <set>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/nn/storage.h"
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

// Why a tensor of Wan's cannot be taken over; empty where it can. The two shapes are null for what is not there.
std::string misfit(const WanTensor& name, const Shape* own, const Tensor* wan) {
  if (own == nullptr) return concat("\"", name.wan, "\": the backbone has no \"", name.nava, "\"");
  if (wan == nullptr) return concat("missing \"", name.wan, "\" ", shape_text(*own));
  if (wan->sizes() == at::IntArrayRef(*own)) return "";
  return concat("\"", name.wan, "\": expected ", shape_text(*own), ", got ", shape_text(wan->sizes()));
}

std::vector<std::string> misfits(const NavaTransformer& model, const weights::TensorMap& wan) {
  std::map<std::string, Shape> shapes;
  for (const auto& declared : model.declarations()) shapes[declared.name] = declared.shape;
  std::vector<std::string> problems;
  std::set<std::string> known;
  for (const WanTensor& name : wan_tensors(model.config())) {
    known.insert(name.wan);
    const auto own = shapes.find(name.nava);
    const auto found = wan.find(name.wan);
    const std::string problem =
        misfit(name, own == shapes.end() ? nullptr : &own->second, found == wan.end() ? nullptr : &found->second);
    if (!problem.empty()) problems.push_back(problem);
  }
  for (const auto& [name, tensor] : wan) {
    if (!known.contains(name)) problems.push_back(concat("unexpected \"", name, "\""));
  }
  return problems;
}

weights::TensorMap fitting_weights(const NavaTransformer& model, const std::string& path) {
  weights::TensorMap wan = weights::open_tensors(path).tensors;
  refuse_eight_bits(wan, path);  // before their scales are called unexpected
  const std::vector<std::string> problems = misfits(model, wan);
  PF_CHECK(problems.empty(), CheckpointError, "load", path, ": ", problems.size(),
           " tensors do not fit the video's side of the backbone:\n  ", join(problems, "\n  "));
  return wan;
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
  for (std::int64_t n = 0; n < config.layers(); ++n) add_block(config, n, all);
  return all;
}

void refuse_eight_bits(const weights::TensorMap& tensors, const std::string& path) {
  for (const auto& [name, tensor] : tensors) {
    PF_CHECK(!nn::has_eight_bits(tensor), CheckpointError, "train", path, ": \"", name, "\" is stored as ",
             c10::toString(tensor.scalar_type()),
             ", and weights of 8 bits cannot be trained; start from a file of 16 or 32");
  }
}

void check_wan_start(const NavaTransformer& model, const std::string& path) { fitting_weights(model, path); }

void start_from_wan(NavaTransformer& model, const std::string& path) {
  const weights::TensorMap wan = fitting_weights(model, path);
  weights::TensorMap state = model.state_dict();
  for (const WanTensor& name : wan_tensors(model.config())) state[name.nava] = wan.at(name.wan);
  model.load(std::move(state), path, /*prefix=*/"", at::kFloat);
}

}  // namespace phonofilm::nava

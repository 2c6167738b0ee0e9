#include "phonofilm/train/nava_start.h"

#include "phonofilm/base/error.h"
#include "phonofilm/base/random.h"
#include "phonofilm/base/text.h"
#include "phonofilm/families/nava/checkpoint.h"
#include "phonofilm/families/nava/wan_start.h"
#include "phonofilm/weights/tensor_file.h"

namespace phonofilm::train {
namespace {

struct Published {
  std::string path;
  weights::TensorMap tensors;
};

Published published_weights(const std::string& root) {
  const std::string path = root + "/" + nava::choose_variant(root, "").file;
  const weights::TensorMap tensors = weights::open_tensors(path).tensors;
  nava::refuse_eight_bits(tensors, path);
  return {path, nava::with_own_names(tensors, path)};
}

}  // namespace

void check_nava_start(const NavaTaskOptions& options, const nava::NavaConfig& backbone) {
  const nava::NavaTransformer declared(backbone);
  if (options.start == "wan") nava::check_wan_start(declared, nava::wan_weights(options.model));
  if (options.start != "published") return;
  const Published published = published_weights(options.model);
  const std::vector<std::string> problems = declared.misfits(published.tensors, nava::kBackbonePrefix);
  PF_CHECK(problems.empty(), CheckpointError, "train", published.path, ": ", problems.size(),
           " tensors do not fit the backbone:\n  ", join(problems, "\n  "));
}

std::unique_ptr<nava::NavaTransformer> make_nava_backbone(const NavaTaskOptions& options,
                                                          const nava::NavaConfig& backbone, std::uint64_t seed) {
  auto model = std::make_unique<nava::NavaTransformer>(backbone);
  if (options.start == "published") {
    Published published = published_weights(options.model);
    model->load(std::move(published.tensors), published.path, nava::kBackbonePrefix, at::kFloat);
    return model;
  }
  model->initialise(mix_seed(seed, "weights"));
  if (options.start == "wan") nava::start_from_wan(*model, nava::wan_weights(options.model));
  return model;
}

}  // namespace phonofilm::train

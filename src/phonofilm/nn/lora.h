// Low-rank changes of the matrices of Linear layers (LoRA, Hu et al. 2021, arXiv 2106.09685):
//   W' = W + scale up down,  W [out, in], down [rank, in], up [out, rank]
// Training holds W and learns up and down, beside W in every product. Whoever uses a model adds them to W once, while
// loading, and pays nothing afterwards.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phonofilm/nn/module.h"

namespace phonofilm::nn {

// What is trained in the place of a model. Its parameters have the names of PEFT: "<layer>.lora_A.weight" is down,
// "<layer>.lora_B.weight" is up, with a scale of 1.
class Lora : public Module {
 public:
  // For every Linear of `base` whose name contains one of `parts`. Fresh ups are zeros, so that the model computes what it
  // did. While this lives, which must not be longer than `base`, the model computes with it. Throws InvalidRequest where
  // no layer has such a name.
  Lora(Module& base, std::int64_t rank, const std::vector<std::string>& parts);
  ~Lora() override;

 private:
  std::vector<LowRank*> changes_;
};

// Adds `scale` times the changes in `lora` to the matrices among `weights`, in float32, rounded once to the matrix's dtype.
// A matrix of 8 bits with a scale becomes bfloat16: on its coarse grid most of a change would be lost.
//
// Understood are the layers' own names and the ones that trainers give them: lora_A and lora_B, or lora_down and lora_up;
// "<layer>.alpha", a number that stands for a scale of alpha / rank; in front "diffusion_model.", "transformer." or
// "base_model.model.", or "lora_unet_" with underscores in the place of dots. `prefix` is what `weights` have in front of
// their layers' names. Throws CheckpointError, naming `file` and all that does not fit, and leaves `weights` as they were.
void add_lora(std::map<std::string, Tensor>& weights, const std::map<std::string, Tensor>& lora, double scale,
              const std::string& file, const std::string& prefix = "");

}  // namespace phonofilm::nn

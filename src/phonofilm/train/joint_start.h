// How a joint model begins from a trained one.
#pragma once

#include "phonofilm/families/nava/small_model.h"
#include "phonofilm/train/joint_options.h"

namespace phonofilm::train {

// What a trained backbone has learnt: of words that both know and of places in a caption that both have the embeddings,
// of all else everything. What the trained one lacks (words, later places, voices) stays as it was drawn. It may have
// fewer blocks and narrower feed-forward layers: what is beyond them writes nothing at first, so that the larger backbone
// computes what the smaller one did and goes on from there (Net2Net, Chen et al. 2016). `folder` names the trained one
// in errors. Throws CheckpointError where other shapes differ.
void take_over(const nava::SmallBackbone& trained, nava::SmallBackbone& backbone, const std::string& folder);

// What the model around a trained backbone normalises its latents by; `start` is that model's folder "backbone". Throws
// InvalidRequest where it has other autoencoders than `options`, whose latents would be others, CheckpointError where
// its model.json is missing or does not fit.
nava::SmallModelOptions model_around_start(const JointTaskOptions& options, const nava::SmallCodecs& codecs);

}  // namespace phonofilm::train

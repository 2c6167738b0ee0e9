// Mean and standard deviation of every latent channel, as published with Wan 2.2's video autoencoder: models are
// trained on latents of mean 0 and deviation 1.
#pragma once

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::autoencoders::wan22 {

// float32 [..., 48], channels last.
Tensor normalise_latent(const Tensor& mean);     // (mean - mu) / sigma
Tensor restore_latent(const Tensor& normalised);  // normalised * sigma + mu

}  // namespace phonofilm::autoencoders::wan22

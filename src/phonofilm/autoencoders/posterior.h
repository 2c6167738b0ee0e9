// What a variational encoder says of a latent: a diagonal normal distribution.
#pragma once

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::autoencoders {

struct Posterior {
  Tensor mean, log_variance;  // equal shapes, float32
};

}  // namespace phonofilm::autoencoders

// Learning to tell speakers apart, and how well it is done.
#pragma once

#include "phonofilm/tensor/tensor.h"

namespace phonofilm::train {

// The supervised contrastive loss (Khosla et al. 2020, arXiv 2004.11362, equation 2) of embeddings [B, D] with the
// cosine as similarity: for every embedding the mean over the others of its speaker of
//   -log(exp(s / temperature) / sum over all others of exp(s / temperature)).
// speakers: int64 [B], each at least twice. A scalar, differentiable.
Tensor contrastive_loss(const Tensor& embeddings, const Tensor& speakers, double temperature);

// The share of `trials` [N, D] whose nearest row of `references` [V, D], by the cosine, is row labels[i]; int64 [N].
double nearest_accuracy(const Tensor& trials, const Tensor& references, const Tensor& labels);

// Where a threshold on similarities refuses as large a share of `same` (of one speaker) as it takes of `other` (of
// two): the mean of both shares at the threshold where they differ least. 1-D tensors, not empty.
double equal_error_rate(const Tensor& same, const Tensor& other);

}  // namespace phonofilm::train

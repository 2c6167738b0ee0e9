// An auxiliary task of speaker encoders: to say what a voice of the rendered world is made of. To tell twelve voices
// from each other a few coarse differences are enough; a model that speaks in a voice it has never heard needs to know its
// pitch, its tract and its pace as exactly as they can be heard. Training alone has it.
#pragma once

#include <vector>

#include "phonofilm/nn/layers.h"
#include "phonofilm/nn/module.h"
#include "phonofilm/tensor/tensor.h"
#include "phonofilm/world/speech/voices.h"

namespace phonofilm::train {

// float32 [N, 5]: pitch, melody, speed and tract, each about its middle in units of its deviation over made voices, and
// the place of the throat among world::variants().
Tensor voice_labels(const std::vector<world::Voice>& voices);

// A linear layer that reads the labels off embeddings.
class VoiceDescriber : public nn::Module {
 public:
  explicit VoiceDescriber(std::int64_t width);

  // Mean squared error of the four numbers, and the cross-entropy of the throat in nat; scalar float32. embeddings:
  // [N, width]; their lengths do not count. labels: of voice_labels. Throws ShapeError for other shapes.
  Tensor loss(const Tensor& embeddings, const Tensor& labels, const nn::RunContext& run) const;
  // The root of that mean squared error: 1 for who knows nothing, 0 for who knows all.
  double error(const Tensor& embeddings, const Tensor& labels, const nn::RunContext& run) const;

 private:
  Tensor answers(const Tensor& embeddings, const Tensor& labels, const nn::RunContext& run) const;

  nn::Linear linear_;
};

}  // namespace phonofilm::train

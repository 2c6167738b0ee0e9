// What rulers have learnt.
#pragma once

#include <memory>
#include <string>

#include "phonofilm/eval/material.h"
#include "phonofilm/eval/mouth.h"
#include "phonofilm/recognisers/word_recogniser.h"

namespace phonofilm::eval {

// Each instrument is made when it is first needed: an evaluation pays for those of its scenes. Not for several threads
// at once.
class Instruments {
 public:
  // recogniser: folder of a trained word recogniser; empty: words are not measured.
  explicit Instruments(std::string recogniser = "") : recogniser_folder_(std::move(recogniser)) {}

  const MaterialClassifier& materials();
  const MouthReader& mouths();
  // Null without a folder. Throws CheckpointError where the folder holds none.
  const recognisers::WordRecogniser* recogniser();

 private:
  std::string recogniser_folder_;
  std::unique_ptr<MaterialClassifier> materials_;
  std::unique_ptr<MouthReader> mouths_;
  std::unique_ptr<recognisers::WordRecogniser> recogniser_;
};

}  // namespace phonofilm::eval

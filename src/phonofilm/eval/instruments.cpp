#include "phonofilm/eval/instruments.h"

namespace phonofilm::eval {
namespace {

template <class Instrument>
const Instrument& made(std::unique_ptr<Instrument>& instrument) {
  if (!instrument) instrument = std::make_unique<Instrument>();
  return *instrument;
}

}  // namespace

const MaterialClassifier& Instruments::materials() { return made(materials_); }
const MouthReader& Instruments::mouths() { return made(mouths_); }

const recognisers::WordRecogniser* Instruments::recogniser() {
  if (!recogniser_ && !recogniser_folder_.empty()) recogniser_ = recognisers::load_word_recogniser(recogniser_folder_);
  return recogniser_.get();
}

}  // namespace phonofilm::eval

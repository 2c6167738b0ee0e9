// Training of the word recogniser that judges generated speech, on the speech of the rendered world.
#pragma once

#include <memory>

#include "phonofilm/train/tasks.h"

namespace phonofilm::train {

// Recipe options: "model" (WordRecogniserConfig; its words are the world's), "mel" (dsp::MelConfig of 16 kHz), "speech"
// (SpeechSource), "batch", "autoencoder" (folder of a trained mel autoencoder that part of the sounds goes through) and
// "autoencoder_share". Throws InvalidRequest where the program cannot speak.
std::unique_ptr<Task> make_recogniser_task(const Recipe& recipe, const SampleWriter& writer);

}  // namespace phonofilm::train

// Training of a small speaker encoder (speaker_encoders/redimnet) on the voices of the rendered world: embeddings of
// one speaker lie near each other, those of different speakers far apart (speaker_loss.h), and say what the voice is
// made of (voice_describer.h). The world has few voices; changes of pitch, melody, speed and resonances make of them as
// many speakers as are wanted, some hard to tell from each other. Voices that the world keeps from training are heard in
// validation alone.
#pragma once

#include <memory>

#include "phonofilm/train/tasks.h"

namespace phonofilm::train {

// Recipe options: "model" (model_config of ReDimNet), and start, speakers, utterances, seconds, temperature, known,
// near, describe.
// Validation: "accuracy" of finding the voice of an utterance among references of all voices of the world, the same
// over utterances of held-out voices ("accuracy new voices"), and the equal error rate of pairs of utterances, of
// which at least one is of a held-out voice in "equal error rate new voices"; "description error" of VoiceDescriber.
// Throws InvalidRequest for a recipe that cannot be run, CheckpointError where "start" holds no encoder.
std::unique_ptr<Task> make_speaker_task(const Recipe& recipe, const SampleWriter& writer);

}  // namespace phonofilm::train

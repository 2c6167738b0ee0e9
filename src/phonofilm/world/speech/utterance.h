// One line by one voice, and nothing else: a sound to know the voice by.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phonofilm/tensor/tensor.h"
#include "phonofilm/world/speech/voices.h"

namespace phonofilm::world {

// float32 [1, samples] at `rate` Hz, with 50 ms of silence on either side. Throws as speak().
Tensor utterance(const Voice& voice, const std::vector<std::string>& words, std::int64_t rate);

}  // namespace phonofilm::world

// Training of NAVA's backbone as its publisher trains it (arXiv 2605.30073), on a folder in the published layout: flow
// matching on latents of films, sounds, silent films and pictures. What is exact and what differs:
// docs/families/nava.md, "Training".
#pragma once

#include <memory>

#include "phonofilm/train/tasks.h"

namespace phonofilm::train {

// Recipe options: those of read_nava_recipe. Clips are prepared here, reported to the observer; what was left out is
// told by Task::notices. Throws InvalidRequest for a recipe that cannot be followed or where no clip is left,
// CheckpointError for weights that are missing or do not fit.
std::unique_ptr<Task> make_nava_task(const Recipe& recipe, const TaskTools& tools, const Observer& observer);

}  // namespace phonofilm::train

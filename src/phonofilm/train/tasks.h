// All tasks that a recipe can name.
#pragma once

#include <functional>

#include "phonofilm/base/progress.h"
#include "phonofilm/tensor/clip.h"
#include "phonofilm/train/recipe.h"
#include "phonofilm/train/task.h"

namespace phonofilm::train {

// How sample films reach the disk: media/ writes .mp4 and .png, but training does not depend on it.
struct SampleWriter {
  std::function<void(const std::string& path, const Clip& clip)> film;     // path without extension
  std::function<void(const std::string& path, const Tensor& image)> image;  // [H, W, 3] uint8
};

std::vector<std::string> task_names();

// Throws InvalidRequest for an unknown task, offering the nearest. A fresh model is initialised from the recipe's seed.
// Preparing data (rendering and encoding clips) is reported to the observer.
std::unique_ptr<Task> make_task(const Recipe& recipe, const SampleWriter& writer, const Observer& observer);

}  // namespace phonofilm::train

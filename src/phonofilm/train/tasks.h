// All tasks that a recipe can name.
#pragma once

#include <functional>

#include "phonofilm/base/progress.h"
#include "phonofilm/families/text_tools.h"
#include "phonofilm/tensor/clip.h"
#include "phonofilm/train/clip_reader.h"
#include "phonofilm/train/recipe.h"
#include "phonofilm/train/task.h"

namespace phonofilm::train {

// How sample films reach the disk: media/ writes .mp4 and .png, but training does not depend on it.
struct SampleWriter {
  std::function<void(const std::string& path, const Clip& clip)> film;     // path without extension
  std::function<void(const std::string& path, const Tensor& image)> image;  // [H, W, 3] uint8
};

// What the program hands in, because training may include neither media/ nor text/. Tasks that need a part that is
// missing say so.
struct TaskTools {
  SampleWriter writer{};
  ClipReader read_clip{};
  families::OpenTokenizerFn open_tokenizer{};
};

std::vector<std::string> task_names();

// Throws InvalidRequest for an unknown task, offering the nearest. A fresh model is initialised from the recipe's seed.
// Preparing data (rendering and encoding clips) is reported to the observer.
std::unique_ptr<Task> make_task(const Recipe& recipe, const TaskTools& tools, const Observer& observer);

}  // namespace phonofilm::train

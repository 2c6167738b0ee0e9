#include "phonofilm/train/tasks.h"

#include "phonofilm/base/error.h"
#include "phonofilm/train/video_autoencoder_task.h"

namespace phonofilm::train {
namespace {

using Factory = std::unique_ptr<Task> (*)(const Recipe&, const SampleWriter&);

const std::vector<std::pair<std::string, Factory>>& factories() {
  static const std::vector<std::pair<std::string, Factory>> list{
      {"video_autoencoder", make_video_autoencoder_task},
  };
  return list;
}

}  // namespace

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const auto& [name, factory] : factories()) names.push_back(name);
  return names;
}

std::unique_ptr<Task> make_task(const Recipe& recipe, const SampleWriter& writer) {
  for (const auto& [name, factory] : factories()) {
    if (name == recipe.run.task) return factory(recipe, writer);
  }
  throw InvalidRequest("recipe", concat(recipe.path, ": unknown task '", recipe.run.task, "'",
                                        did_you_mean(recipe.run.task, task_names()), "; known: ", join(task_names(), ", ")));
}

}  // namespace phonofilm::train

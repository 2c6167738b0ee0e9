#include "phonofilm/train/tasks.h"

#include "phonofilm/base/error.h"
#include "phonofilm/train/audio_autoencoder_task.h"
#include "phonofilm/train/joint_task.h"
#include "phonofilm/train/nava_task.h"
#include "phonofilm/train/recogniser_task.h"
#include "phonofilm/train/speaker_task.h"
#include "phonofilm/train/video_autoencoder_task.h"
#include "phonofilm/train/vocoder_task.h"

namespace phonofilm::train {
namespace {

using Factory = std::function<std::unique_ptr<Task>(const Recipe&, const TaskTools&, const Observer&)>;

Factory with_writer(std::unique_ptr<Task> (*make)(const Recipe&, const SampleWriter&)) {
  return [make](const Recipe& recipe, const TaskTools& tools, const Observer&) { return make(recipe, tools.writer); };
}

std::unique_ptr<Task> make_joint(const Recipe& recipe, const TaskTools& tools, const Observer& observer) {
  return make_joint_task(recipe, tools.writer, observer);
}

const std::vector<std::pair<std::string, Factory>>& factories() {
  static const std::vector<std::pair<std::string, Factory>> list{
      {"video_autoencoder", with_writer(make_video_autoencoder_task)},
      {"audio_autoencoder", with_writer(make_audio_autoencoder_task)},
      {"vocoder", with_writer(make_vocoder_task)},
      {"speaker_encoder", with_writer(make_speaker_task)},
      {"joint", make_joint},
      {"nava", make_nava_task},
      {"recogniser", with_writer(make_recogniser_task)},
  };
  return list;
}

}  // namespace

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const auto& [name, factory] : factories()) names.push_back(name);
  return names;
}

std::unique_ptr<Task> make_task(const Recipe& recipe, const TaskTools& tools, const Observer& observer) {
  for (const auto& [name, factory] : factories()) {
    if (name == recipe.run.task) return factory(recipe, tools, observer);
  }
  throw InvalidRequest("recipe",
                       concat(recipe.path, ": unknown task '", recipe.run.task, "'",
                              did_you_mean(recipe.run.task, task_names()), "; known: ", join(task_names(), ", ")));
}

}  // namespace phonofilm::train

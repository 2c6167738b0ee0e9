// phonofilm train RECIPE -o FOLDER [--resume]
#include "phonofilm/base/log.h"
#include "phonofilm/base/text.h"
#include "phonofilm/cli/clip_reader.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/interrupt.h"
#include "phonofilm/cli/load_options.h"
#include "phonofilm/cli/sample_writer.h"
#include "phonofilm/train/tasks.h"
#include "phonofilm/train/trainer.h"

namespace phonofilm::cli {
namespace {

struct Options {
  std::string recipe;
  std::string output;
  bool resume = false;
  std::int64_t stop_after = 0;
};

void run(const Options& options) {
  const train::Recipe recipe = train::load_recipe(options.recipe);
  train::check_folder(recipe, options.output, options.resume);  // a task may take minutes to make
  InterruptibleProgress progress;
  const Observer observer = progress.observer();
  const auto task = train::make_task(recipe, {sample_writer(), clip_reader(), load_options().open_tokenizer}, observer);
  for (const std::string& notice : task->notices()) log::warn(notice);
  log::info(concat("training ", task->name(), ": ", double(task->model().parameter_count()) / 1e6, " M parameters, ",
                   recipe.run.steps, " steps, into ", options.output));
  const train::TrainOptions train_options{options.output, options.resume, options.stop_after, observer};
  const train::TrainResult result = train::train(*task, recipe, train_options);
  std::vector<std::string> figures;
  for (const auto& [name, value] : result.validation) figures.push_back(concat(name, " ", value));
  log::info(concat(result.steps, " steps done, ", result.skipped, " skipped as non-finite",
                   figures.empty() ? "" : "; held out: ", join(figures, ", ")));
  if (result.steps == recipe.run.steps) log::info(concat("model written to ", options.output, "/model"));
}

}  // namespace

void add_train_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("train", "Train a model by a recipe file");
  command->add_option("recipe", options->recipe, "recipe file, e.g. recipes/mini/video_autoencoder.json")->required();
  command->add_option("-o,--output", options->output, "folder for checkpoints, metrics, samples and the model")
      ->required();
  command->add_flag("--resume", options->resume, "go on from the folder's checkpoint, if there is one");
  command->add_option("--stop-after", options->stop_after, "stop, with a checkpoint, after this many steps");
  command->callback([options] { run(*options); });
}

}  // namespace phonofilm::cli

// phonofilm worker --store postgresql://... --artifacts films --name cpu-0
#include <unistd.h>

#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/worker_process.h"
#include "phonofilm/jobs/open_store.h"
#include "phonofilm/workers/upload_decoder.h"

namespace phonofilm::cli {
namespace {

struct Options {
  WorkerSettings settings;
  std::string store = "queue", process;
};

void run(const Options& options) {
  if (!options.process.empty()) return run_worker_process(options.process);
  const InterruptGuard interrupt;
  const auto store = jobs::open_store(options.store);
  jobs::ArtifactFolder artifacts(options.settings.artifacts, {.quota = options.settings.max_disk});
  jobs::Queue queue(*store, artifacts, {.lease = options.settings.lease_milliseconds()});
  supervise(queue, options.settings, /*upkeep=*/true, [&] { return interrupt.requested(); });
}

// The program calls itself to decode what others sent, in a process without rights.
void add_decoder(CLI::App& app) {
  auto task = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("decode-upload", "")->group("");
  command->add_option("TASK", *task)->required();
  // Nothing of the program's end is allowed in the sandbox but the end itself.
  command->callback([task] { _exit(workers::run_decoder_child(*task)); });
}

}  // namespace

void add_worker_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("worker", "Compute the jobs of a queue, until it is stopped");
  command->add_option("--store", options->store, "a folder, or the address of a PostgreSQL database")
      ->capture_default_str();
  command->add_option("--process", options->process)->group("");
  add_flags(*command, options->settings.fields());
  command->callback([options] { run(*options); });
  add_decoder(app);
}

}  // namespace phonofilm::cli

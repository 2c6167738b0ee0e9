#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "phonofilm/base/log.h"
#include "phonofilm/cli/compute.h"
#include "phonofilm/cli/film_measures.h"
#include "phonofilm/cli/worker_process.h"
#include "phonofilm/workers/child_process.h"
#include "phonofilm/workers/film_executor.h"
#include "phonofilm/workers/remote_desk.h"
#include "phonofilm/workers/supervisor.h"

namespace phonofilm::cli {
namespace {

constexpr int kDeskDescriptor = 3;
constexpr double kGigabyte = 1e9;
constexpr std::int64_t kSignsPerLease = 4;  // one that comes late is no reason to take a job away

std::int64_t milliseconds(double seconds) { return std::int64_t(seconds * 1000); }

workers::WorkerSpec spec_of(WorkerSettings settings, std::int64_t index) {
  if (settings.workers > 1) settings.name += concat("-", index);
  return {settings.name, {workers::own_program(), "worker", "--process", write_json(settings.fields()).dump()}};
}

workers::DecoderOptions decoder_of(const WorkerSettings& settings) {
  workers::DecoderOptions decoder;
  decoder.command = {workers::own_program(), "decode-upload"};
  decoder.limits.memory = std::int64_t(settings.upload_memory * kGigabyte);
  return decoder;
}

std::function<void(const std::string&)> log_of(const WorkerSettings& settings) {
  return [name = settings.name](const std::string& text) { log::warn(concat("worker ", name, ": ", text)); };
}

workers::FilmExecutorOptions executor_options(const WorkerSettings& settings, const nn::RunContext& context) {
  workers::FilmExecutorOptions options;
  options.run = context;
  options.film = settings.maker.film;
  options.tiles = settings.maker.tiles();
  options.save_every = settings.save_every;
  options.preview_share = settings.preview_share;
  options.program = concat("phonofilm ", PHONOFILM_VERSION);
  options.decode = [decoder = decoder_of(settings)](const std::string& path, const std::string& name,
                                                    const workers::DecodeRequest& request) {
    return workers::decode_upload(path, name, request, decoder);
  };
  options.measure = describe_strikes;
  options.log = log_of(settings);
  return options;
}

}  // namespace

Fields WorkerSettings::fields() {
  Fields fields = maker.fields();
  std::erase_if(fields, [](const Field& field) { return field.name == "dump_latents"; });
  for (const Field& field : maker.film.fields()) fields.push_back(field);
  const Fields own{
      {"artifacts", &artifacts, "folder for the files of jobs"},
      {"name", &name, "of the worker, for people"},
      {"device", &device, "to compute on", {}, {}, {"cpu"}},
      {"workers", &workers, "processes, each with a model of its own", 1, 64},
      {"save_every", &save_every, "seconds between two savings of the latents; 0: every step", 0, 86400},
      {"preview_share", &preview_share, "of the computing time that previews may take; 0: none", 0, 1},
      {"memory_limit", &memory_limit, "gigabytes of address space of a worker; 0: no limit", 0, 1e6},
      {"upload_memory", &upload_memory, "gigabytes that the decoder of an upload may take", 0.01, 1e3},
      {"patience", &patience, "usual steps without a step after which a worker counts as hung", 1, 1e6},
      {"least_patience", &least_patience, "but no less than these seconds", 0.1, 1e6},
      {"start_patience", &start_patience, "seconds to load, encode or decode", 0.1, 1e6},
      {"stop_patience", &stop_patience, "seconds for the last step when the program is stopped", 0.1, 1e6},
      {"lease", &lease, "seconds without a sign of life after which a worker's job is given to another one", 5, 3600},
      {"max_disk", &max_disk,
       "bytes of films and other files of jobs; from nine tenths on, the server deletes the oldest finished jobs", 0.0}};
  fields.insert(fields.end(), own.begin(), own.end());
  return fields;
}

void supervise(jobs::Queue& queue, const WorkerSettings& settings, bool upkeep, const std::function<bool()>& stop) {
  workers::SupervisorOptions options;
  options.patience = settings.patience;
  options.least_patience = milliseconds(settings.least_patience);
  options.start_patience = milliseconds(settings.start_patience);
  options.stop_patience = milliseconds(settings.stop_patience);
  options.memory = std::int64_t(settings.memory_limit * kGigabyte);
  if (!upkeep) options.upkeep_every = 0;
  options.tell = [](const std::string& line) { log::info(line); };
  std::vector<workers::WorkerSpec> specs;
  for (std::int64_t i = 0; i < settings.workers; ++i) specs.push_back(spec_of(settings, i));
  workers::Supervisor(queue, specs, options).run(stop);
}

void run_worker_process(const std::string& text) {
  const InterruptGuard interrupt;
  WorkerSettings settings;
  read_json(parse_json(text, "worker"), settings.fields(), "worker");
  workers::RemoteDesk desk{workers::Descriptor(kDeskDescriptor)};
  jobs::ArtifactFolder artifacts(settings.artifacts, {.quota = settings.max_disk});
  const nn::RunContext context = run_context(settings.maker.dtype);
  const auto model = load_model(settings.maker, context);
  workers::FilmExecutor executor(*model, executor_options(settings, context));
  log::info(concat("worker ", settings.name, ": ", model->info().name(), " is loaded"));
  workers::WorkerOptions options{.name = settings.name};
  options.session.idle_beat = std::min(options.session.idle_beat, settings.lease_milliseconds() / kSignsPerLease);
  options.log = log_of(settings);
  workers::Worker(desk, artifacts, executor, options).work([&] { return interrupt.requested(); });
}

}  // namespace phonofilm::cli

// phonofilm serve --store queue --artifacts films --listen 127.0.0.1:7788 --workers 1
#include <sys/resource.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "phonofilm/base/error.h"
#include "phonofilm/base/json_text.h"
#include "phonofilm/base/log.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/film_form.h"
#include "phonofilm/cli/worker_process.h"
#include "phonofilm/jobs/open_store.h"
#include "phonofilm/server/server.h"

namespace phonofilm::cli {
namespace {

constexpr auto kLook = std::chrono::milliseconds(100);  // between two looks at the signal's flag

struct Options {
  std::string store = "queue", listen = "127.0.0.1:7788", web;
  double grace = 10;
  WorkerSettings workers{};
  server::ServerOptions server{};

  Options() {
    workers.name = "cpu";
    workers.workers = 0;
  }
  Fields own_fields() {
    return {{"store", &store, "a folder, or the address of a PostgreSQL database"},
            {"listen", &listen, "address and port; beyond this machine only with --keys"},
            {"workers", &workers.workers,
             "processes that compute; 0: jobs wait for 'phonofilm worker' beside a database", 0, 64},
            {"keys", &server.keys, "file of API keys ('phonofilm keys'); without it everybody here may do everything"},
            {"web", &web, "folder of a web page in the place of the program's own"},
            {"grace", &grace, "seconds for requests to finish when the server is stopped", 0.0, 3600.0}};
  }
  Fields worker_fields() {
    Fields fields = workers.fields();
    std::erase_if(fields, [](const Field& field) { return field.name == "workers"; });
    return fields;
  }
  Fields queue_fields() {
    jobs::Limits& limits = server.limits;
    return {{"max_queued", &limits.max_queued, "jobs that wait, of all owners", 1.0, 1e7},
            {"max_queued_per_owner", &limits.max_queued_per_owner, "jobs that wait, of one owner", 1.0, 1e7}};
  }
};

// "127.0.0.1:7788" or "[::1]:7788"
void read_listen(const std::string& listen, server::HttpOptions& http) {
  const std::size_t colon = listen.rfind(':');
  PF_CHECK(colon != listen.npos, InvalidRequest, "serve", "--listen: expected address:port, got '", listen, "'");
  http.address = listen.substr(0, colon);
  if (http.address.starts_with('[') && http.address.ends_with(']')) {
    http.address = http.address.substr(1, http.address.size() - 2);
  }
  const char* end = listen.data() + listen.size();
  const auto [stopped, problem] = std::from_chars(listen.data() + colon + 1, end, http.port);
  PF_CHECK(problem == std::errc() && stopped == end && http.port >= 0 && http.port <= 65535, InvalidRequest, "serve",
           "--listen: expected a port from 0 to 65535, got '", listen.substr(colon + 1), "'");
}

// One line of JSON for each request, on stderr.
void log_request(const server::AccessRecord& record) {
  nlohmann::json line{{"at_ms", jobs::wall_clock()}, {"id", record.id},         {"method", record.method},
                      {"route", record.route},       {"status", record.status}, {"ms", record.seconds * 1000},
                      {"received", record.received}, {"sent", record.sent},     {"address", record.address},
                      {"owner", record.owner}};
  if (!record.code.empty()) line["code"] = record.code;
  if (!record.note.empty()) line["prompt"] = record.note;
  if (!record.fault.empty()) line["fault"] = record.fault;
  std::fputs((json_text(line) + "\n").c_str(), stderr);
}

// Every connection and every open file takes a descriptor; the usual limit of 1024 is the number of connections alone.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

jobs::Limits queue_limits(const Options& options) {
  jobs::Limits limits = options.server.limits;
  limits.lease = options.workers.lease_milliseconds();
  limits.max_disk = options.workers.max_disk;
  return limits;
}

// What one run of the server holds, from the store upwards.
struct House {
  explicit House(const Options& options)
      : store(jobs::open_store(options.store)),
        artifacts(options.workers.artifacts, {.quota = options.workers.max_disk}),
        uploads(options.workers.artifacts + "/uploads"),
        queue(*store, artifacts, queue_limits(options)),
        format(film_format(options.workers.maker.model, options.workers.maker.variant)) {
    artifacts.remove_leftovers();
  }
  std::unique_ptr<jobs::Store> store;
  jobs::ArtifactFolder artifacts;
  jobs::UploadFolder uploads;
  jobs::Queue queue;
  server::FilmFormat format;
};

server::ServerOptions server_options(const Options& options) {
  server::ServerOptions server = options.server;
  read_listen(options.listen, server.http);
  server.web = options.web.empty() ? server::embedded_web() : server::read_web_folder(options.web);
  server.disk = server.http.spool = options.workers.artifacts;
  server.version = PHONOFILM_VERSION;
  return server;
}

// Beside the server, on this thread: workers until the program is asked to stop, or nothing but waiting for that.
void work_until(House& house, const Options& options, const std::function<bool()>& stop) {
  if (options.workers.workers > 0) return supervise(house.queue, options.workers, /*upkeep=*/false, stop);
  while (!stop()) std::this_thread::sleep_for(kLook);
}

void run(const Options& options) {
  raise_file_limit();
  std::signal(SIGPIPE, SIG_IGN);
  House house(options);
  server::Server server({house.queue, house.artifacts, house.uploads, house.format}, server_options(options),
                        log_request);
  const InterruptGuard interrupt;
  server.start();
  log::info(concat("serving on port ", server.port(), "; ", options.workers.workers, " workers"));
  // Requests are finished while workers finish their steps.
  std::jthread stopper([&](const std::stop_token& over) {
    while (!over.stop_requested() && !interrupt.requested()) std::this_thread::sleep_for(kLook);
    const bool all = server.stop(options.grace);
    log::info(all ? "all requests were answered" : "some requests were cut off");
  });
  work_until(house, options, [&] { return interrupt.requested(); });
}

}  // namespace

void add_serve_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("serve", "Answer HTTP: a queue of films, its interfaces and the web page");
  add_flags(*command, options->own_fields());
  add_flags(*command, options->worker_fields());
  add_flags(*command, options->queue_fields());
  add_flags(*command, options->server.api.fields());
  add_flags(*command, options->server.http.fields());
  command->callback([options] { run(*options); });
}

}  // namespace phonofilm::cli

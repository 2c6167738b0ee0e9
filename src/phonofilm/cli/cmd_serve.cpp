// phonofilm serve --store queue.db --artifacts films --listen 127.0.0.1:7788
#include <sys/resource.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/log.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/film_form.h"
#include "phonofilm/cli/interrupt.h"
#include "phonofilm/jobs/store.h"
#include "phonofilm/server/server.h"

namespace phonofilm::cli {
namespace {

constexpr auto kLook = std::chrono::milliseconds(100);  // between two looks at the signal's flag

struct Options {
  std::string store = "queue.db", artifacts = "films", listen = "127.0.0.1:7788", model = "models/mini";
  double grace = 10;
  server::ServerOptions server{};

  Fields own_fields() {
    return {{"store", &store, "a SQLite file, or the address of a PostgreSQL database (postgresql://...)"},
            {"artifacts", &artifacts, "folder of films, uploads and what jobs leave"},
            {"listen", &listen, "address and port; beyond this machine only with --keys"},
            {"model", &model, "folder that the workers load, shown to clients by its last name"},
            {"keys", &server.keys, "file of API keys ('phonofilm keys'); without it everybody here may do everything"},
            {"web", &server.web, "folder of the web page"},
            {"grace", &grace, "seconds for requests to finish when the server is stopped", 0.0, 3600.0}};
  }
  Fields queue_fields() {
    jobs::Limits& limits = server.limits;
    return {{"max_queued", &limits.max_queued, "jobs that wait, of all owners", 1.0, 1e7},
            {"max_queued_per_owner", &limits.max_queued_per_owner, "jobs that wait, of one owner", 1.0, 1e7},
            {"max_disk", &limits.max_disk, "bytes of films; beyond, the oldest finished jobs are deleted", 0.0}};
  }
};

std::unique_ptr<jobs::Store> open_store(const std::string& store) {
  const bool postgres = store.starts_with("postgresql://") || store.find('=') != store.npos;
  return postgres ? jobs::open_postgres_store(store) : jobs::open_sqlite_store(store);
}

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
  nlohmann::json line{{"at_ms", jobs::wall_clock()},   {"id", record.id},         {"method", record.method},
                      {"route", record.route},         {"status", record.status}, {"ms", record.seconds * 1000},
                      {"received", record.received},   {"sent", record.sent},     {"address", record.address},
                      {"owner", record.owner}};
  if (!record.code.empty()) line["code"] = record.code;
  if (!record.note.empty()) line["prompt"] = record.note;
  if (!record.fault.empty()) line["fault"] = record.fault;
  std::fputs((line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n").c_str(), stderr);
}

// Every connection and every open file takes a descriptor; the usual limit of 1024 is the number of connections alone.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void run(Options options) {
  raise_file_limit();
  std::signal(SIGPIPE, SIG_IGN);
  read_listen(options.listen, options.server.http);
  const auto store = open_store(options.store);
  jobs::ArtifactFolder artifacts(options.artifacts, {.quota = options.server.limits.max_disk});
  artifacts.remove_leftovers();
  jobs::UploadFolder uploads(options.artifacts + "/uploads");
  jobs::Queue queue(*store, artifacts, options.server.limits);
  const server::FilmFormat format = film_format(options.model);
  options.server.disk = options.artifacts;
  options.server.version = PHONOFILM_VERSION;
  options.server.http.spool = options.artifacts;
  server::Server server({queue, artifacts, uploads, format}, options.server, log_request);
  const InterruptGuard interrupt;
  server.start();
  log::info(concat("serving on ", options.server.http.address, " port ", server.port(), "; jobs wait for workers"));
  while (!interrupt.requested()) std::this_thread::sleep_for(kLook);
  const bool all = server.stop(options.grace);
  log::info(all ? "stopped; all requests were answered" : "stopped; some requests were cut off");
}

}  // namespace

void add_serve_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("serve", "Answer HTTP: a queue of films, its interfaces and the web page");
  add_flags(*command, options->own_fields());
  add_flags(*command, options->queue_fields());
  add_flags(*command, options->server.api.fields());
  add_flags(*command, options->server.http.fields());
  command->callback([options] { run(*options); });
}

}  // namespace phonofilm::cli

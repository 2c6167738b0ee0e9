// The program: parses the command line, runs one subcommand and turns every failure into a message on stderr and
// an exit code (docs/architecture.md lists them).
#include <c10/util/Exception.h>

#include <cstdio>
#include <exception>
#include <new>

#include "phonofilm/base/error.h"
#include "phonofilm/base/log.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/usage.h"

namespace phonofilm::cli {
namespace {

constexpr int kFailure = 1, kUsage = 2, kNoResource = 6;

constexpr const char* kVersion = "phonofilm " PHONOFILM_VERSION " (LibTorch " PHONOFILM_LIBTORCH_VERSION ")";
constexpr const char* kFooter =
    "'phonofilm COMMAND --help' lists the options of a command.\n"
    "Exit codes: 0 done, 1 unexpected failure, 2 wrong call or request, 3 weights, 4 shapes, 5 media files,\n"
    "6 memory or disk, 7 the job store, 130 stopped by the user.";

void prepare(CLI::App& app) {
  app.name("phonofilm");
  app.formatter(help_formatter());
  app.set_version_flag("--version", kVersion, "print the version");
  add_commands(app);
  app.footer(kFooter);  // after the commands, which would inherit it
  app.require_subcommand(0, 1);  // an unknown command is explained better than a missing one
}

int parse_and_run(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    if (!app.get_subcommands().empty()) return 0;
    std::fputs(app.help().c_str(), stderr);
    return kUsage;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
    log::error(explain_usage_error(app, error));
    return kUsage;
  }
}

// LibTorch reports exhausted memory as an ordinary error of its allocator.
int exit_code_of(const c10::Error& error) {
  const std::string message = error.what_without_backtrace();
  const bool memory = dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
                      message.find("can't allocate memory") != std::string::npos;
  return memory ? kNoResource : kFailure;
}

int run(int argc, char** argv) {
  CLI::App app("Makes films whose sound belongs to the picture: one diffusion process over video and audio.");
  try {
    prepare(app);
    return parse_and_run(app, argc, argv);
  } catch (const Error& error) {
    log::error(error.what());
    return error.exit_code();
  } catch (const c10::Error& error) {
    log::error(concat("[tensor] ", error.what_without_backtrace()));
    return exit_code_of(error);
  } catch (const std::bad_alloc&) {
    std::fputs("error: [memory] not enough memory for this request\n", stderr);
    return kNoResource;
  } catch (const std::exception& error) {
    log::error(concat("[unexpected] ", error.what()));
    return kFailure;
  }
}

}  // namespace
}  // namespace phonofilm::cli

int main(int argc, char** argv) { return phonofilm::cli::run(argc, argv); }

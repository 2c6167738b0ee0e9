#include "phonofilm/base/error.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/cli/usage.h"
#include "support/support.h"

using namespace phonofilm;

namespace {

struct Options {
  bool fast = false, sharp = true;
  std::int64_t steps = 20;
  double scale = 1.5;
  std::string solver = "euler", guidance_text;
  std::vector<std::int64_t> sizes{64, 96};

  Fields fields() {
    return {{"fast", &fast, "skip checks"},
            {"sharp", &sharp, "sharpen"},
            {"steps", &steps, "solver steps", 1, 1000},
            {"scale", &scale, "standard deviation", 0.0},
            {"solver", &solver, "which solver", {}, {}, {"euler", "unipc"}},
            {"guidance_text", &guidance_text, "text"},
            {"sizes", &sizes, "sizes"}};
  }
};

// "phonofilm make FILM [flags]", parsed in this process.
struct Program {
  Options options;
  std::string film;
  CLI::App app{"test", "phonofilm"};

  Program() {
    app.formatter(cli::help_formatter());
    CLI::App* make = app.add_subcommand("make", "Make a film");
    make->add_option("FILM", film, "the film")->required();
    cli::add_flags(*make, options.fields());
    CLI::App* world = app.add_subcommand("world", "Render films")->require_subcommand(1);
    world->add_subcommand("render", "Render");
    world->add_subcommand("stats", "Count");
    app.require_subcommand(0, 1);
  }

  // "" or what is wrong with the command line.
  std::string parse(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
    try {
      app.parse(arguments);
    } catch (const CLI::ParseError& error) {
      return cli::explain_usage_error(app, error);
    } catch (const InvalidRequest& error) {
      return error.what();
    }
    return "";
  }
};

std::string error_of(const std::vector<std::string>& arguments) { return Program().parse(arguments); }

void expect_error(const std::vector<std::string>& arguments, const std::string& expected) {
  const std::string message = error_of(arguments);
  CAPTURE(message);
  CHECK(message.find(expected) == 0);
}

}  // namespace

TEST_CASE("flags: every type is set, and what is not given keeps its value") {
  Program program;
  CHECK(program.parse({"make", "a.mp4", "--fast", "--no-sharp", "--steps", "7", "--scale=2e-1", "--guidance-text", "no, music",
                       "--sizes", "1,2,3"}) == "");
  CHECK(program.film == "a.mp4");
  CHECK(program.options.fast);
  CHECK_FALSE(program.options.sharp);
  CHECK(program.options.steps == 7);
  CHECK(program.options.scale == 0.2);
  CHECK(program.options.guidance_text == "no, music");
  CHECK(program.options.sizes == std::vector<std::int64_t>{1, 2, 3});
  CHECK(program.options.solver == "euler");
}

TEST_CASE("flags: a negative number is a value, and a text may look like anything") {
  CHECK(error_of({"make", "a", "--steps", "-3"}) == "[options] command line: --steps must be between 1 and 1000, got -3");
  Program program;
  CHECK(program.parse({"make", "world", "--guidance-text", "--fast"}) == "");
  CHECK(program.film == "world");
  CHECK(program.options.guidance_text == "--fast");
  CHECK_FALSE(program.options.fast);
}

TEST_CASE("flags: numbers are read whole or refused") {
  for (const char* value : {"x", "2x", "1.5", "0x10", "9999999999999999999999", " 3", "+3", "1e3"}) {
    expect_error({"make", "a", "--steps", value}, std::string("--steps: expected an integer, got '") + value + "'");
  }
  for (const char* value : {"x", "nan", "inf", "-inf", "1e999", "1,5"}) {
    expect_error({"make", "a", "--scale", value}, std::string("--scale: expected a number, got '") + value + "'");
  }
  for (const char* value : {"1,,2", "1;2", "1,2,", "a"}) {
    expect_error({"make", "a", "--sizes", value}, "--sizes: expected integers separated by commas");
  }
}

TEST_CASE("flags: ranges and choices") {
  expect_error({"make", "a", "--steps", "1001"}, "[options] command line: --steps must be between 1 and 1000, got 1001");
  expect_error({"make", "a", "--scale", "-1"}, "[options] command line: --scale must be at least 0, got -1");
  expect_error({"make", "a", "--solver", "eular"},
               "[options] command line: --solver must be one of euler, unipc, got 'eular' (did you mean 'euler'?)");
}

TEST_CASE("flags: an option that loads the same fields is overridden by the flags that were given") {
  Options options;
  CLI::App app("test");
  app.add_option_function<std::string>("--recipe", [&](const std::string&) { options.steps = 50, options.scale = 3; });
  cli::add_flags(app, options.fields());
  app.parse("--steps 7 --recipe r.json");
  CHECK(options.steps == 7);
  CHECK(options.scale == 3);
}

TEST_CASE("usage: unknown options and commands offer the nearest name and say where to look") {
  CHECK(error_of({"make", "a", "--step", "4"}) == "unknown option --step (did you mean --steps?)\nsee: phonofilm make --help");
  CHECK(error_of({"mkae", "a"}) == "unknown command 'mkae' (did you mean make?)\nsee: phonofilm --help");
  expect_error({"make", "--step=4"}, "unknown option --step (did you mean --steps?)");
  expect_error({"make", "a", "--no-shrap"}, "unknown option --no-shrap (did you mean --no-sharp?)");
  expect_error({"make", "a", "--sharp"}, "unknown option --sharp\n");
  expect_error({"make", "a", "--colourful"}, "unknown option --colourful\n");
  expect_error({"make", "a", "-q"}, "unknown option -q");
  expect_error({"--hlep"}, "unknown option --hlep (did you mean --help?)");
  expect_error({"frobnicate"}, "unknown command 'frobnicate'\n");
  CHECK(error_of({"world", "rendr"}) == "unknown command 'rendr' (did you mean render?)\nsee: phonofilm world --help");
}

TEST_CASE("usage: arguments that are missing or too many") {
  expect_error({"make"}, "FILM is required\nsee: phonofilm make --help");
  expect_error({"make", "a", "b"}, "unexpected argument 'b' (text with spaces needs quotes)");
  expect_error({"make", "a", "--steps"}, "--steps");
  expect_error({"world"}, "a command is missing: render, stats\nsee: phonofilm world --help");
}

TEST_CASE("usage: --help shows types, ranges and defaults in lines that fit a terminal") {
  Program program;
  const std::string help = program.app.get_subcommand("make")->help();
  for (const char* part : {"--steps INT", "(1 to 1000; default 20)", "--solver TEXT", "(euler | unipc; default euler)",
                           "--sizes INT,...", "default 64,96", "--no-sharp", "switches off: sharpen", "--fast, --no-fast", "(default off)", "--guidance-text TEXT"}) {
    CAPTURE(help);
    CHECK(help.find(part) != std::string::npos);
  }
  for (const std::string& line : split(help, '\n')) CHECK(line.size() <= 108);
}

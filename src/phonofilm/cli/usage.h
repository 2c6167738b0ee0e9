// What the program says about itself: the layout of --help, and errors in the way it was called.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace phonofilm::cli {

// Names, types and wrapped descriptions in two columns. Subcommands inherit it when they are added after it is set.
std::shared_ptr<CLI::FormatterBase> help_formatter();

// One line that says what is wrong with the command line, offering the nearest option or command for an unknown
// one, and where to look. `app` is the root that failed to parse.
std::string explain_usage_error(const CLI::App& app, const CLI::ParseError& error);

}  // namespace phonofilm::cli

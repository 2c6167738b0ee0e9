#include "phonofilm/cli/usage.h"

#include "phonofilm/base/text.h"

namespace phonofilm::cli {
namespace {

constexpr std::size_t kNameColumn = 30, kLineLength = 108;

// Breaks `text` at spaces so that it fits beside the column of names.
std::string wrapped(const std::string& text) {
  std::string out;
  std::size_t used = 0;
  for (const std::string& word : split(text, ' ')) {
    if (used > 0 && kNameColumn + used + 1 + word.size() > kLineLength) {
      out += "\n" + std::string(kNameColumn, ' ');
      used = 0;
    }
    out += (used > 0 ? " " : "") + word;
    used += word.size() + (used > 0 ? 1 : 0);
  }
  return out;
}

std::string two_columns(const std::string& name, const std::string& description) {
  std::string line = "  " + name;
  if (line.size() + 1 >= kNameColumn) line += "\n" + std::string(kNameColumn, ' ');
  line.resize(std::max(line.size(), kNameColumn), ' ');
  return line + wrapped(description) + "\n";
}

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    return two_columns(make_option_name(option, is_positional) + make_option_opts(option), option->get_description());
  }
  std::string make_subcommand(const CLI::App* command) const override {
    return two_columns(command->get_name(), command->get_description());
  }
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    const std::string name = CLI::Formatter::make_option_name(option, is_positional);
    return join(split(CLI::detail::find_and_replace(name, "{false}", ""), ','), ", ");
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0 || option->get_positional()) return option->get_required() ? " (required)" : "";
    return concat(" ", option->get_type_name(), option->get_required() ? " (required)" : "");
  }
};

// The subcommand that was being parsed, or the root.
const CLI::App* innermost(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

std::string command_line(const CLI::App* app) {
  return app->get_parent() == nullptr ? app->get_name() : command_line(app->get_parent()) + " " + app->get_name();
}

std::vector<std::string> option_names(const CLI::App* app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app->get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(/*filter=*/{})) {
    names.push_back(command->get_name());
  }
  return names;
}

std::string suggestion(const std::string& name, const std::vector<std::string>& known) {
  const std::string guess = nearest_name(name, known);
  return guess.empty() ? "" : " (did you mean " + guess + "?)";
}

// What an argument that nothing claimed must have been meant as, or "" when there is none.
std::string explain_leftover(const CLI::App& app, const CLI::App* command) {
  const std::vector<std::string> leftover = app.remaining(/*recurse=*/true);
  for (const std::string& argument : leftover) {
    if (!argument.starts_with("-") || argument == "--") continue;
    const std::string name = argument.substr(0, argument.find('='));
    return "unknown option " + name + suggestion(name, option_names(command));
  }
  if (leftover.empty()) return "";
  const std::vector<std::string> commands = command_names(*command);
  if (!commands.empty()) return "unknown command '" + leftover[0] + "'" + suggestion(leftover[0], commands);
  return "unexpected argument '" + leftover[0] + "' (text with spaces needs quotes)";
}

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_formatter() { return std::make_shared<HelpFormatter>(); }

std::string explain_usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = innermost(&app);
  std::string problem = explain_leftover(app, command);
  const std::vector<std::string> commands = command_names(*command);
  if (problem.empty()) problem = commands.empty() ? error.what() : "a command is missing: " + join(commands, ", ");
  return concat(problem, "\nsee: ", command_line(command), " --help");
}

}  // namespace phonofilm::cli

// phonofilm eval film: does a long film drift, and do its joints show?
#pragma once

namespace CLI {
class App;
}

namespace phonofilm::cli {

// Adds the subcommand "film" to "eval".
void add_eval_film_command(CLI::App& eval);

}  // namespace phonofilm::cli

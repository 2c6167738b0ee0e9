// One file per subcommand; main.cpp adds them in the order of --help.
#pragma once

#include <CLI/CLI.hpp>

#include "phonofilm/base/fields.h"

namespace phonofilm::cli {

void add_generate_command(CLI::App& app);
void add_batch_command(CLI::App& app);
void add_decode_command(CLI::App& app);
void add_serve_command(CLI::App& app);
void add_keys_command(CLI::App& app);
void add_worker_command(CLI::App& app);
void add_show_command(CLI::App& app);
void add_world_command(CLI::App& app);
void add_train_command(CLI::App& app);
void add_eval_command(CLI::App& app);
void add_lab_command(CLI::App& app);
void add_inspect_command(CLI::App& app);
void add_synth_checkpoint_command(CLI::App& app);
void add_eval_film_command(CLI::App& eval);  // "film" of "eval"
void add_guidance_command(CLI::App& lab);    // "guidance" of "lab"

// Calls those of the functions above that this build has (CMakeLists.txt writes it).
void add_commands(CLI::App& app);

// One flag per field: "guidance_text" becomes --guidance-text; a boolean that is off gets --no-... as well, one that is
// on gets only that; lists are separated by commas. Type, range or choices and the default stand in --help; a value
// that does not fit is a usage error. The targets must outlive the app's parse. Options take effect in the order they
// were added: an option that loads a JSON file into the same fields, added before this call, is overridden by the flags
// that were given. Returns the flags' names, "--guidance-text". group: the heading in --help under which they stand;
// empty: the common one.
std::vector<std::string> add_flags(CLI::App& app, const Fields& fields, const std::string& group = "");

std::string flag_name(const Field& field);  // "guidance-text"

// What to type for those of `fields` that differ from `defaults`, a field list of the same names: " --steps 30
// --no-audio".
std::string changed_flags(const Fields& fields, const Fields& defaults);

// A word for a POSIX shell, quoted where it must be.
std::string shell_word(const std::string& text);

}  // namespace phonofilm::cli

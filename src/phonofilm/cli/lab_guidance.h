// phonofilm lab guidance: what alignment and text guidance do to the films of a trained model.
#pragma once

namespace CLI {
class App;
}

namespace phonofilm::cli {

// Adds the subcommand "guidance" to "lab".
void add_guidance_command(CLI::App& lab);

}  // namespace phonofilm::cli

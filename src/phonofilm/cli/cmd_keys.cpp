// phonofilm keys add alice --scope submit: the API keys of a server.
#include <algorithm>
#include <cstdio>
#include <ctime>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/cli/commands.h"
#include "phonofilm/server/keys.h"

namespace phonofilm::cli {
namespace {

using server::Key;

constexpr jobs::Time kDay = 24LL * 3600 * 1000;

struct Options {
  std::string file = "keys.json", owner, id, scope = "submit";
  std::int64_t days = 0;
};

std::string date_of(jobs::Time time) {
  if (time == 0) return "never";
  const std::time_t seconds = time / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[20];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
  return text;
}

// The token goes to stdout alone, so that a script can take it.
void add(const Options& options) {
  const jobs::Time now = jobs::wall_clock();
  const server::NewKey made = server::make_key(options.owner, server::scope_of(options.scope), now,
                                               options.days == 0 ? 0 : now + options.days * kDay);
  server::change_keys(options.file, [&](std::vector<Key>& keys) { keys.push_back(made.key); });
  std::fprintf(stderr, "key %s of %s (%s, expires: %s); it is shown this once:\n", made.key.id.c_str(),
               made.key.owner.c_str(), options.scope.c_str(), date_of(made.key.expires).c_str());
  std::printf("%s\n", made.token.c_str());
}

void list(const Options& options) {
  PF_CHECK(is_file(options.file), InvalidRequest, "keys", options.file, ": there is no such file");
  for (const Key& key : server::load_keys(options.file)) {
    std::printf("%s  %-20s %-8s created %s  expires %s\n", key.id.c_str(), key.owner.c_str(),
                std::string(scope_name(key.scope)).c_str(), date_of(key.created).c_str(), date_of(key.expires).c_str());
  }
}

void revoke(const Options& options) {
  server::change_keys(options.file, [&](std::vector<Key>& keys) {
    const auto removed = std::erase_if(keys, [&](const Key& key) { return key.id == options.id; });
    PF_CHECK(removed > 0, InvalidRequest, "keys", options.file, ": there is no key ", in_quotes(options.id),
             "; 'phonofilm keys list' shows them");
  });
}

}  // namespace

void add_keys_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("keys", "API keys of a server: add, list, revoke");
  command->require_subcommand(1);
  command->add_option("--file", options->file, "file of the keys; a running server reads it again by itself")
      ->capture_default_str();
  CLI::App* adding = command->add_subcommand("add", "make a key and print it");
  adding->add_option("owner", options->owner, "whose jobs it is for")->required();
  adding->add_option("--scope", options->scope, "read, submit (own jobs) or admin")->capture_default_str();
  adding->add_option("--expires-days", options->days, "days until it expires; 0: never")->check(CLI::Range(0, 36500));
  adding->callback([options] { add(*options); });
  command->add_subcommand("list", "show ids, owners and scopes")->callback([options] { list(*options); });
  CLI::App* revoking = command->add_subcommand("revoke", "remove a key");
  revoking->add_option("id", options->id, "as 'list' shows it")->required();
  revoking->callback([options] { revoke(*options); });
}

}  // namespace phonofilm::cli

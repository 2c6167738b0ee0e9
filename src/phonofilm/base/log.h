// Levelled log lines on stderr, for programs. Libraries log only through a sink they are given.
#pragma once

#include <string>

namespace phonofilm::log {

enum class Level { debug, info, warn, error };

void set_level(Level level);
void debug(const std::string& message);
void info(const std::string& message);
void warn(const std::string& message);
void error(const std::string& message);

}  // namespace phonofilm::log

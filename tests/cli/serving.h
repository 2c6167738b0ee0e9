// The program in the background: servers and workers as processes of their own.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "phonofilm/base/files.h"
#include "server/wire.h"

namespace phonofilm::test {

template <class Condition>
bool until(const Condition& holds, int seconds) {
  for (int i = 0; i < seconds * 20; ++i) {
    if (holds()) return true;
    usleep(50'000);
  }
  return false;
}

// What it prints goes to a file. It dies with the test.
class Background {
 public:
  Background(const std::string& log, std::vector<std::string> arguments) : log_(log) {
    arguments.insert(arguments.begin(), PHONOFILM_PROGRAM);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    process_ = fork();
    if (process_ == 0) become(pointers.data());
  }
  ~Background() { kill_now(); }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  void kill_now() { end(SIGKILL); }
  // The exit code after SIGTERM; -1 where it did not come to one.
  int stop() {
    end(SIGTERM);
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
  }
  std::string log() const { return is_file(log_) ? read_file(log_) : ""; }

 private:
  [[noreturn]] void become(char* const* arguments) const {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file >= 0 && dup2(file, STDOUT_FILENO) >= 0 && dup2(file, STDERR_FILENO) >= 0) execv(arguments[0], arguments);
    _exit(127);
  }
  void end(int signal) {
    if (process_ < 0) return;
    kill(process_, signal);
    const bool ended = until([&] { return waitpid(process_, &status_, WNOHANG) == process_; }, 60);
    if (!ended) kill(process_, SIGKILL), waitpid(process_, &status_, 0);
    process_ = -1;
  }

  std::string log_;
  pid_t process_;
  int status_ = 0;
};

// `phonofilm serve` on a free port.
class Serving : public Background {
 public:
  Serving(const std::string& log, std::vector<std::string> options) : Background(log, with_port(std::move(options))) {
    const std::string words = "serving on port ";
    REQUIRE(until([&] { return this->log().find(words) != std::string::npos; }, 30));
    port_ = std::stoi(this->log().substr(this->log().find(words) + words.size()));
  }
  // Empty where there is no answer.
  std::string ask(const std::string& request) const { return WireClient(port_).ask(request); }

 private:
  static std::vector<std::string> with_port(std::vector<std::string> options) {
    options.insert(options.begin(), {"serve", "--listen", "127.0.0.1:0"});
    return options;
  }
  std::int64_t port_ = 0;
};

inline nlohmann::json body_of(const std::string& answer) {
  return nlohmann::json::parse(answer.substr(std::min(answer.size(), answer.find("\r\n\r\n"))), nullptr, false);
}

}  // namespace phonofilm::test

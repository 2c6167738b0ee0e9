// A PostgreSQL server of the tests' own: in a temporary folder, behind a socket there, under a user without rights.
#pragma once

#include <fcntl.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "jobs/jobs_helpers.h"

namespace phonofilm::test {

class PostgresServer {
 public:
  // Nothing, with a line on stderr that no reader of the log misses, where the server's programs are missing.
  static PostgresServer* shared() {
    static const std::unique_ptr<PostgresServer> server = start();
    return server.get();
  }
  ~PostgresServer() {
    if (getpid() != starter_) return;  // a child of a kill test
    kill(server_, SIGINT);
    waitpid(server_, nullptr, 0);
  }
  // The address of a new, empty database.
  std::string new_database() {
    const std::string name = "queue" + std::to_string(++databases_);
    REQUIRE(as_user({programs_ + "/createdb", "-h", folder_.file("run"), name}) == 0);
    return "host=" + folder_.file("run") + " dbname=" + name + " user=" + user_;
  }
  // Back to a database in which nothing was ever done.
  static void empty(const std::string& address) {
    PGconn* connection = PQconnectdb(address.c_str());
    PQclear(PQexec(connection, "SET client_min_messages = error; DROP SCHEMA public CASCADE; CREATE SCHEMA public"));
    PQfinish(connection);
  }

 private:
  PostgresServer(const std::string& programs, const passwd& user)
      : programs_(programs), user_(user.pw_name), uid_(user.pw_uid), gid_(user.pw_gid), starter_(getpid()) {
    std::filesystem::permissions(std::filesystem::path(folder_.file("")).parent_path(), std::filesystem::perms(0755));
    for (const char* name : {"data", "run"}) {
      std::filesystem::create_directory(folder_.file(name));
      if (geteuid() == 0 && chown(folder_.file(name).c_str(), uid_, gid_) != 0) FAIL("chown");
    }
    std::filesystem::permissions(folder_.file("data"), std::filesystem::perms(0700));
    REQUIRE(as_user({programs_ + "/initdb", "-D", folder_.file("data"), "-A", "trust", "-U", user_, "-N", "-E",
                     "UTF8"}) == 0);
    server_ = spawn({programs_ + "/postgres", "-D", folder_.file("data"), "-k", folder_.file("run"), "-c",
                     "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB"});
    wait_until_ready();
  }

  static std::unique_ptr<PostgresServer> start() {
    const std::string programs = find_programs();
    const passwd* user = geteuid() == 0 ? getpwnam("postgres") : getpwuid(geteuid());
    if (user == nullptr) user = getpwnam("nobody");
    if (programs.empty() || user == nullptr) {
      std::fputs(
          "\n*** SKIPPED: the PostgreSQL tests of jobs. No initdb and postgres were found in /usr/lib/postgresql; "
          "run scripts/setup.sh --tests ***\n\n",
          stderr);
      return nullptr;
    }
    return std::unique_ptr<PostgresServer>(new PostgresServer(programs, *user));
  }

  static std::string find_programs() {
    std::error_code none;
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", none)) {
      const std::string programs = version.path().string() + "/bin";
      const bool complete = access((programs + "/initdb").c_str(), X_OK) == 0 &&
                            access((programs + "/postgres").c_str(), X_OK) == 0;
      if (complete) return programs;
    }
    return "";
  }

  void wait_until_ready() {
    for (int i = 0; i < 600; ++i) {
      if (as_user({programs_ + "/pg_isready", "-q", "-h", folder_.file("run")}) == 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    FAIL("the PostgreSQL server did not come up");
  }

  pid_t spawn(const std::vector<std::string>& command) const {
    std::vector<char*> arguments;
    for (const std::string& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
    arguments.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      if (geteuid() == 0 && (setgid(gid_) != 0 || setuid(uid_) != 0)) _exit(126);
      prctl(PR_SET_PDEATHSIG, SIGINT);
      const int nowhere = open("/dev/null", O_WRONLY);
      if (chdir("/") != 0 || dup2(nowhere, STDOUT_FILENO) < 0 || dup2(nowhere, STDERR_FILENO) < 0) _exit(126);
      execv(arguments[0], arguments.data());
      _exit(127);
    }
    return child;
  }
  int as_user(const std::vector<std::string>& command) const {
    int status = 0;
    waitpid(spawn(command), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  QuickFolder folder_;
  std::string programs_, user_;
  uid_t uid_;
  gid_t gid_;
  pid_t starter_, server_ = -1;
  int databases_ = 0;
};

}  // namespace phonofilm::test

// A server on a free port with a real store, and a client that sends bytes as they are.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "phonofilm/server/server.h"
#include "server/server_helpers.h"

namespace phonofilm::test {

class WireServer {
 public:
  explicit WireServer(const std::function<void(server::ServerOptions&)>& change = {}) {
    server::ServerOptions options;
    options.http.port = 0;
    options.http.spool = options.disk = folder_.file("");
    options.api.min_free_disk = 0;
    options.api.requests_per_second = 0;
    if (change) change(options);
    server_.emplace(server::ServerParts{queue, artifacts, uploads, format_}, options,
                    [](const server::AccessRecord&) {});
    server_->start();
  }
  ~WireServer() {
    if (server_) server_->stop(5);
  }
  server::Server& operator*() { return *server_; }
  server::Server* operator->() { return &*server_; }

 private:
  QuickFolder folder_;
  std::unique_ptr<jobs::Store> store_ = jobs::open_sqlite_store(folder_.file("queue.db"));
  server::FilmFormat format_ = test_format();

 public:
  jobs::ArtifactFolder artifacts{folder_.file("films")};
  jobs::UploadFolder uploads{folder_.file("uploads")};
  jobs::Queue queue{*store_, artifacts};

 private:
  std::optional<server::Server> server_;
};

// One connection. Reads give up after some seconds, so that a server that hangs fails a test instead of stopping it.
class WireClient {
 public:
  explicit WireClient(std::int64_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(std::uint16_t(port));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~WireClient() { close(socket_); }
  WireClient(const WireClient&) = delete;
  WireClient& operator=(const WireClient&) = delete;

  bool connected() const { return connected_; }
  // False where the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(std::size_t(sent));
    }
    return true;
  }
  void finish_sending() { shutdown(socket_, SHUT_WR); }
  // Some bytes; none at the end of the connection or after `milliseconds` without any.
  std::string receive(int milliseconds = 5000) {
    pollfd wait{socket_, POLLIN, 0};
    if (poll(&wait, 1, milliseconds) <= 0) {
      timed_out_ = true;
      return "";
    }
    std::string bytes(1 << 16, '\0');
    const ssize_t got = recv(socket_, bytes.data(), bytes.size(), 0);
    bytes.resize(got > 0 ? std::size_t(got) : 0);
    return bytes;
  }
  std::string receive_all(int milliseconds = 5000) {
    std::string all;
    for (std::string bytes = receive(milliseconds); !bytes.empty(); bytes = receive(milliseconds)) all += bytes;
    return all;
  }
  bool timed_out() const { return timed_out_; }

  // One answer with a Content-Length; its head and body.
  std::string ask(const std::string& request) {
    if (!send(request)) return "";
    while (true) {
      const std::size_t head = rest_.find("\r\n\r\n"), field = rest_.find("Content-Length: ");
      const std::size_t length = field < head ? std::stoul(rest_.substr(field + 16)) : 0;
      if (head != rest_.npos && rest_.size() >= head + 4 + length) {
        const std::string answer = rest_.substr(0, head + 4 + length);
        rest_.erase(0, answer.size());
        return answer;
      }
      const std::string bytes = receive();
      if (bytes.empty()) return "";
      rest_ += bytes;
    }
  }

 private:
  int socket_;
  bool connected_ = false, timed_out_ = false;
  std::string rest_;
};

inline std::string get(const std::string& target, const std::string& more = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n";
}
inline std::string post(const std::string& target, const std::string& body,
                        const std::string& type = "application/json", const std::string& more = "") {
  return "POST " + target + " HTTP/1.1\r\nHost: localhost\r\n" + more + "Content-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
inline int status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") && answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
}

// Bytes of memory that this process holds.
inline std::int64_t resident() {
  std::ifstream file("/proc/self/statm");
  std::int64_t size = 0, pages = 0;
  file >> size >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

}  // namespace phonofilm::test

// One client of the HTTP server: its requests one after another, their limits and time-outs, and the answers. Private
// to server/: it shows Boost's types, which only http_connection.cpp and http_server.cpp include.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "phonofilm/server/http.h"
#include "phonofilm/server/http_server.h"

namespace phonofilm::server {

namespace asio = boost::asio;
namespace beast = boost::beast;

inline std::chrono::nanoseconds duration_of(double seconds) {
  return std::chrono::nanoseconds(std::int64_t(seconds * 1e9));
}

// What the connections of a server share; lives longer than they do.
struct HttpShared {
  const HttpOptions& options;
  Handler& handler;
  asio::thread_pool& pool;  // of handlers, which wait for disk and database
  const std::atomic<bool>& stopping;
};

// All of it runs on the strand of its socket.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(const HttpShared& shared, asio::ip::tcp::socket socket, std::string address)
      : shared_(shared), stream_(std::move(socket)), address_(std::move(address)) {}

  // To the end of the connection.
  asio::awaitable<void> run();
  // From any thread: a connection that waits for its next request ends.
  void wake() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      if (self->idle_) self->stream_.cancel();
    });
  }
  // The same of a connection that does anything else.
  void abandon() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] { self->stream_.close(); });
  }

 private:
  using Parser = beast::http::request_parser<beast::http::buffer_body>;
  // What became of a request: to be answered, refused on a connection that goes on, or the end of the connection.
  enum class Taken { ready, refused, over };
  const HttpOptions& options() const { return shared_.options; }
  asio::awaitable<bool> wait_for_request();
  asio::awaitable<bool> answer_one();
  asio::awaitable<int> read_head(Parser& parser, RequestHead& head);
  asio::awaitable<int> read_body(Parser& parser, Body& body, std::int64_t limit);
  asio::awaitable<Taken> take(Parser& parser, Request& request, std::unique_ptr<Handler::Admission>& admission);
  asio::awaitable<bool> continue_if_asked(const RequestHead& head);
  asio::awaitable<bool> refuse(int status, const RequestHead* head);
  asio::awaitable<bool> send(Response response, bool head_only, bool keep_alive);
  asio::awaitable<bool> send_file(const FileSlice& slice);
  asio::awaitable<bool> send_stream(Stream& stream);
  asio::awaitable<bool> write(const std::string& bytes);
  asio::awaitable<void> close();
  template <class Work>
  auto in_pool(Work work) -> asio::awaitable<decltype(work())>;

  const HttpShared& shared_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::string address_;
  bool idle_ = false;
};

}  // namespace phonofilm::server

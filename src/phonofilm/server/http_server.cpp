#include "phonofilm/server/http_server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "phonofilm/base/error.h"
#include "phonofilm/server/connection_count.h"
#include "phonofilm/server/http_connection.h"
#include "phonofilm/server/http_text.h"

namespace phonofilm::server {

using asio::ip::tcp;
using beast::error_code;

class HttpServer::State {
 public:
  State(const HttpOptions& options, Handler& handler)
      : options_(options),
        handler_(handler),
        io_(int(options.network_threads)),
        guard_(io_.get_executor()),
        pool_(std::size_t(options.handler_threads)),
        acceptor_(asio::make_strand(io_)),
        count_(options.max_connections, options.max_connections_per_address) {
    listen();
  }

  void start();
  bool stop(double grace);
  std::int64_t port() const { return port_; }

 private:
  void listen();
  asio::awaitable<void> accept_all();
  asio::awaitable<void> turn_away(tcp::socket socket);
  bool enter(const std::string& address);
  void begin(tcp::socket socket, const std::string& address);
  void leave(const std::string& address, std::list<HttpConnection*>::iterator place);

  HttpOptions options_;
  Handler& handler_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  asio::thread_pool pool_;
  tcp::acceptor acceptor_;
  std::int64_t port_ = 0;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_ = false;
  HttpShared shared_{options_, handler_, pool_, stopping_};
  std::atomic<std::int64_t> connections_ = 0;
  std::mutex mutex_;  // guards the rest
  std::condition_variable left_;
  ConnectionCount count_;
  std::list<HttpConnection*> open_;
};

void HttpServer::State::listen() {
  error_code error;
  const auto address = asio::ip::make_address(options_.address, error);
  PF_CHECK(!error, InvalidRequest, "serve", options_.address,
           ": expected a numerical address such as 127.0.0.1 or ::1");
  const tcp::endpoint endpoint(address, std::uint16_t(options_.port));
  const auto expect = [&](const char* what) {
    PF_CHECK(!error, ResourceError, "serve", options_.address, ":", options_.port, ": cannot ", what, ": ",
             error.message(), "; is another server running?");
  };
  acceptor_.open(endpoint.protocol(), error);
  expect("open a socket");
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  acceptor_.bind(endpoint, error);
  expect("bind");
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  expect("listen");
  port_ = acceptor_.local_endpoint().port();
}

bool HttpServer::State::enter(const std::string& address) {
  const std::lock_guard lock(mutex_);
  const bool room = count_.enter(address);
  connections_ = count_.all();
  return room;
}

void HttpServer::State::leave(const std::string& address, std::list<HttpConnection*>::iterator place) {
  const std::lock_guard lock(mutex_);
  open_.erase(place);
  count_.leave(address);
  connections_ = count_.all();
  left_.notify_all();
}

asio::awaitable<void> HttpServer::State::turn_away(tcp::socket socket) {
  beast::tcp_stream stream(std::move(socket));
  stream.expires_after(std::chrono::seconds(1));
  const Response response = handler_.refuse(503, nullptr);
  const std::string text = head_text(response, false) + response.body;
  error_code ignored;
  co_await asio::async_write(stream, asio::buffer(text), asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> HttpServer::State::accept_all() {
  asio::steady_timer timer(io_);
  while (!stopping_) {
    error_code error;
    tcp::socket socket =
        co_await acceptor_.async_accept(asio::make_strand(io_), asio::redirect_error(asio::use_awaitable, error));
    if (stopping_) co_return;
    if (error) {  // out of descriptors, or the client is gone: others may come
      timer.expires_after(std::chrono::milliseconds(50));
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    socket.set_option(tcp::no_delay(true), error);
    const std::string address = socket.remote_endpoint(error).address().to_string();
    if (!enter(address)) {
      asio::co_spawn(acceptor_.get_executor(), turn_away(std::move(socket)), asio::detached);
      continue;
    }
    begin(std::move(socket), address);
  }
}

void HttpServer::State::begin(tcp::socket socket, const std::string& address) {
  const auto executor = socket.get_executor();
  auto connection = std::make_shared<HttpConnection>(shared_, std::move(socket), address);
  std::list<HttpConnection*>::iterator place;
  {
    const std::lock_guard lock(mutex_);
    place = open_.insert(open_.end(), connection.get());
  }
  asio::co_spawn(executor, connection->run(),
                 [this, connection, address, place](const std::exception_ptr&) { leave(address, place); });
}

void HttpServer::State::start() {
  asio::co_spawn(acceptor_.get_executor(), accept_all(), asio::detached);
  for (std::int64_t i = 0; i < options_.network_threads; ++i) threads_.emplace_back([this] { io_.run(); });
}

bool HttpServer::State::stop(double grace) {
  stopping_ = true;
  asio::post(acceptor_.get_executor(), [this] {
    error_code ignored;
    acceptor_.close(ignored);
  });
  std::unique_lock lock(mutex_);
  for (HttpConnection* connection : open_) connection->wake();
  const auto empty = [this] { return connections_ == 0; };
  const bool all = left_.wait_for(lock, duration_of(grace), empty);
  for (HttpConnection* connection : open_) connection->abandon();
  if (!threads_.empty()) left_.wait(lock, empty);
  lock.unlock();
  guard_.reset();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  pool_.join();
  return all;
}

HttpServer::HttpServer(const HttpOptions& options, Handler& handler)
    : state_(std::make_unique<State>(options, handler)) {}

HttpServer::~HttpServer() { state_->stop(0); }

std::int64_t HttpServer::port() const { return state_->port(); }
void HttpServer::start() { state_->start(); }
bool HttpServer::stop(double grace) { return state_->stop(grace); }

Fields HttpOptions::fields() {
  return {{"network_threads", &network_threads, "threads that read and write", 1, 64},
          {"handler_threads", &handler_threads, "threads that wait for disk and database", 1, 256},
          {"max_header_bytes", &max_header_bytes, "of one request", 1024, 1 << 20},
          {"max_header_fields", &max_header_fields, "of one request", 1, 10'000},
          {"max_connections", &max_connections, "at once", 1, 100'000},
          {"max_connections_per_address", &max_connections_per_address,
           "at once; behind a proxy all clients have the proxy's address", 1, 100'000},
          {"header_timeout", &header_timeout, "seconds for the head of a request", 0.1, 3600},
          {"body_timeout", &body_timeout, "seconds without a byte of the body", 0.1, 3600},
          {"write_timeout", &write_timeout, "seconds for a client to take 64 KB", 0.1, 3600},
          {"idle_timeout", &idle_timeout, "seconds that a connection waits for its next request", 0.1, 3600},
          {"min_body_rate", &min_body_rate, "bytes a second of a body, on average", 0, 1e9}};
}

}  // namespace phonofilm::server

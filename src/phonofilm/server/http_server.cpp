#include "phonofilm/server/http_server.h"

#include <sys/socket.h>

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "phonofilm/base/error.h"
#include "phonofilm/server/connection_count.h"
#include "phonofilm/server/http_text.h"
#include "phonofilm/server/syntax.h"

namespace phonofilm::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using beast::error_code;
using Clock = std::chrono::steady_clock;
using Parser = http::request_parser<http::buffer_body>;
using Strand = asio::strand<asio::io_context::executor_type>;

constexpr std::size_t kChunk = 64 << 10;      // bytes read or written at once
constexpr std::size_t kUnreadBody = 1 << 20;  // of a refused request, thrown away so that the answer arrives
constexpr auto kStreamPause = std::chrono::milliseconds(100);  // between two questions to an event stream
constexpr std::int64_t kTurnsBetweenChecks = 10;               // whether the listener is still there

std::chrono::nanoseconds duration_of(double seconds) { return std::chrono::nanoseconds(std::int64_t(seconds * 1e9)); }

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

RequestHead head_of(const Parser& parser, const std::string& address) {
  const auto& message = parser.get();
  RequestHead head{std::string(message.method_string()), std::string(message.target()), {}, address};
  for (const auto& field : message) {
    head.headers.push_back({to_lower(std::string(field.name_string())), std::string(trimmed(field.value()))});
  }
  return head;
}

// Whether there was room on the disk.
bool keep_bytes(Body& body, std::string_view bytes) {
  try {
    body.append(bytes);
    return true;
  } catch (const ResourceError&) {
    return false;
  }
}

// A listener that left shows only in what it does not send.
bool is_gone(int socket) {
  char byte = 0;
  return recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

// 0 for what is the end of a connection rather than a bad request.
int status_of(const error_code& error) {
  if (error == beast::error::timeout) return 408;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::end_of_stream || error == http::error::partial_message) return 0;
  return error.category() == http::make_error_code(http::error::end_of_stream).category() ? 400 : 0;
}

}  // namespace

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
  std::int64_t connections() const { return connections_; }
  bool is_stopping() const { return stopping_; }

 private:
  class Connection;
  void listen();
  asio::awaitable<void> accept_all();
  asio::awaitable<void> turn_away(tcp::socket socket);
  bool enter(const std::string& address);
  void begin(tcp::socket socket, const std::string& address);
  void leave(const std::string& address, std::list<Connection*>::iterator place);

  HttpOptions options_;
  Handler& handler_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  asio::thread_pool pool_;
  tcp::acceptor acceptor_;
  std::int64_t port_ = 0;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::int64_t> connections_ = 0;
  std::mutex mutex_;  // guards the rest
  std::condition_variable left_;
  ConnectionCount count_;
  std::list<Connection*> open_;
};

// One client. All of it runs on one strand.
class HttpServer::State::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(State& state, tcp::socket socket, std::string address)
      : state_(state), stream_(std::move(socket)), address_(std::move(address)) {}

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
  // What became of a request: to be answered, refused on a connection that goes on, or the end of the connection.
  enum class Taken { ready, refused, over };
  const HttpOptions& options() const { return state_.options_; }
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

  State& state_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::string address_;
  bool idle_ = false;
};

template <class Work>
auto HttpServer::State::Connection::in_pool(Work work) -> asio::awaitable<decltype(work())> {
  using Result = decltype(work());
  auto job = [](Work inner) -> asio::awaitable<Result> { co_return inner(); };
  co_return co_await asio::co_spawn(state_.pool_.get_executor(), job(std::move(work)), asio::use_awaitable);
}

asio::awaitable<void> HttpServer::State::Connection::run() {
  bool more = true;
  while (more && !state_.stopping_) {
    more = co_await wait_for_request();
    if (more) more = co_await answer_one();
  }
  co_await close();
}

// What lies in the buffer already is the next request of a client that does not wait for answers.
asio::awaitable<bool> HttpServer::State::Connection::wait_for_request() {
  if (buffer_.size() > 0) co_return true;
  stream_.expires_after(duration_of(options().idle_timeout));
  error_code error;
  idle_ = true;
  const std::size_t count =
      co_await stream_.async_read_some(buffer_.prepare(4096), asio::redirect_error(asio::use_awaitable, error));
  idle_ = false;
  buffer_.commit(count);
  co_return !error && count > 0;
}

asio::awaitable<bool> HttpServer::State::Connection::answer_one() {
  Parser parser;
  parser.header_limit(std::uint32_t(options().max_header_bytes));
  parser.body_limit(boost::none);  // counted while it is read, by the route's own limit
  Request request{.head = {}, .body = Body(options().spool)};
  std::unique_ptr<Handler::Admission> admission;
  const Taken taken = co_await take(parser, request, admission);
  if (taken != Taken::ready) co_return taken == Taken::refused;
  const bool keep_alive = parser.keep_alive() && !state_.stopping_;
  const bool head_only = request.head.method == "HEAD";
  Handler& handler = state_.handler_;
  auto work = [&handler, &admission, &request] { return handler.answer(*admission, request); };
  Response response = co_await in_pool(work);
  const bool sent = co_await send(std::move(response), head_only, keep_alive);
  co_return sent&& keep_alive;
}

asio::awaitable<HttpServer::State::Connection::Taken> HttpServer::State::Connection::take(
    Parser& parser, Request& request, std::unique_ptr<Handler::Admission>& admission) {
  const int unreadable = co_await read_head(parser, request.head);
  if (unreadable != 200) {
    co_await refuse(unreadable, unreadable == 0 || request.head.method.empty() ? nullptr : &request.head);
    co_return Taken::over;
  }
  auto [admitted, refused] = state_.handler_.admit(request.head);
  if (refused) {
    const bool keep = parser.is_done() && parser.keep_alive() && !state_.stopping_;
    const bool sent = co_await send(std::move(*refused), request.head.method == "HEAD", keep);
    co_return sent&& keep ? Taken::refused : Taken::over;
  }
  admission = std::move(admitted);
  const bool fits = !parser.content_length() || *parser.content_length() <= std::uint64_t(admission->max_body());
  if (fits) {
    const bool asked = co_await continue_if_asked(request.head);
    if (!asked) co_return Taken::over;
  }
  const int problem = fits ? co_await read_body(parser, request.body, admission->max_body()) : 413;
  if (problem == 200) co_return Taken::ready;
  co_await refuse(problem, &request.head);
  co_return Taken::over;
}

// 200, or the status to refuse with; 0 for a connection that broke.
asio::awaitable<int> HttpServer::State::Connection::read_head(Parser& parser, RequestHead& head) {
  stream_.expires_after(duration_of(options().header_timeout));
  error_code error;
  co_await http::async_read_header(stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return status_of(error);
  head = head_of(parser, address_);
  if (std::int64_t(head.headers.size()) > options().max_header_fields) co_return 431;
  const int bad = check_head(head, parser.get().version() == 11);
  co_return bad == 0 ? 200 : bad;
}

asio::awaitable<bool> HttpServer::State::Connection::continue_if_asked(const RequestHead& head) {
  if (!head.header("expect")) co_return true;
  const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  co_return co_await write(go_on);
}

// As read_head().
asio::awaitable<int> HttpServer::State::Connection::read_body(Parser& parser, Body& body, std::int64_t limit) {
  const Clock::time_point start = Clock::now();
  std::string chunk(kChunk, '\0');
  while (!parser.is_done()) {
    parser.get().body().data = chunk.data();
    parser.get().body().size = chunk.size();
    parser.get().body().more = true;
    stream_.expires_after(duration_of(options().body_timeout));
    error_code error;
    co_await http::async_read_some(stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error));
    if (error == http::error::need_buffer) error = {};
    if (error) co_return status_of(error);
    if (!keep_bytes(body, {chunk.data(), chunk.size() - parser.get().body().size})) co_return 507;
    if (body.size() > limit) co_return 413;
    const double owed = double(options().min_body_rate) * (seconds_since(start) - options().body_timeout);
    if (double(body.size()) < owed) co_return 408;
  }
  co_return 200;
}

// Answers, unless there is nobody to answer to. Always false: the rest of what was sent cannot be told from requests.
asio::awaitable<bool> HttpServer::State::Connection::refuse(int status, const RequestHead* head) {
  if (status != 0) {
    Response response = state_.handler_.refuse(status, head);
    co_await send(std::move(response), false, false);
  }
  co_return false;
}

asio::awaitable<bool> HttpServer::State::Connection::write(const std::string& bytes) {
  stream_.expires_after(duration_of(options().write_timeout));
  error_code error;
  co_await asio::async_write(stream_, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
  if (!error) state_.handler_.sent(std::int64_t(bytes.size()));
  co_return !error;
}

asio::awaitable<bool> HttpServer::State::Connection::send(Response response, bool head_only, bool keep_alive) {
  std::string text = head_text(response, keep_alive && !response.stream);
  const bool plain = !head_only && !response.stream && !response.file;
  if (plain) text += response.body;
  const bool sent = co_await write(text);
  if (!sent || head_only || plain) co_return sent;
  if (response.file) co_return co_await send_file(*response.file);
  co_await send_stream(*response.stream);
  co_return false;
}

asio::awaitable<bool> HttpServer::State::Connection::send_file(const FileSlice& slice) {
  std::int64_t sent = 0;
  while (sent < slice.length) {
    const std::size_t count = std::size_t(std::min(std::int64_t(kChunk), slice.length - sent));
    auto read = [file = slice.file, offset = slice.offset + sent, count] { return file->read(offset, count); };
    const std::string bytes = co_await in_pool(read);
    if (bytes.empty()) co_return false;  // shorter than promised: ending is the only way left to say so
    const bool written = co_await write(bytes);
    if (!written) co_return false;
    sent += std::int64_t(bytes.size());
  }
  co_return true;
}

asio::awaitable<bool> HttpServer::State::Connection::send_stream(Stream& stream) {
  asio::steady_timer timer(stream_.get_executor());
  std::int64_t turns = 0;
  while (true) {
    std::string bytes = stream.next();
    const bool over = stream.ended() || state_.stopping_;
    if (state_.stopping_) bytes += stream.farewell();
    if (!bytes.empty()) {
      const bool written = co_await write(chunk_text(bytes));
      if (!written) co_return false;
    }
    if (over) break;
    if (++turns % kTurnsBetweenChecks == 0 && is_gone(stream_.socket().native_handle())) co_return false;
    timer.expires_after(kStreamPause);
    error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  const std::string last_chunk = "0\r\n\r\n";
  co_return co_await write(last_chunk);
}

// Closing with unread bytes would reset the connection, and the client might never see the answer.
asio::awaitable<void> HttpServer::State::Connection::close() {
  error_code error;
  stream_.socket().shutdown(tcp::socket::shutdown_send, error);
  std::string chunk(4096, '\0');
  std::size_t read = 0;
  stream_.expires_after(std::chrono::seconds(1));
  while (!error && read < kUnreadBody && !state_.stopping_) {
    read += co_await stream_.async_read_some(asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, error));
  }
  stream_.close();
}

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

void HttpServer::State::leave(const std::string& address, std::list<Connection*>::iterator place) {
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
  auto connection = std::make_shared<Connection>(*this, std::move(socket), address);
  std::list<Connection*>::iterator place;
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
  for (Connection* connection : open_) connection->wake();
  const auto empty = [this] { return connections_ == 0; };
  const bool all = left_.wait_for(lock, duration_of(grace), empty);
  for (Connection* connection : open_) connection->abandon();
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
std::int64_t HttpServer::connections() const { return state_->connections(); }
void HttpServer::start() { state_->start(); }
bool HttpServer::stop(double grace) { return state_->stop(grace); }
bool HttpServer::is_stopping() const { return state_->is_stopping(); }

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

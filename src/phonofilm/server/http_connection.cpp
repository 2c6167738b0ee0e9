#include "phonofilm/server/http_connection.h"

#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/server/http_text.h"
#include "phonofilm/server/syntax.h"

namespace phonofilm::server {
namespace {

namespace http = boost::beast::http;
using asio::ip::tcp;
using beast::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kChunk = 64 << 10;      // bytes read or written at once
constexpr std::size_t kUnreadBody = 1 << 20;  // of a refused request, thrown away so that the answer arrives
constexpr auto kStreamPause = std::chrono::milliseconds(100);  // between two questions to an event stream
constexpr std::int64_t kTurnsBetweenChecks = 10;               // whether the listener is still there

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

template <class Parser>
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

template <class Work>
auto HttpConnection::in_pool(Work work) -> asio::awaitable<decltype(work())> {
  using Result = decltype(work());
  auto job = [](Work inner) -> asio::awaitable<Result> { co_return inner(); };
  co_return co_await asio::co_spawn(shared_.pool.get_executor(), job(std::move(work)), asio::use_awaitable);
}

asio::awaitable<void> HttpConnection::run() {
  bool more = true;
  while (more && !shared_.stopping) {
    more = co_await wait_for_request();
    if (more) more = co_await answer_one();
  }
  co_await close();
}

// What lies in the buffer already is the next request of a client that does not wait for answers.
asio::awaitable<bool> HttpConnection::wait_for_request() {
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

asio::awaitable<bool> HttpConnection::answer_one() {
  Parser parser;
  parser.header_limit(std::uint32_t(options().max_header_bytes));
  parser.body_limit(boost::none);  // counted while it is read, by the route's own limit
  Request request{.head = {}, .body = Body(options().spool)};
  std::unique_ptr<Handler::Admission> admission;
  const Taken taken = co_await take(parser, request, admission);
  if (taken != Taken::ready) co_return taken == Taken::refused;
  const bool keep_alive = parser.keep_alive() && !shared_.stopping;
  const bool head_only = request.head.method == "HEAD";
  Handler& handler = shared_.handler;
  auto work = [&handler, &admission, &request] { return handler.answer(*admission, request); };
  Response response = co_await in_pool(work);
  const bool sent = co_await send(std::move(response), head_only, keep_alive);
  co_return sent&& keep_alive;
}

asio::awaitable<HttpConnection::Taken> HttpConnection::take(
    Parser& parser, Request& request, std::unique_ptr<Handler::Admission>& admission) {
  const int unreadable = co_await read_head(parser, request.head);
  if (unreadable != 200) {
    co_await refuse(unreadable, unreadable == 0 || request.head.method.empty() ? nullptr : &request.head);
    co_return Taken::over;
  }
  auto [admitted, refused] = shared_.handler.admit(request.head);
  if (refused) {
    const bool keep = parser.is_done() && parser.keep_alive() && !shared_.stopping;
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
asio::awaitable<int> HttpConnection::read_head(Parser& parser, RequestHead& head) {
  stream_.expires_after(duration_of(options().header_timeout));
  error_code error;
  co_await http::async_read_header(stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return status_of(error);
  head = head_of(parser, address_);
  if (std::int64_t(head.headers.size()) > options().max_header_fields) co_return 431;
  const int bad = check_head(head, parser.get().version() == 11);
  co_return bad == 0 ? 200 : bad;
}

asio::awaitable<bool> HttpConnection::continue_if_asked(const RequestHead& head) {
  if (!head.header("expect")) co_return true;
  const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  co_return co_await write(go_on);
}

// As read_head().
asio::awaitable<int> HttpConnection::read_body(Parser& parser, Body& body, std::int64_t limit) {
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
asio::awaitable<bool> HttpConnection::refuse(int status, const RequestHead* head) {
  if (status != 0) {
    Response response = shared_.handler.refuse(status, head);
    co_await send(std::move(response), false, false);
  }
  co_return false;
}

asio::awaitable<bool> HttpConnection::write(const std::string& bytes) {
  stream_.expires_after(duration_of(options().write_timeout));
  error_code error;
  co_await asio::async_write(stream_, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
  if (!error) shared_.handler.sent(std::int64_t(bytes.size()));
  co_return !error;
}

asio::awaitable<bool> HttpConnection::send(Response response, bool head_only, bool keep_alive) {
  std::string text = head_text(response, keep_alive && !response.stream);
  const bool plain = !head_only && !response.stream && !response.file;
  if (plain) text += response.body;
  const bool sent = co_await write(text);
  if (!sent || head_only || plain) co_return sent;
  if (response.file) co_return co_await send_file(*response.file);
  co_await send_stream(*response.stream);
  co_return false;
}

asio::awaitable<bool> HttpConnection::send_file(const FileSlice& slice) {
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

asio::awaitable<bool> HttpConnection::send_stream(Stream& stream) {
  asio::steady_timer timer(stream_.get_executor());
  std::int64_t turns = 0;
  while (true) {
    std::string bytes = stream.next();
    const bool over = stream.ended() || shared_.stopping;
    if (shared_.stopping) bytes += stream.farewell();
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
asio::awaitable<void> HttpConnection::close() {
  error_code error;
  stream_.socket().shutdown(tcp::socket::shutdown_send, error);
  std::string chunk(4096, '\0');
  std::size_t read = 0;
  stream_.expires_after(std::chrono::seconds(1));
  while (!error && read < kUnreadBody && !shared_.stopping) {
    read += co_await stream_.async_read_some(asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, error));
  }
  stream_.close();
}

}  // namespace phonofilm::server

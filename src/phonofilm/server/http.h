// Requests and responses as handlers see them: plain values without a socket, so that most tests need none.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "phonofilm/server/body.h"

namespace phonofilm::server {

struct HeaderField {
  std::string name, value;
};
using HeaderFields = std::vector<HeaderField>;

// A request before its body is read.
struct RequestHead {
  std::string method;      // as sent: "GET"
  std::string target;      // as sent: path and query
  HeaderFields headers{};  // names in lower case, values without blanks around them
  std::string address{};   // of the client, without its port
  // The value of a field, or nullptr. Several fields of one name are refused by check_head where that is not allowed.
  const std::string* header(std::string_view name) const;
};

struct Request {
  RequestHead head;
  Body body{};
};

// An open file that a response sends; closed with the last response that holds it.
class OpenFile {
 public:
  // Follows no link. Throws ResourceError for what cannot be opened or is no file.
  explicit OpenFile(const std::string& path);
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  std::int64_t size() const { return size_; }
  std::int64_t modified_ns() const { return modified_ns_; }
  // At most `count` bytes from `offset`; fewer only at the end of the file. Throws ResourceError.
  std::string read(std::int64_t offset, std::size_t count) const;

 private:
  int file_;
  std::int64_t size_ = 0, modified_ns_ = 0;
};

struct FileSlice {
  std::shared_ptr<const OpenFile> file;
  std::int64_t offset = 0, length = 0;
};

// A response without an end, asked again and again for what there is to send.
class Stream {
 public:
  virtual ~Stream() = default;
  // What to send now, often nothing. Never waits.
  virtual std::string next() = 0;
  virtual bool ended() const = 0;      // after next() gave its last
  virtual std::string farewell() = 0;  // last words of a server that stops
};

struct Response {
  int status = 200;
  HeaderFields headers{};  // all but Content-Length, Connection and Date, which the connection adds
  std::string body{};
  std::optional<FileSlice> file{};   // instead of the body
  std::shared_ptr<Stream> stream{};  // instead of both
  void set(std::string name, std::string value) { headers.push_back({std::move(name), std::move(value)}); }
  const std::string* header(std::string_view name) const;  // in any case
  std::int64_t length() const { return file ? file->length : std::int64_t(body.size()); }
};

std::string_view status_text(int status);  // "Not Found"

// What a connection asks of the program, in this order.
class Handler {
 public:
  // What admit() decided about a request whose body is still to come.
  class Admission {
   public:
    virtual ~Admission() = default;
    virtual std::int64_t max_body() const = 0;  // bytes
  };
  virtual ~Handler() = default;
  // Quick, on a network thread: who asks, for which route, whether that is allowed. A response refuses.
  virtual std::pair<std::unique_ptr<Admission>, std::optional<Response>> admit(const RequestHead& head) = 0;
  // May wait for disk and database; called on a thread of the pool. Never throws.
  virtual Response answer(Admission& admission, Request& request) = 0;
  // A request that could not be read: 400, 408, 413, 431, 507 (no room for its body); or 503 for one connection too
  // many.
  virtual Response refuse(int status, const RequestHead* head) = 0;
  virtual void sent(std::int64_t bytes) = 0;
};

}  // namespace phonofilm::server

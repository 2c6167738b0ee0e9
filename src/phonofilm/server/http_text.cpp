#include "phonofilm/server/http_text.h"

#include <ctime>
#include <sstream>

#include "phonofilm/base/text.h"

namespace phonofilm::server {
namespace {

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[40];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text;
}

}  // namespace

std::string head_text(const Response& response, bool keep_alive) {
  std::string text = concat("HTTP/1.1 ", response.status, " ", status_text(response.status), "\r\nDate: ", http_date(),
                            "\r\nConnection: ", keep_alive ? "keep-alive" : "close", "\r\n");
  for (const HeaderField& field : response.headers) text += concat(field.name, ": ", field.value, "\r\n");
  const bool has_length = !response.stream && response.status != 204 && response.status != 304;
  if (has_length) text += concat("Content-Length: ", response.length(), "\r\n");
  if (response.stream) text += "Transfer-Encoding: chunked\r\n";
  return text + "\r\n";
}

std::string chunk_text(const std::string& bytes) {
  std::ostringstream size;
  size << std::hex << bytes.size();
  return concat(size.str(), "\r\n", bytes, "\r\n");
}

}  // namespace phonofilm::server

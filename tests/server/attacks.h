// Requests that are none, or none that a server should take.
#pragma once

#include "server/wire.h"

namespace phonofilm::test {

inline const std::string kHost = "Host: localhost\r\n";

struct Attack {
  std::string name, bytes;
};
using Attacks = std::vector<Attack>;

inline std::string request(const std::string& fields, const std::string& body = "",
                    const std::string& line = "POST /api/v1/jobs HTTP/1.1") {
  return line + "\r\n" + kHost + "Content-Type: application/json\r\n" + fields + "\r\n" + body;
}

inline void add_lines(Attacks& attacks) {
  for (const std::string& line : {std::string("GET"),
                                  std::string("GET /"),
                                  std::string("GET / HTTP"),
                                  std::string("GET / HTTP/"),
                                  std::string("GET / HTTP/2.0"),
                                  std::string("GET / HTTP/1.2"),
                                  std::string("GET / HTTP/0.9"),
                                  std::string("GET / HTTP/11"),
                                  std::string("GET / HTTP/1.1 x"),
                                  std::string("GET  / HTTP/1.1"),
                                  std::string("GET /  HTTP/1.1"),
                                  std::string("GET\t/\tHTTP/1.1"),
                                  std::string(" GET / HTTP/1.1"),
                                  std::string("G\0T / HTTP/1.1", 14),
                                  std::string("GET /\0 HTTP/1.1", 15),
                                  std::string("GET /\x01 HTTP/1.1"),
                                  std::string("GET /\x7f HTTP/1.1"),
                                  std::string("GET /\xff HTTP/1.1"),
                                  std::string("G(T / HTTP/1.1"),
                                  std::string("\x16\x03\x01\x02\x00"),
                                  std::string("PRI * HTTP/2.0"),
                                  std::string("GET http://evil.example/ HTTP/1.1"),
                                  std::string("GET //evil HTTP/1.1"),
                                  std::string("CONNECT evil.example:443 HTTP/1.1"),
                                  std::string("OPTIONS * HTTP/1.1"),
                                  std::string("TRACE / HTTP/1.1"),
                                  std::string("GET /../../etc/passwd HTTP/1.1"),
                                  std::string("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1"),
                                  std::string("GET /%zz HTTP/1.1"),
                                  std::string("GET /% HTTP/1.1"),
                                  std::string("GET /%00 HTTP/1.1"),
                                  std::string("GET /a?b=%0d%0aX: 1 HTTP/1.1"),
                                  std::string("GET ?x HTTP/1.1"),
                                  std::string("GET x HTTP/1.1"),
                                  std::string("GET \\ HTTP/1.1"),
                                  std::string("get / http/1.1"),
                                  std::string("GET / http/1.1"),
                                  "GET /" + std::string(20'000, 'a') + " HTTP/1.1",
                                  std::string(20'000, 'G') + " / HTTP/1.1",
                                  "GET / HTTP/1.1" + std::string(20'000, ' ')}) {
    attacks.push_back({"line " + line.substr(0, 40), line + "\r\n" + kHost + "\r\n"});
    attacks.push_back({"bare line feed " + line.substr(0, 40), line + "\n" + kHost + "\n"});
  }
}

inline void add_fields(Attacks& attacks) {
  for (const std::string& field :
       {std::string("no colon"),
        std::string(": empty"),
        std::string("bad name: x"),
        std::string("Bad\x01: x"),
        std::string("X: a\x01"),
        std::string("X: a\0b", 6),
        std::string("X : a"),
        std::string("\tX: a"),
        std::string(" X: a"),
        std::string("X: a\r"),
        std::string("X: a\rY: b"),
        std::string("X\x80: a"),
        std::string("Host: other"),
        std::string("Host:"),
        std::string("Content-Length: 1\r\nContent-Length: 2"),
        std::string("Content-Length: 5\r\nTransfer-Encoding: chunked"),
        std::string("Transfer-Encoding: chunked\r\nContent-Length: 5"),
        std::string("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        std::string("Transfer-Encoding: identity, chunked"),
        std::string("Transfer-Encoding: chunked, identity"),
        std::string("Transfer-Encoding: xchunked"),
        std::string("Transfer-Encoding:\x0b"
                    "chunked"),
        std::string("Transfer-Encoding: gzip"),
        std::string("Transfer-Encoding: \"chunked\""),
        std::string("Transfer-Encoding : chunked"),
        std::string("Transfer_Encoding: chunked"),
        std::string("Expect: 200-ok"),
        std::string("Connection: upgrade\r\nUpgrade: h2c"),
        std::string("X: ") + std::string(20'000, 'x'),
        std::string(20'000, 'X') + ": x",
        std::string("Authorization: Bearer a\r\nAuthorization: Bearer b"),
        std::string("Range: bytes=0-1\r\nRange: bytes=2-3"),
        std::string("Origin: http://evil.example"),
        std::string("Cookie: ") + std::string(9'000, 'c') + "\r\nX: " + std::string(9'000, 'c')}) {
    attacks.push_back({"field " + field.substr(0, 40), request(field + "\r\n", "5\r\nhello\r\n0\r\n\r\n")});
    attacks.push_back(
        {"field of GET " + field.substr(0, 40), request(field + "\r\n", "", "GET /api/v1/jobs HTTP/1.1")});
  }
  for (const char* length : {"-1", "+5", "0x5", "5.0", "5 5", "5,5", "abc", "", "99999999999999999999",
                             "9223372036854775807", "18446744073709551615", "4294967296"}) {
    attacks.push_back({concat("length ", length), request(concat("Content-Length: ", length, "\r\n"), "hello")});
  }
}

inline void add_chunks(Attacks& attacks) {
  for (const std::string& body : {std::string("-2\r\nxx\r\n0\r\n\r\n"),
                                  std::string("+2\r\nxx\r\n0\r\n\r\n"),
                                  std::string("0x2\r\nxx\r\n0\r\n\r\n"),
                                  std::string(" 2\r\nxx\r\n0\r\n\r\n"),
                                  std::string("2 \r\nxx\r\n0\r\n\r\n"),
                                  std::string("ffffffffffffffff\r\nxx"),
                                  std::string("fffffffffffffffff\r\nxx"),
                                  std::string("7fffffffffffffff\r\nxx"),
                                  std::string("80000000\r\nxx"),
                                  std::string("g\r\nxx\r\n0\r\n\r\n"),
                                  std::string("\r\nxx\r\n0\r\n\r\n"),
                                  std::string("2\nxx\n0\n\n"),
                                  std::string("2\r\nxxx\r\n0\r\n\r\n"),
                                  std::string("2\r\nx\r\n0\r\n\r\n"),
                                  std::string("2\r\nxx0\r\n\r\n"),
                                  std::string("2;a=\"b\r\nxx\r\n0\r\n\r\n"),
                                  std::string("2;") + std::string(20'000, 'e') + "\r\nxx\r\n0\r\n\r\n",
                                  std::string("2\r\nxx\r\n0\r\nX: y\r\nContent-Length: 5\r\n\r\n"),
                                  std::string("0\r\n") + std::string(20'000, 't') + ": x\r\n\r\n",
                                  std::string("2\r\nxx\r\n00000000000000000\r\n\r\n"),
                                  std::string("2\r\nxx\r\n"),
                                  std::string("2\r\nxx\r\n0\r\n"),
                                  std::string("2\0\r\nxx\r\n0\r\n\r\n", 13),
                                  std::string(3000, '0') + "2\r\nxx\r\n0\r\n\r\n"}) {
    attacks.push_back({"chunks " + body.substr(0, 30), request("Transfer-Encoding: chunked\r\n", body)});
  }
  // A second request hidden behind the end of the first must not be answered as a job's submission.
  for (const char* fields :
       {"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Content-Length: 6\r\nContent-Length: 5\r\n", "Transfer-Encoding: chunked\r\nTransfer-encoding: x\r\n"}) {
    attacks.push_back({concat("smuggled ", fields),
                       request(fields, "0\r\n\r\n" + post("/api/v1/jobs", R"({"request": {"prompt": "smuggled"}})"))});
  }
}

// A good request that ends at every byte.
inline void add_truncations(Attacks& attacks) {
  const std::string good = post("/api/v1/jobs", R"({"request": {"seed": 1}})");
  for (std::size_t end = 1; end < good.size(); ++end)
    attacks.push_back({concat("truncated at ", end), good.substr(0, end)});
  const std::string chunked =
      request("Transfer-Encoding: chunked\r\n", "18\r\n{\"request\": {\"seed\": 1}}\r\n0\r\n\r\n");
  for (std::size_t end = 90; end < chunked.size(); ++end)
    attacks.push_back({concat("chunks truncated at ", end), chunked.substr(0, end)});
}

inline void add_bodies(Attacks& attacks) {
  for (const std::string& body :
       {std::string("{"), std::string("\0", 1), std::string(100'000, '['), std::string(100'000, '{'),
        "{\"request\":" + std::string(50'000, '[') + std::string(50'000, ']') + "}", std::string("\xff\xfe"),
        std::string("{\"request\": {\"prompt\": \"\\u0000\"}}"), std::string(500'000, ' '),
        std::string("{\"request\": {\"seed\": 1e400}}"), "{\"request\": {\"seed\": " + std::string(100'000, '9') + "}}",
        std::string("{\"a\": 1, \"a\": 2}")}) {
    attacks.push_back({"body " + body.substr(0, 20), post("/api/v1/jobs", body)});
  }
  for (const char* type :
       {"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"",
        "multipart/form-data; boundary=x; boundary=y", "multipart/mixed; boundary=x", "text/html",
        "application/json; charset", "*/*", "application/x-www-form-urlencoded"}) {
    attacks.push_back({concat("type ", type), post("/api/v1/jobs", "--x\r\n\r\n--x--", type)});
  }
  attacks.push_back({"too large", request("Content-Length: 99999999\r\n", "{")});
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += concat("X", i, ": y\r\n");
  attacks.push_back({"100 000 fields", request(many)});
  std::string hundred;
  for (int i = 0; i < 101; ++i) hundred += concat("X", i, ": y\r\n");
  attacks.push_back({"101 fields", request(hundred)});
}

inline Attacks all_attacks() {
  Attacks attacks;
  add_lines(attacks);
  add_fields(attacks);
  add_chunks(attacks);
  add_truncations(attacks);
  add_bodies(attacks);
  return attacks;
}

}  // namespace phonofilm::test

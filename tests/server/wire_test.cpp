// Bytes that are no good requests, over real connections: each is answered or closed, and nobody else is harmed.
#include "server/wire.h"

namespace phonofilm::test {
namespace {

const std::string kHost = "Host: localhost\r\n";

struct Attack {
  std::string name, bytes;
};
using Attacks = std::vector<Attack>;

std::string request(const std::string& fields, const std::string& body = "",
                    const std::string& line = "POST /api/v1/jobs HTTP/1.1") {
  return line + "\r\n" + kHost + "Content-Type: application/json\r\n" + fields + "\r\n" + body;
}

void add_lines(Attacks& attacks) {
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

void add_fields(Attacks& attacks) {
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

void add_chunks(Attacks& attacks) {
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
void add_truncations(Attacks& attacks) {
  const std::string good = post("/api/v1/jobs", R"({"request": {"seed": 1}})");
  for (std::size_t end = 1; end < good.size(); ++end)
    attacks.push_back({concat("truncated at ", end), good.substr(0, end)});
  const std::string chunked =
      request("Transfer-Encoding: chunked\r\n", "18\r\n{\"request\": {\"seed\": 1}}\r\n0\r\n\r\n");
  for (std::size_t end = 90; end < chunked.size(); ++end)
    attacks.push_back({concat("chunks truncated at ", end), chunked.substr(0, end)});
}

void add_bodies(Attacks& attacks) {
  for (const std::string& body :
       {std::string("{"), std::string("\0", 1), std::string(100'000, '['), std::string(100'000, '{'),
        "{\"request\":" + std::string(50'000, '[') + std::string(50'000, ']') + "}", std::string("\xff\xfe"),
        std::string("{\"request\": {\"prompt\": \"\\u0000\"}}"), std::string(500'000, ' '),
        std::string("{\"request\": {\"seed\": 1e400}}"), "{\"request\": {\"seed\": " + std::string(100'000, '9') + "}}",
        std::string("{\"a\": 1, \"a\": 2}")}) {
    attacks.push_back({"body " + body.substr(0, 20), post("/api/v1/jobs", body)});
  }
  for (const std::string& type :
       {"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"",
        "multipart/form-data; boundary=x; boundary=y", "multipart/mixed; boundary=x", "text/html",
        "application/json; charset", "*/*", "application/x-www-form-urlencoded"}) {
    attacks.push_back({"type " + type, post("/api/v1/jobs", "--x\r\n\r\n--x--", type)});
  }
  attacks.push_back({"too large", request("Content-Length: 99999999\r\n", "{")});
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += concat("X", i, ": y\r\n");
  attacks.push_back({"100 000 fields", request(many)});
  std::string hundred;
  for (int i = 0; i < 101; ++i) hundred += concat("X", i, ": y\r\n");
  attacks.push_back({"101 fields", request(hundred)});
}

Attacks all_attacks() {
  Attacks attacks;
  add_lines(attacks);
  add_fields(attacks);
  add_chunks(attacks);
  add_truncations(attacks);
  add_bodies(attacks);
  return attacks;
}

}  // namespace

TEST_CASE("wire: malformed requests are answered or closed, memory stays, others are not harmed") {
  WireServer server;
  WireClient other(server->port());
  CHECK(status_of(other.ask(get("/livez"))) == 200);
  const Attacks attacks = all_attacks();
  int answered = 0, closed = 0;
  const auto play = [&](const Attack& attack) {
    WireClient client(server->port());
    REQUIRE(client.connected());
    client.send(attack.bytes);
    client.finish_sending();
    const std::string answer = client.receive_all();
    INFO(attack.name);
    CHECK(!client.timed_out());
    CHECK((answer.empty() || status_of(answer) >= 200));
    CHECK(status_of(answer) != 500);
    CHECK(status_of(answer) != 201);
    ++(answer.empty() ? closed : answered);
  };
  for (const Attack& attack : attacks) play(attack);
  CHECK(status_of(other.ask(get("/livez"))) == 200);
  CHECK(server.queue.list({.admin = true}).jobs.empty());
  const std::int64_t before = resident();
  for (const Attack& attack : attacks) play(attack);
  const std::int64_t growth = resident() - before;
  CHECK(growth < 16'000'000);
  CHECK(status_of(other.ask(get("/livez"))) == 200);
  std::printf(
      "wire: %d malformed requests, twice: %d answered, %d closed, memory grew by %lld kB in the second round\n",
      int(attacks.size()), answered, closed, static_cast<long long>(growth / 1000));
  CHECK(attacks.size() >= 300);
}

TEST_CASE("wire: slow senders are closed, while others are answered") {
  WireServer server([](server::ServerOptions& options) {
    options.http.header_timeout = options.http.body_timeout = options.http.idle_timeout = 0.3;
    options.http.min_body_rate = 100'000;
  });
  std::vector<std::unique_ptr<WireClient>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(std::make_unique<WireClient>(server->port()));
    const std::string good = post("/api/v1/jobs", std::string(5000, ' '));
    slow.back()->send(good.substr(0, std::size_t(i) * 12));  // nothing, parts of the head, parts of the body
  }
  WireClient other(server->port());
  CHECK(status_of(other.ask(get("/livez"))) == 200);
  for (const auto& client : slow) {
    client->receive_all();
    CHECK(!client->timed_out());
  }
  // A byte now and then does not keep a body alive.
  WireClient dripping(server->port());
  dripping.send(request("Content-Length: 100000\r\n"));
  bool open = true;
  const auto start = std::chrono::steady_clock::now();
  while (open && std::chrono::steady_clock::now() - start < std::chrono::seconds(5)) {
    open = dripping.send("x") && dripping.receive(50).empty() && dripping.timed_out();
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(4));
}

TEST_CASE("wire: requests sent without waiting are answered in their order") {
  WireServer server;
  WireClient client(server->port());
  std::string all;
  for (int i = 0; i < 50; ++i) all += i % 2 ? get("/livez") : get("/nothing");
  client.send(all + get("/livez", "Connection: close\r\n"));
  const std::string answers = client.receive_all();
  std::vector<int> statuses;
  for (std::size_t at = answers.find("HTTP/1.1 "); at != answers.npos; at = answers.find("HTTP/1.1 ", at + 1)) {
    statuses.push_back(status_of(answers.substr(at)));
  }
  REQUIRE(statuses.size() == 51);
  for (int i = 0; i < 50; ++i) CHECK(statuses[std::size_t(i)] == (i % 2 ? 200 : 404));
}

TEST_CASE("wire: bodies in chunks, large ones and those that wait to be asked") {
  WireServer server;
  WireClient client(server->port());
  const std::string chunked = request("Transfer-Encoding: chunked\r\n",
                                      "5\r\n{\"req\r\n1b\r\nuest\": {\"prompt\": \"a bell\"}\r\n1\r\n}\r\n0\r\n\r\n");
  CHECK(status_of(client.ask(chunked)) == 201);
  const std::string film(3'000'000, 'f');
  const std::string upload = client.ask(post("/api/v1/uploads", film, "image/png"));
  CHECK(status_of(upload) == 201);
  const std::string id = upload.substr(upload.find("\"id\":\"") + 6, 32);
  const std::string back = client.ask(get("/api/v1/uploads/" + id));
  CHECK(back.substr(back.find("\r\n\r\n") + 4) == film);
  CHECK(client.ask(get("/api/v1/uploads/" + id, "Range: bytes=5-9\r\n")).ends_with("\r\n\r\nfffff"));
  CHECK(client.send(request("Content-Length: 34\r\nExpect: 100-continue\r\n")));
  CHECK(client.receive().starts_with("HTTP/1.1 100 Continue"));
  CHECK(status_of(client.ask(R"({"request": {"prompt": "a bell!"}})")) == 201);
  client.send("HEAD /livez HTTP/1.1\r\n" + kHost + "\r\n");
  const std::string head = client.receive();
  CHECK(status_of(head) == 200);
  CHECK(head.ends_with("\r\n\r\n"));
}

TEST_CASE("wire: one connection too many is turned away, and there is room again when one goes") {
  WireServer server([](server::ServerOptions& options) { options.http.max_connections_per_address = 3; });
  std::vector<std::unique_ptr<WireClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<WireClient>(server->port()));
    CHECK(status_of(clients.back()->ask(get("/livez"))) == 200);
  }
  WireClient fourth(server->port());
  CHECK(status_of(fourth.receive_all()) == 503);
  clients.pop_back();
  bool room = false;
  for (int i = 0; i < 100 && !room; ++i) {
    usleep(20'000);
    WireClient again(server->port());
    room = status_of(again.ask(get("/livez"))) == 200;
  }
  CHECK(room);
}

TEST_CASE("wire: a stop lets requests finish, says goodbye to listeners and closes the rest") {
  WireServer server;
  WireClient idle(server->port()), listener(server->port()), sending(server->port());
  CHECK(status_of(idle.ask(get("/livez"))) == 200);
  listener.send(get("/api/v1/events"));
  CHECK(listener.receive().starts_with("HTTP/1.1 200"));
  const std::string body = R"({"request": {"prompt": "a bell"}})", whole = post("/api/v1/jobs", body);
  sending.send(whole.substr(0, whole.size() - 5));
  usleep(100'000);
  std::thread stopper([&] { CHECK(server->stop(5)); });
  usleep(100'000);
  sending.send(whole.substr(whole.size() - 5));
  CHECK(status_of(sending.receive_all()) == 201);
  CHECK(listener.receive_all().find("event: stopping") != std::string::npos);
  CHECK(idle.receive_all().empty());
  CHECK(!idle.timed_out());
  stopper.join();
  CHECK(server.queue.list({.admin = true}).jobs.size() == 1);
  CHECK(!WireClient(server->port()).connected());
}

TEST_CASE("wire: addresses beyond this machine need keys") {
  QuickFolder folder;
  server::ServerOptions options;
  for (const char* address : {"0.0.0.0", "::", "192.0.2.1"}) {
    options.http.address = address;
    CHECK_THROWS_WITH_AS(WireServer([&](server::ServerOptions& o) { o.http.address = address; }),
                         doctest::Contains("can be reached from other machines"), InvalidRequest);
  }
  CHECK_THROWS_WITH_AS(WireServer([&](server::ServerOptions& o) { o.keys = folder.file("none.json"); }),
                       doctest::Contains("holds no key"), InvalidRequest);
  CHECK_THROWS_WITH_AS(WireServer([&](server::ServerOptions& o) { o.http.address = "localhost", o.keys = "x"; }),
                       doctest::Contains("holds no key"), InvalidRequest);
}

TEST_CASE("wire: keys change under a running server") {
  QuickFolder folder;
  const std::string path = folder.file("keys.json");
  const server::NewKey first = server::make_key("alice", server::Scope::submit, 0, 0);
  server::save_keys(path, {first.key});
  WireServer server([&](server::ServerOptions& options) { options.keys = path; });
  WireClient client(server->port());
  const auto ask = [&](const std::string& token) {
    return status_of(client.ask(get("/api/v1/jobs", "Authorization: Bearer " + token + "\r\n")));
  };
  CHECK(ask(first.token) == 200);
  const server::NewKey second = server::make_key("alice", server::Scope::submit, 0, 0);
  server::save_keys(path, {second.key});
  bool changed = false;
  for (int i = 0; i < 60 && !changed; ++i) {
    usleep(100'000);
    changed = ask(second.token) == 200;
  }
  CHECK(changed);
  CHECK(ask(first.token) == 401);
}

}  // namespace phonofilm::test

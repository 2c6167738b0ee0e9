// Bytes that are no good requests, over real connections: each is answered or closed, and nobody else is harmed.
#include "server/attacks.h"

namespace phonofilm::test {
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
  WireClient large(server->port());
  large.send(request("Content-Length: 99999999\r\nExpect: 100-continue\r\n"));
  CHECK(status_of(large.receive()) == 413);  // not asked to go on first
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

TEST_CASE("wire: a server answers under the address that it listens on") {
  WireServer server([](server::ServerOptions& options) { options.http.address = "127.0.0.2"; });
  const auto ask = [&](const char* host) {
    server::Request request{.head = {"GET", "/livez", {{"host", host}}, "127.0.0.1"}};
    return server->service().respond(request).status;
  };
  CHECK(ask("127.0.0.2:7788") == 200);
  CHECK(ask("localhost") == 200);
  CHECK(ask("127.0.0.3:7788") == 403);
  // Names that were given are added to those, wherever the server listens.
  QuickFolder folder;
  server::save_keys(folder.file("keys.json"), {server::make_key("alice", server::Scope::read, 0, 0).key});
  WireServer open([&](server::ServerOptions& options) {
    options.http.address = "0.0.0.0";
    options.keys = folder.file("keys.json");
    options.api.allowed_hosts = {"studio.example"};
  });
  CHECK(open->api().options.allowed_hosts == std::vector<std::string>{"studio.example", "0.0.0.0"});
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

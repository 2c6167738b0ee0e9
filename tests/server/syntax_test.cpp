// The grammars of HTTP: what has two readings is refused.
#include "phonofilm/server/syntax.h"
#include "phonofilm/server/digest.h"
#include "phonofilm/server/multipart.h"
#include "phonofilm/server/problem.h"
#include "phonofilm/server/rate_limit.h"
#include "server/server_helpers.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::server;

// The code of the problem that `action` ends in, or "".
template <class Action>
std::string problem_of(const Action& action) {
  try {
    action();
  } catch (const Problem& problem) {
    return problem.code();
  }
  return "";
}

RequestHead head_with(const std::vector<std::pair<std::string, std::string>>& fields) {
  RequestHead head{"GET", "/", {}, ""};
  for (const auto& [name, value] : fields) head.headers.push_back({name, value});
  return head;
}

}  // namespace

TEST_CASE("syntax: targets are taken apart and decoded") {
  const Target target = parse_target("/api/v1/jobs/a%20b?limit=5&name=%C3%A9&empty=&flag");
  CHECK(target.segments == std::vector<std::string>{"api", "v1", "jobs", "a b"});
  const std::map<std::string, std::string> query{{"limit", "5"}, {"name", "é"}, {"empty", ""}, {"flag", ""}};
  CHECK(target.query == query);
  CHECK(parse_target("/").segments.empty());
  CHECK(parse_target("/?a=b=c").query.at("a") == "b=c");
}

TEST_CASE("syntax: paths that lead elsewhere are refused in every spelling") {
  for (const char* target : {"",
                             "*",
                             "jobs",
                             "http://evil/x",
                             "//x",
                             "/a//b",
                             "/a/",
                             "/.",
                             "/..",
                             "/a/../b",
                             "/a/./b",
                             "/%2e%2e/x",
                             "/%2E/x",
                             "/..%2fx",
                             "/a%2fb",
                             "/a%2Fb",
                             "/a%5cb",
                             "/a\\b",
                             "/..\\x",
                             "/%",
                             "/%4",
                             "/%zz",
                             "/%-1",
                             "/%+1",
                             "/%00",
                             "/a%00b",
                             "/a%0ab",
                             "/a%0d%0ab",
                             "/a%7f",
                             "/%ff",
                             "/%c0%ae%c0%ae/x",
                             "/%c0%af",
                             "/%ed%a0%80",
                             "/a#b",
                             "/a?x=%",
                             "/a?x=%0a",
                             "/a?x=1&x=2",
                             "/a?%ff=1",
                             "/%e2%80",
                             "/%f8%88%80%80%80"}) {
    INFO(target);
    CHECK(problem_of([&] { parse_target(target); }) == "invalid_path");
  }
}

TEST_CASE("syntax: numbers are digits, and fit") {
  CHECK(parse_digits("0", 10) == 0);
  CHECK(parse_digits("9223372036854775807", INT64_MAX) == INT64_MAX);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "1e3", "11", "9223372036854775808",
                           "18446744073709551617", "\xc2\xb9"}) {
    INFO(text);
    CHECK(!parse_digits(text, 10));
  }
}

TEST_CASE("syntax: heads with two readings are refused") {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  const std::vector<std::pair<Fields, int>> kHeads{
      {{{"host", "a"}}, 0},
      {{}, 400},
      {{{"host", "a"}, {"host", "b"}}, 400},
      {{{"host", "a"}, {"content-length", "5"}}, 0},
      {{{"host", "a"}, {"content-length", "+5"}}, 400},
      {{{"host", "a"}, {"content-length", "-5"}}, 400},
      {{{"host", "a"}, {"content-length", "5, 5"}}, 400},
      {{{"host", "a"}, {"content-length", "0x5"}}, 400},
      {{{"host", "a"}, {"content-length", ""}}, 400},
      {{{"host", "a"}, {"content-length", "99999999999999999999"}}, 400},
      {{{"host", "a"}, {"content-length", "5"}, {"content-length", "5"}}, 400},
      {{{"host", "a"}, {"transfer-encoding", "chunked"}}, 0},
      {{{"host", "a"}, {"transfer-encoding", "Chunked"}}, 0},
      {{{"host", "a"}, {"transfer-encoding", "gzip, chunked"}}, 400},
      {{{"host", "a"}, {"transfer-encoding", "chunked, identity"}}, 400},
      {{{"host", "a"}, {"transfer-encoding", "xchunked"}}, 400},
      {{{"host", "a"}, {"transfer-encoding", "chunked"}, {"transfer-encoding", "chunked"}}, 400},
      {{{"host", "a"}, {"transfer-encoding", "chunked"}, {"content-length", "5"}}, 400},
      {{{"host", "a"}, {"expect", "100-continue"}}, 0},
      {{{"host", "a"}, {"expect", "200-ok"}}, 400},
      {{{"host", "a"}, {"x y", "1"}}, 400},
      {{{"host", "a"}, {"x", "1\n2"}}, 400},
      {{{"host", "a"}, {"x", std::string("1\0", 2)}}, 400},
      {{{"host", "a"}, {"authorization", "a"}, {"authorization", "b"}}, 400},
  };
  for (const auto& [fields, status] : kHeads) {
    INFO((fields.empty() ? std::string() : fields.back().first + ": " + fields.back().second));
    CHECK(check_head(head_with(fields), /*is_http_1_1=*/true) == status);
  }
  CHECK(check_head(head_with({}), /*is_http_1_1=*/false) == 0);
  CHECK(check_head(head_with({{"transfer-encoding", "chunked"}}), /*is_http_1_1=*/false) == 400);
}

TEST_CASE("syntax: ranges") {
  const auto part = [](const char* field) {
    const RangeAnswer answer = parse_range(field, 10);
    return answer.kind == RangeKind::part
               ? std::pair(answer.range.offset, answer.range.length)
               : std::pair(std::int64_t(-1), std::int64_t(answer.kind == RangeKind::whole ? 0 : 1));
  };
  using P = std::pair<std::int64_t, std::int64_t>;
  CHECK(part("bytes=0-3") == P{0, 4});
  CHECK(part("bytes=9-9") == P{9, 1});
  CHECK(part("bytes=5-") == P{5, 5});
  CHECK(part("bytes=5-99") == P{5, 5});
  CHECK(part("bytes=-3") == P{7, 3});
  CHECK(part("bytes=-99") == P{0, 10});
  CHECK(part("bytes=0-9223372036854775807") == P{0, 10});
  for (const char* unsatisfiable : {"bytes=10-", "bytes=10-12", "bytes=-0"}) CHECK(part(unsatisfiable) == P{-1, 1});
  for (const char* ignored :
       {"", "bytes", "bytes=", "bytes=-", "bytes=3-1", "bytes=a-b", "bytes=1-2,4-5", "lines=1-2", "bytes=--1",
        "bytes=+1-2", "bytes=1-+2", "bytes=0x1-2", "bytes=1 - 2", "bytes=99999999999999999999-"}) {
    INFO(ignored);
    CHECK(part(ignored) == P{-1, 0});
  }
  CHECK(parse_range("bytes=0-0", 0).kind == RangeKind::unsatisfiable);
}

TEST_CASE("syntax: content types") {
  CHECK(parse_media_type("Application/JSON; Charset=utf-8")->type == "application/json");
  CHECK(parse_media_type("multipart/form-data; boundary=\"a b\\\"c\"")->parameters.at("boundary") == "a b\"c");
  for (const char* damaged : {"", "a", "a/", "/b", "a/b c", "a/b;", "a/b; x", "a/b; x=", "a/b; x=\"", "a/b; x=\"a",
                              "a/b; x=1; x=2", "a/b; =1", "a/b, c/d", "a/b; x=\"1\"2"}) {
    INFO(damaged);
    CHECK(!parse_media_type(damaged));
  }
}

TEST_CASE("syntax: entity tags, names and base64") {
  CHECK(matches_tag("\"a\", W/\"b\"", "\"b\""));
  CHECK(matches_tag("*", "\"b\""));
  CHECK(!matches_tag("\"a\"", "\"b\""));
  CHECK(!matches_tag("", "\"b\""));
  CHECK(safe_name("../..\\a b\"\r\n.png") == "_._.._a_b___.png");
  CHECK(safe_name("") == "file");
  CHECK(decode_base64("YWJj") == "abc");
  CHECK(decode_base64("YWI=") == "ab");
  CHECK(decode_base64("YQ==") == "a");
  for (const char* damaged : {"Y", "YQ", "YQ=", "Y===", "YQ==YQ==", "Y Q=", "YQ-_", "====", "=YWJ"}) {
    INFO(damaged);
    CHECK(!decode_base64(damaged));
  }
}

TEST_CASE("multipart: parts, files and names") {
  const std::vector<Part> parts = parse_multipart(
      "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nfirst\r\n"
      "--b\r\ncontent-disposition: FORM-DATA; name=f; filename=\"x \\\"y\\\".png\"\r\nContent-Type: "
      "Image/PNG\r\n\r\n\r\n--c\r\n--b-- tail",
      "b");
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].name == "a");
  CHECK(parts[0].content == "first");
  CHECK(!parts[0].is_file);
  CHECK(parts[1].is_file);
  CHECK(parts[1].file_name == "x \"y\".png");
  CHECK(parts[1].type == "image/png");
  CHECK(parts[1].content == "\r\n--c");
}

TEST_CASE("multipart: damaged bodies are refused") {
  const std::string good = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--\r\n";
  for (size_t end = 0; end < good.find("--b--") + 5; ++end) {
    INFO(end);
    if (end != good.size())
      CHECK(problem_of([&] { parse_multipart(good.substr(0, end), "b"); }) == "invalid_multipart");
  }
  const std::string head = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n";
  std::string many;
  for (int i = 0; i < 70; ++i) many += head + "\r\nx\r\n";
  for (const std::string& body :
       {std::string("preamble ") + good, std::string("--b\r\n\r\nx\r\n--b--"),
        std::string("--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"),
        std::string("--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--b--"),
        std::string("--b\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nx\r\n--b--"),
        std::string("--b\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\nx\r\n--b--"),
        std::string("--b\r\nContent-Disposition: form-data; name=\"a\"; name=\"b\"\r\n\r\nx\r\n--b--"),
        head + "Content-Disposition: form-data; name=\"b\"\r\n\r\nx\r\n--b--",
        head + "Content-Transfer-Encoding: base64\r\n\r\nx\r\n--b--", head + "Content-Type: nonsense\r\n\r\nx\r\n--b--",
        head + "no colon\r\n\r\nx\r\n--b--", head + ": x\r\n\r\nx\r\n--b--",
        head + "X: " + std::string(5000, 'x') + "\r\n\r\nx\r\n--b--", head + "\r\nx\r\n--bx", many + "--b--"}) {
    INFO(body.substr(0, 120));
    CHECK(problem_of([&] { parse_multipart(body, "b"); }) == "invalid_multipart");
  }
  for (const std::string& boundary :
       {std::string(), std::string(71, 'b'), std::string("a "), std::string("a\"b"), std::string("a\r\n")}) {
    CHECK(problem_of([&] { parse_multipart(good, boundary); }) == "invalid_multipart");
  }
}

TEST_CASE("rate limit: bursts, then so many a second, for each key alone") {
  double now = 0;
  RateLimit limit(2, 3, [&] { return now; });
  for (int i = 0; i < 3; ++i) CHECK(limit.seconds_to_wait("a") == 0);
  CHECK(limit.seconds_to_wait("a") == 1);
  CHECK(limit.seconds_to_wait("b") == 0);
  now = 0.5;
  CHECK(limit.seconds_to_wait("a") == 0);
  CHECK(limit.seconds_to_wait("a") == 1);
  now = 1000;
  for (int i = 0; i < 3; ++i) CHECK(limit.seconds_to_wait("a") == 0);
  CHECK(limit.seconds_to_wait("a") > 0);
  for (int i = 0; i < 30'000; ++i) now += 1, limit.seconds_to_wait(std::to_string(i));
  CHECK(limit.size() <= 10'001);
}

TEST_CASE("keys: a token is known by its hash, until it expires or is revoked") {
  const QuickFolder folder;
  const std::string path = folder.file("keys.json");
  jobs::Time now = 1000;
  const NewKey key = make_key("alice", Scope::submit, now, 5000);
  save_keys(path, {key.key});
  CHECK(bytes_of(path).find(key.token.substr(key.token.size() - 64)) == std::string::npos);
  CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms(077)) == std::filesystem::perms::none);
  KeyRing ring(path, [&] { return now; });
  CHECK(ring.find(key.token)->owner == "alice");
  for (const std::string& wrong : {std::string(), key.token.substr(1), key.token + "0", key.key.id,
                                   std::string(84, 'x'), make_key("alice", Scope::admin, 0, 0).token}) {
    CHECK(!ring.find(wrong));
  }
  std::string changed = key.token;
  changed.back() = changed.back() == '0' ? '1' : '0';
  CHECK(!ring.find(changed));
  now = 5000;
  CHECK(!ring.find(key.token));
  now = 1000;
  const NewKey second = make_key("alice", Scope::submit, now, 0);
  save_keys(path, {second.key});
  ring.refresh();
  CHECK(!ring.find(key.token));
  CHECK(ring.find(second.token));
  write_bytes(path, "{damaged");
  CHECK_THROWS_AS(ring.refresh(), InvalidRequest);
  CHECK(ring.find(second.token));  // what it had still counts
}

TEST_CASE("keys: damaged files and owners are refused") {
  const QuickFolder folder;
  for (const char* text : {"[]", "{}", R"({"keys": 1})", R"({"keys": [{}]})", R"({"keys": [], "more": 1})",
                           R"({"keys": [{"id": "1"}]})"}) {
    write_bytes(folder.file("keys.json"), text);
    INFO(text);
    CHECK_THROWS_AS(load_keys(folder.file("keys.json")), InvalidRequest);
  }
  for (const std::string& owner :
       {std::string(), std::string("a b"), std::string("a/b"), std::string(101, 'a'), std::string("\n")}) {
    CHECK_THROWS_AS(make_key(owner, Scope::read, 0, 0), InvalidRequest);
  }
  CHECK_THROWS_AS(scope_of("root"), InvalidRequest);
}

}  // namespace phonofilm::test
